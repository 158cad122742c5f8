"""Who looked at a person's data is told to that person (role and act, not the member's name); the entry survives an erasure without them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection

from troth.kernel.clock import iso
from troth.kernel.personal_data import Store, Subject, Table, declare, declare_not_personal, keys_of
from troth.kernel.tenancy import declare_of_installation
from troth.workspaces.audit import NOBODY
from troth.workspaces.models import AuditEntry, FormerTag
from troth.workspaces.shown import find_lists, keep_former_tag

_entries = Table(
    model=AuditEntry, times=("at",), json=("detail",), hidden=("entry_id", "user_id", "address", "reason"), order_by="entry_id"
)
_former = Table(model=FormerTag, hidden=("tag",))
_REST = "entry_id, workspace_id, at, user_id, role, action, detail, reason, address"


def _export(subject: Subject) -> Iterator[dict[str, Any]]:
    """Acts about the person, and after them the lists that showed them among others."""
    yield from _entries.export(subject)
    for entry in find_lists(subject.workspace_id, subject.person_id):
        yield {"at": iso(entry.at), "role": entry.role, "action": entry.action, "detail": entry.detail}


def _forget_whom(subjects: Sequence[Subject]) -> Counter[int]:
    """The entries are carried over to nobody, without the free text, which may name the person."""
    with connection.cursor() as cursor:
        for listed, values in keys_of(subjects):
            cursor.execute(
                f"INSERT INTO workspaces_auditentry (bucket, person_id, {_REST}) SELECT 0, %s, {_REST.replace('reason', chr(39) * 2)}"
                f" FROM workspaces_auditentry WHERE (bucket, person_id) IN {listed} ON CONFLICT DO NOTHING",
                [NOBODY, *values],
            )
    return _entries.erase(subjects) + _former.erase(subjects)


def _move(source: Subject, target: Subject) -> int:
    keep_former_tag(source, target)
    return _entries.move(source, target) + _former.move(source, target)


declare(
    Store(
        name="workspaces.audit",
        title="Audit log: which role of the company read or changed the person's data",
        category="access log",
        purpose="prove lawful handling (Art. 5(2), 32)",
        origin="acts of members in the console, and of keys over the API",
        retention="400 days unless the workspace sets another term",
        export=_export,
        erase=_forget_whom,
        move=_move,
        models=("workspaces.AuditEntry", "workspaces.FormerTag"),
        columns=("action", "detail", "reason"),
    )
)

declare_not_personal(
    "workspaces.ShownPeople",
    "keyed tags, used to find whom a breach touched and to tell persons which lists showed them: without the installation's key and the person's number, which is erased with them, they lead to nobody",
)
declare_of_installation(
    "workspaces.User", "a user may belong to several workspaces: who is left without one goes with the last (privacy.leaving)"
)
declare_of_installation("workspaces.Account", "goes with its last workspace (privacy.leaving)")
declare_of_installation("workspaces.AgreementVersion", "the operator's own texts")
