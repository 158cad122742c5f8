"""Whom a breach through a member's account, or a key of the API, touched, counted from the audit log: what Art. 33(3)(a) GDPR asks to be told, drawn from facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from troth.privacy.models import Breach
from troth.workspaces.audit import NOBODY, first_id
from troth.workspaces.models import AuditEntry, ShownPeople
from troth.workspaces.shown import count_distinct, key_of_tags, split_tags, tag_of

LOG, SHOWN = AuditEntry._meta.db_table, ShownPeople._meta.db_table
AT_ONCE = 500

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
"""Acts that show many persons at once, and name none in the log; whom they showed is noted beside them, but for Live while it is watched."""
TOOK_AWAY = ("person.exported", "person.handed_over", "audit.exported", "workspace.takeaway_downloaded", "workspace.handed_over")


@dataclass(frozen=True)
class Affected:
    """What was looked at in a time: distinct persons opened by themselves or shown in a list, acts, lists of which it is not noted whom they showed, and how many were taken away."""

    people: int
    records: int
    lists: int
    exports: int


def count_affected(workspace_id: int, since: int, until: int, user_id: int | None = None) -> Affected:
    """Acts of one member (0: of keys and the command line), or of all, from `since` to before `until` (milliseconds). Reads all buckets, from the index on age.

    Persons erased since stand in the log as nobody: opened by themselves they are counted among the records and not among the persons, shown in a
    list among both.
    """
    clauses, values = select_acts(workspace_id, since, until, user_id)
    lists, exports = ", ".join(["%s"] * len(OPENED_ALL)), ", ".join(["%s"] * len(TOOK_AWAY))
    told = f"EXISTS (SELECT 1 FROM {SHOWN} s WHERE s.entry_id = e.entry_id)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COUNT(DISTINCT CASE WHEN e.person_id <> {NOBODY} THEN e.person_id END), COUNT(*),"
            f" COUNT(CASE WHEN e.action IN ({lists}) AND e.person_id = {NOBODY} AND NOT {told} THEN 1 END),"
            f" COUNT(CASE WHEN e.action IN ({exports}) THEN 1 END) FROM {LOG} e WHERE {clauses}",
            [*OPENED_ALL, *TOOK_AWAY, *values],
        )
        opened, records, untold, taken = cursor.fetchone()
        cursor.execute(f"SELECT COALESCE(SUM(s.number), 0) FROM {LOG} e JOIN {SHOWN} s ON s.entry_id = e.entry_id WHERE {clauses}", values)
        shown = int(cursor.fetchone()[0])
    people = count_distinct(_Tags(workspace_id, clauses, values), opened + shown) if shown else opened
    return Affected(people, records, untold, taken)


def select_acts(workspace_id: int, since: int, until: int, user_id: int | None) -> tuple[str, list[int]]:
    """The condition on entries `e` of the audit log, and its values, for acts of a time as `count_affected` counts them."""
    clauses, values = "e.workspace_id = %s AND e.entry_id >= %s AND e.at >= %s AND e.at < %s", [workspace_id, first_id(since), since, until]
    return (clauses, values) if user_id is None else (f"{clauses} AND e.user_id = %s", [*values, user_id])


def span_of(breach: Breach, now: int) -> tuple[int, int]:
    """From when to before when (ms) a breach went on, as far as it is known: it began when the controller became aware, and lasts, until something else is."""
    return (breach.aware_at if breach.began_at is None else breach.began_at), (now if breach.ended_at is None else breach.ended_at) + 1


class _Tags:
    """The tags of everybody who was opened or shown, act by act; read anew whenever they are gone through."""

    def __init__(self, workspace_id: int, clauses: str, values: Sequence[int]) -> None:
        self._key, self._clauses, self._values = key_of_tags(workspace_id), clauses, values

    def __iter__(self) -> Iterator[Iterator[bytes]]:
        """Reads all buckets, from the index on age."""
        opened = f"SELECT DISTINCT e.person_id FROM {LOG} e WHERE {self._clauses} AND e.person_id <> {NOBODY}"
        yield (tag_of(self._key, person_id) for (person_id,) in self._read(opened))
        shown = f"SELECT s.tags FROM {LOG} e JOIN {SHOWN} s ON s.entry_id = e.entry_id WHERE {self._clauses}"
        yield from (split_tags(bytes(tags)) for (tags,) in self._read(shown))

    def _read(self, sql: str) -> Iterator[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, self._values)
            while rows := cursor.fetchmany(AT_ONCE):
                yield from rows
