"""The restore guard: a database that missed entries of the erasure ledger forgets them again before anything serves.

A database remembers the number of the last entry it applied, in the erasing transaction itself. So an older backup, and a crash between the
ledger's line and the commit, look the same: the database is behind, and what is missing is applied.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from itertools import groupby

import structlog
from django.db import connection, transaction
from django.db.models import Q

from troth.consent.suppression import store_suppressions, suppression_tag
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.kernel.personal_data import Subject
from troth.kernel.sql import is_sqlite
from troth.privacy.clearing_out import clear_at_once
from troth.privacy.erasure.deletion import person_tag
from troth.privacy.erasure.honouring import Due, honour
from troth.privacy.erasure.outcomes import record_hold_ended
from troth.privacy.erasure.strangers import record_strangers
from troth.privacy.legal_clock import due_at
from troth.privacy.models import LedgerPosition, PrivacyRequest, RequestType
from troth.privacy.models.kept import KeptItem
from troth.privacy.storage.ledger_file import Entry, LedgerBroken, entries, last_number
from troth.privacy.storage.places import ledger_path

log = structlog.get_logger()
TOGETHER = 200
"""So many erasures are applied again at once."""

__all__ = [
    "Entry",
    "LedgerBroken",
    "LedgerLost",
    "drop_kept",
    "is_behind",
    "lock_position",
    "move_position",
    "position",
    "replay_if_behind",
]


class LedgerLost(TrothError):
    """The ledger is shorter than what this database has applied already."""


def position() -> int:
    """The number of the last entry this database has applied."""
    return LedgerPosition.objects.filter(pk=1).values_list("applied", flat=True).first() or 0


def is_behind() -> bool:
    """Whether the ledger and this database disagree: then nothing may be served. Cheap enough to ask often."""
    return last_number() != position()


def lock_position() -> int:
    """Let nobody else erase until the transaction ends, and return the position. One erasure at a time keeps the numbers without gaps."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO privacy_ledgerposition (id, applied) VALUES (1, 0) ON CONFLICT (id) DO NOTHING")
        cursor.execute(f"SELECT applied FROM privacy_ledgerposition WHERE id = 1{'' if is_sqlite() else ' FOR UPDATE'}")
        return int(cursor.fetchone()[0])


def move_position(number: int) -> None:
    """Remember in the erasing transaction that an entry is applied."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE privacy_ledgerposition SET applied = %s WHERE id = 1", [number])


def replay_if_behind(now: int | None = None) -> int:
    """Apply the entries this database has missed; returns how many. Raises LedgerLost or LedgerBroken: then nothing may serve."""
    if not is_behind():
        return 0
    with transaction.atomic():
        number = catch_up(lock_position(), now_ms() if now is None else now)
    log.warning("erasures_replayed", entries=number)
    return number


def catch_up(applied: int, now: int) -> int:
    """Apply all entries beyond `applied` inside the caller's transaction, which holds the position; returns how many."""
    missing = list(entries(applied))
    if not missing:
        if (last := last_number()) < applied:
            raise LedgerLost(
                f"The erasure ledger {ledger_path()} ends at {last}, but this database has applied {applied}:"
                " restore the newest copy of the ledger, or a backup cannot be made to forget."
            )
        return 0
    holders = _find_persons(missing)
    tags = [(entry.workspace, bytes.fromhex(tag), entry.at, entry.request) for entry in missing for tag in entry.tags]
    store_suppressions(tags, reason="erased")
    ended: dict[str, set[tuple[str, str, str]]] = {}
    for entry in missing:
        ended.setdefault(entry.request, set()).update(entry.ended)
    strangers = [entry for entry in missing if not (entry.ended or entry.whole or holders.get(entry.number))]
    record_strangers(strangers, now)
    passed = {entry.number for entry in strangers}
    here = [entry for entry in missing if entry.number not in passed]
    for is_apart, run in groupby(here, key=lambda entry: bool(entry.ended or entry.whole)):
        if is_apart:
            for entry in run:
                _apply_apart(entry, now)
        else:
            erasures = list(run)
            for start in range(0, len(erasures), TOGETHER):
                _honour_again(erasures[start : start + TOGETHER], holders, now, ended)
    move_position(missing[-1].number)
    return len(missing)


def _apply_apart(entry: Entry, now: int) -> None:
    """An entry that erases no person: a workspace went, or what holds kept."""
    if entry.whole:
        clear_at_once(entry.workspace)
    else:
        drop_kept(uuid.UUID(entry.request), entry.ended, ledger_number=entry.number, now=now)


def _honour_again(
    some: Sequence[Entry], holders: Mapping[int, Sequence[Subject]], now: int, ended: Mapping[str, Collection[tuple[str, str, str]]]
) -> None:
    """Erase once more whom entries erased. What recipients answered the first time lies in no backup: they are told again, which does them no harm."""
    known = PrivacyRequest.objects.in_bulk([uuid.UUID(entry.request) for entry in some])
    due = []
    for entry in some:
        held = [one for one in entry.held if one.until > now and (one.kind, one.event, one.name) not in ended[entry.request]]
        request = known.get(uuid.UUID(entry.request)) or PrivacyRequest(
            id=uuid.UUID(entry.request),
            workspace_id=entry.workspace,
            type=RequestType.ERASURE,
            source="ledger",
            received_at=entry.at,
            due_at=due_at(entry.at),
        )
        due.append(Due(request, holders[entry.number], held, entry.number))
    honour(due, now=now)


def drop_kept(request_id: uuid.UUID, items: Sequence[tuple[str, str, str]], *, ledger_number: int, now: int) -> None:
    """Delete items that legal holds kept of a request's persons, and renew its certificate, in the caller's transaction."""
    which = Q()
    for kind, event, name in items:
        which |= Q(kind=kind, event=event, name=name)
    deleted, _ = KeptItem.objects.filter(which, request_id=request_id).delete()
    request = PrivacyRequest.objects.filter(pk=request_id).first()
    if deleted and request is not None:
        record_hold_ended(request, items, ledger_number=ledger_number, now=now)


def _find_persons(missing: Sequence[Entry]) -> dict[int, list[Subject]]:
    """The persons of each entry who are in this database, found by their own tag or by that of an identifier.

    Every person and identifier of the workspaces concerned is read once: a tag cannot be turned round, and a restore is rare.
    """
    by_tag = {(entry.workspace, tag): entry.number for entry in missing for tag in (*entry.persons, *entry.tags)}
    found: dict[Subject, int] = {}
    for workspace_id in sorted({entry.workspace for entry in missing}):
        with connection.chunked_cursor() as cursor:
            cursor.execute("SELECT person_id FROM people_person WHERE workspace_id = %s", [workspace_id])
            while rows := cursor.fetchmany(2_000):
                for (person_id,) in rows:
                    if number := by_tag.get((workspace_id, person_tag(person_id).hex())):
                        found.setdefault(Subject(workspace_id, person_id), number)
        with connection.chunked_cursor() as cursor:
            cursor.execute("SELECT person_id, kind, value FROM people_identifier WHERE workspace_id = %s", [workspace_id])
            while rows := cursor.fetchmany(2_000):
                for person_id, kind, value in rows:
                    if number := by_tag.get((workspace_id, suppression_tag(workspace_id, kind, value).hex())):
                        found.setdefault(Subject(workspace_id, person_id), number)
    by_entry: dict[int, list[Subject]] = {}
    for subject, number in found.items():
        by_entry.setdefault(number, []).append(subject)
    return by_entry
