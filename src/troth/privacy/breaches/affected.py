"""Whom a breach through a member's account, or a key of the API, touched, counted from the audit log: what Art. 33(3)(a) GDPR asks to be told, drawn from facts."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from troth.workspaces.audit import NOBODY, first_id
from troth.workspaces.models import AuditEntry

OPENED_ALL = (
    "people.list",
    "people.search",
    "consent.list",
    "message.list",
    "segment.members",
    "requests.list",
    "live.watched",
    "live.read",
)
"""Acts that show many persons at once, and name none in the log."""
TOOK_AWAY = ("person.exported", "person.handed_over", "audit.exported", "workspace.takeaway_downloaded", "workspace.handed_over")


@dataclass(frozen=True)
class Affected:
    """What was looked at in a time: distinct persons opened by themselves, how often lists of persons were, and how many were taken away."""

    people: int
    records: int
    lists: int
    exports: int


def count_affected(workspace_id: int, since: int, until: int, user_id: int | None = None) -> Affected:
    """Acts of one member (0: of keys and the command line), or of all, from `since` to before `until` (milliseconds). Reads all buckets, from the index on age.

    Persons erased since stand in the log as nobody: they are counted among the records, and not among the persons.
    """
    clauses, values = "workspace_id = %s AND entry_id >= %s AND at >= %s AND at < %s", [workspace_id, first_id(since), since, until]
    if user_id is not None:
        clauses, values = f"{clauses} AND user_id = %s", [*values, user_id]
    lists, exports = ", ".join(["%s"] * len(OPENED_ALL)), ", ".join(["%s"] * len(TOOK_AWAY))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COUNT(DISTINCT CASE WHEN person_id <> {NOBODY} THEN person_id END), COUNT(*),"
            f" COUNT(CASE WHEN action IN ({lists}) THEN 1 END), COUNT(CASE WHEN action IN ({exports}) THEN 1 END)"
            f" FROM {AuditEntry._meta.db_table} WHERE {clauses}",
            [*OPENED_ALL, *TOOK_AWAY, *values],
        )
        return Affected(*cursor.fetchone())
