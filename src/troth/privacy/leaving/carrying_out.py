"""Carrying a leaving out: cut off, delete table by table, search every byte for what was there, certify, hand the certificate over.

On PostgreSQL the bytes stay until they are compacted (`compaction`): a first certificate says so, and after that there is a search and a later one.

Each step is a transaction that can be done again: a process that is killed at any instant is followed by one that goes on. What the worker has
under way lies in its memory alone, under a lease.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from uuid import UUID

import structlog
from django.db import transaction

from troth.kernel.clock import DAY, HOUR, MINUTE, now_ms
from troth.kernel.crypto import open_sealed, seal
from troth.kernel.errors import TrothError
from troth.kernel.json_text import decode, encode
from troth.kernel.sql import is_sqlite
from troth.people.models import Identifier
from troth.privacy.addressees import Addressee, speech_of
from troth.privacy.certificate import certify
from troth.privacy.clearing_out import clear_tables, cut_off, remove_shell
from troth.privacy.erasure.outcomes import is_telling
from troth.privacy.erasure.restore_guard import catch_up, lock_position, move_position
from troth.privacy.leaving.certifying import claims_of
from troth.privacy.leaving.telling import hand_over_certificate
from troth.privacy.models.leaving import Leaving, LeavingState
from troth.privacy.scanning.scanner import Report
from troth.privacy.searching.residue import judge, paths_to_search, search_bytes
from troth.privacy.storage.ledger_file import append, make_entry
from troth.privacy.storage.wal import empty_log_within
from troth.privacy.takeaways.asking import remove_files_of
from troth.workspaces.models import Acceptance, Account, Member, Role, Workspace

log = structlog.get_logger()
SEAL = b"leaving-values/v1"
LEASE, SEARCH_LEASE = MINUTE, 10 * MINUTE
"""How long a leaving belongs to the process that deletes or searches for it; renewed while it deletes."""
SPENT_S = 0.2
"""How long the worker deletes before other duties have their turn."""
SAMPLE = 40
"""So many identifiers are searched for byte by byte; that no row is left is known of all."""
TRIES = 6
REMEMBERED = 400 * DAY


def leave_due(now: int) -> bool:
    """Worker duty: take the leaving whose time has come one step on; True while there is more to do at once."""
    if not Leaving.objects.filter(next_at__lte=now + SEARCH_LEASE).exists():
        return False
    if _under_way.search and _under_way.search.done():
        _finish_search(now)
        return True
    own = _take(now)
    if own is None:
        return False
    if own.state == LeavingState.WAITING:
        begin(own, now)
    elif own.state == LeavingState.DELETING:
        _delete_on(own, now)
    elif own.state == LeavingState.SEARCHING and not _under_way.search:
        _begin_search(own, now)
        return False
    elif own.state == LeavingState.DONE:
        own.delete()
    return own.state != LeavingState.SEARCHING or not _under_way.search


def carry_out(leaving: Leaving) -> Leaving:
    """All of it now, in this process: for whoever waits. What stays in doubt the worker tries again. Never inside a transaction."""
    own = begin(leaving, now_ms()) if leaving.state == LeavingState.WAITING else leaving
    for _ in _deleting(own):
        pass
    own.refresh_from_db()
    if own.state == LeavingState.SEARCHING:
        can_search = empty_log_within(10) if is_sqlite() else _is_rebuilt(own)
        _settle(own, search_bytes(_opened(own)["values"], paths=paths_to_search()) if can_search else None, now_ms())
    return own


def begin(leaving: Leaving, now: int) -> Leaving:
    """The point of no return: nobody gets in any more, and the erasure ledger says so to every backup. One transaction."""
    with transaction.atomic():
        applied = lock_position()
        applied += catch_up(applied, now)
        own = Leaving.objects.select_for_update().get(pk=leaving.pk)
        if own.state != LeavingState.WAITING:
            return own
        members = Member.objects.filter(workspace__in=own.workspace_ids, role=Role.OWNER)
        owners = dict(members.order_by("pk").values_list("user__email", "user__locale"))
        own.facts = _facts(own)
        sample = _sample(own.workspace_ids)
        remove_files_of(own.workspace_ids)
        gone = cut_off(own.workspace_ids)
        own.members = len(gone)
        own.sealed = seal(
            SEAL, encode({"values": [*sample, *gone], "owners": list(owners), "languages": list(owners.values())}).encode(), own.pk.bytes
        )
        own.state, own.begun_at, own.next_at = LeavingState.DELETING, now, now
        Workspace.objects.filter(pk__in=own.workspace_ids).update(leaves_at=now)
        numbers = range(applied + 1, applied + 1 + len(own.workspace_ids))
        own.facts["ledger_entries"] = list(numbers)
        own.save()
        move_position(numbers[-1])
        for number, workspace_id in zip(numbers, own.workspace_ids, strict=True):
            append([make_entry(number, workspace_id=workspace_id, request_id=str(own.pk), persons=[], tags=[], at=now, whole=True)])
    log.warning("leaving_begun", leaving_id=str(own.pk), workspaces=len(own.workspace_ids))
    return own


def _facts(own: Leaving) -> dict[str, object]:
    """What the certificate will say and is known only now."""
    names = Workspace.objects.filter(pk__in=own.workspace_ids).order_by("pk").values_list("pk", "name")
    accepted = Acceptance.objects.filter(workspace__in=own.workspace_ids).select_related("version").order_by("at")
    return {
        "account": Account.objects.values_list("name", flat=True).get(pk=own.account_id),
        "workspaces": [{"id": number, "name": name} for number, name in names],
        "agreements": [{"agreement": one.version.kind, "version": one.version.number, "accepted_at": one.at} for one in accepted],
    }


def _sample(workspace_ids: list[int]) -> list[str]:
    """Identifiers of some persons: ids are random, so those with the least are a fair draw. Reads all buckets, in the order of the key."""
    drawn: list[str] = []
    for workspace_id in workspace_ids:
        rows = Identifier.objects.filter(workspace_id=workspace_id).order_by("bucket", "person_id").values_list("value", flat=True)
        drawn += [value for value in rows[: 4 * SAMPLE] if is_telling(value)]
    return sorted(set(drawn))[:: max(1, len(set(drawn)) // SAMPLE)][:SAMPLE]


def _deleting(own: Leaving) -> Iterator[None]:
    """Delete until nothing is left, in steps; then the search is due."""
    tally: Counter[str] = Counter()

    def note(title: str, deleted: int) -> None:
        current = Leaving.objects.select_for_update().only("records").get(pk=own.pk)
        current.records = {**current.records, title: current.records.get(title, 0) + deleted}
        current.save(update_fields=["records"])
        tally[title] += deleted

    for workspace_id in own.workspace_ids:
        yield from clear_tables(workspace_id, note)
    with transaction.atomic():
        remove_shell(own.workspace_ids, own.account_id)
        now = now_ms()
        Leaving.objects.filter(pk=own.pk, state=LeavingState.DELETING).update(state=LeavingState.SEARCHING, deleted_at=now, next_at=now)
    log.warning("leaving_deleted", leaving_id=str(own.pk), rows=sum(tally.values()))


class _UnderWay:
    """What this process's worker has begun."""

    def __init__(self) -> None:
        self.deleting: dict[UUID, Iterator[None]] = {}
        self.search: Future[Report] | None = None
        self.searched: UUID | None = None
        self.pool: ThreadPoolExecutor | None = None


_under_way = _UnderWay()


def _take(now: int) -> Leaving | None:
    """The leaving that is due, or one that this process deletes already; with a lease, so that no other takes it."""
    with transaction.atomic():
        mine = Leaving.objects.filter(pk__in=list(_under_way.deleting), state=LeavingState.DELETING).first()
        due = Leaving.objects.select_for_update().filter(next_at__lte=now).order_by("next_at").first()
        own = mine or due
        if own is not None:
            own.next_at = now + LEASE
            own.save(update_fields=["next_at"])
    return own


def _delete_on(own: Leaving, now: int) -> None:
    steps = _under_way.deleting.setdefault(own.pk, _deleting(own))
    until = time.monotonic() + SPENT_S
    try:
        while time.monotonic() < until:
            if next(steps, _OVER) is _OVER:
                del _under_way.deleting[own.pk]
                return
    except Exception:
        # What failed is begun anew: the rows that are gone are passed over.
        del _under_way.deleting[own.pk]
        Leaving.objects.filter(pk=own.pk).update(next_at=now + MINUTE)
        raise


_OVER = object()


def _begin_search(own: Leaving, now: int) -> None:
    """In a thread, which waits for the child process that reads."""
    if not is_sqlite() and not _is_rebuilt(own):
        _settle(own, None, now)
        return
    if is_sqlite() and not empty_log_within(0.5):
        Leaving.objects.filter(pk=own.pk).update(next_at=now + MINUTE)
        return
    _under_way.pool = _under_way.pool or ThreadPoolExecutor(1, thread_name_prefix="leaving")
    Leaving.objects.filter(pk=own.pk).update(next_at=now + SEARCH_LEASE)
    _under_way.searched = own.pk
    _under_way.search = _under_way.pool.submit(search_bytes, _opened(own)["values"], paths=paths_to_search())


def _is_rebuilt(own: Leaving) -> bool:
    """Whether PostgreSQL's tables and samples were written anew since, so that a search can prove something."""
    compaction = own.facts.get("compaction")
    return compaction is not None and not {"tables", "statistics"} & compaction["lacks"].keys()


def _finish_search(now: int) -> None:
    search, number = _under_way.search, _under_way.searched
    _under_way.search = _under_way.searched = None
    own = Leaving.objects.filter(pk=number, state=LeavingState.SEARCHING).first() if number else None
    if own is None or search is None:
        return
    try:
        report = search.result()
    except TrothError:
        Leaving.objects.filter(pk=own.pk).update(next_at=now + MINUTE)
        raise
    _settle(own, report, now)


def _settle(own: Leaving, report: Report | None, now: int) -> None:
    """Write down what the search came to. It is over when nothing was found, or when it was tried often enough: then the certificate says so."""
    opened = _opened(own)
    values = opened["values"]
    finding = judge(report, values, range(len(values))) if report is not None else None
    has_passed = finding is not None and finding.passed
    own.facts = {**own.facts, "searched_for": len(values), "search": finding.summary if finding else None, "search_passed": has_passed}
    waits = not is_sqlite() and _waits_for_compaction(own, has_passed=has_passed)
    own.attempts += 0 if waits and "compaction" not in own.facts else 1
    is_first, own.certificate = not own.certificate, certify(claims_of(own, now))
    if own.attempts >= TRIES or (has_passed and not waits):
        own.state, own.done_at, own.sealed, own.next_at = LeavingState.DONE, now, None, now + REMEMBERED
        own.facts = {}
    else:
        own.next_at = None if waits else now + min(6 * HOUR, MINUTE * 2**own.attempts)
    own.save()
    if own.state == LeavingState.DONE or (waits and is_first):
        languages = opened.get("languages") or [""] * len(opened["owners"])
        owners = [Addressee(address, speech_of(language)) for address, language in zip(opened["owners"], languages, strict=True)]
        hand_over_certificate(own, owners, now)
    log.warning("leaving_searched", leaving_id=str(own.pk), state=str(own.state), passed=has_passed)


def _waits_for_compaction(own: Leaving, *, has_passed: bool) -> bool:
    """Whether only PostgreSQL's next compaction can bring more: there was none yet, or it lacked something. `next_at` is set by it then."""
    return not _is_rebuilt(own) or (has_passed and "log" in own.facts["compaction"]["lacks"])


def _opened(own: Leaving) -> dict[str, list[str]]:
    plain = open_sealed(SEAL, bytes(own.sealed), own.pk.bytes) if own.sealed is not None else None
    return decode(plain) if plain is not None else {"values": [], "owners": []}
