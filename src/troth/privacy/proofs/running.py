"""Carrying a proof out, from the made-up persons to the signed statement. It blocks; a process of its own does it (`starting.py`).

Both persons live in a workspace that only this uses, and nothing of them leaves it. What a proof that broke off left behind, the next one erases.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import structlog
from django.db import IntegrityError, transaction

from troth.consent.models import Suppression, SuppressionCount
from troth.intake.actor import fold_inbox
from troth.intake.commands import DROPPED, Identity, Track
from troth.intake.door import apply
from troth.intake.models import InboxItem
from troth.kernel.clock import DAY, HOUR, MINUTE, SECOND, now_ms
from troth.kernel.crypto import open_sealed, seal
from troth.kernel.errors import TrothError
from troth.kernel.json_text import decode, encode
from troth.kernel.personal_data import Subject, stores
from troth.kernel.sql import is_sqlite
from troth.messages.models import Message
from troth.messages.sending import send_due
from troth.people.lookup import find_person
from troth.people.models import Person
from troth.privacy.certificate import certify
from troth.privacy.erasure.erasing import erase_people, erase_person
from troth.privacy.models import PrivacyRequest
from troth.privacy.models.kept import KeptItem
from troth.privacy.models.proofs import ProofRun, ProofState
from troth.privacy.proofs.own_ways import SOURCE
from troth.privacy.proofs.persons import MadeUp, make_up
from troth.privacy.proofs.searching import Search, search_for
from troth.privacy.proofs.statement import Looked, find_reasons, make_claims
from troth.privacy.proofs.ways import AFTER, ARRIVE, KNOWN, PREPARE, Walk, go
from troth.privacy.storage.apart import Progress
from troth.privacy.storage.wal import empty_log_within
from troth.segments.computing import compute_due, evaluate_marked
from troth.segments.models import Mark
from troth.workspaces.registry import canary_workspace

log = structlog.get_logger()
SEAL = b"proof-control/v1"
DEAD_AFTER = 15 * MINUTE
"""Without a sign of life a proof counts as broken off."""
PATIENCE_S = 120.0
"""How long it is waited for what arrived to be folded, computed and sent: a server under load has others to serve."""
LOG_PATIENCE_S = 60.0
PERSONS = 2


class ProofUnderWay(TrothError):
    """There is one already."""

    def __init__(self) -> None:
        super().__init__("A proof is under way already: wait for it to end.")


def begin(now: int) -> ProofRun:
    """A new proof, to be carried out with `prove`. Raises ProofUnderWay."""
    with transaction.atomic():
        for dead in ProofRun.objects.filter(state=ProofState.RUNNING, seen_at__lt=now - DEAD_AFTER):
            close(dead, ProofState.BROKEN, ["it gave no sign of life any more"], now)
    run = ProofRun(begun_at=now, seen_at=now)
    try:
        with transaction.atomic():
            run.save(force_insert=True)
    except IntegrityError:
        raise ProofUnderWay from None
    return run


def prove(run: ProofRun, *, people: Sequence[MadeUp] | None = None, progress: Progress | None = None) -> ProofRun:
    """Carry a proof out and keep its signed statement. `progress` is told bytes read and bytes in all. Never inside a transaction."""
    try:
        return _prove(run, people or (make_up(), make_up()), progress)
    except Exception as error:
        close(run, ProofState.BROKEN, [f"it broke off at “{run.step}” ({type(error).__name__})"], now_ms())
        raise


def close(run: ProofRun, state: ProofState, reasons: list[str], now: int) -> None:
    """Note that a proof is over."""
    run.state, run.reasons, run.ended_at = state, reasons, now
    run.save()


def _prove(run: ProofRun, people: Sequence[MadeUp], progress: Progress | None) -> ProofRun:
    walk = Walk(workspace_id=canary_workspace().pk, people=people, now=now_ms())
    with _step(run, "clear"):
        _clear(walk.workspace_id)
    with _step(run, "walk"):
        gone, not_gone = _walk(walk)
    held = _stores_of(walk.subjects)
    erased, control = people
    with _step(run, "erase"):
        request = erase_person(walk.subjects[0], now=now_ms(), source=SOURCE, search_at=now_ms() + 6 * HOUR)
        late = _come_again(walk.workspace_id, erased)
    with _step(run, "search"):
        before = _values_before(run)
        is_empty = not is_sqlite() or empty_log_within(LOG_PATIENCE_S)
        groups = [erased.values, control.values, before]
        found = search_for(groups, [subject.bucket for subject in walk.subjects], _noting(run, progress))
    with _step(run, "finish"):
        last = erase_person(walk.subjects[1], now=now_ms(), source=SOURCE, search_at=now_ms() + 2 * DAY)
        held |= request.steps["records"].keys() & last.steps["records"].keys() | _kept_of(walk.workspace_id)
        _clear(walk.workspace_id)
        seen = _sum_up(found, is_empty, late, request.steps["records"], (gone, not_gone), held)
        _keep(run, seen, found, control)
    log.info("erasure_proven", run_id=str(run.pk), state=run.state, files=found.files, bytes=found.bytes_read, took_ms=found.took_ms)
    return run


@contextmanager
def _step(run: ProofRun, name: str) -> Iterator[None]:
    run.step, run.seen_at = name, now_ms()
    run.save(update_fields=["step", "seen_at"])
    yield


def _clear(workspace_id: int) -> None:
    """Erase whoever an earlier proof left, and forget what only says that made-up persons must not come back."""
    left = [
        Subject(workspace_id, person_id)
        for person_id in Person.objects.filter(workspace_id=workspace_id).values_list("person_id", flat=True)
    ]
    if left:
        erase_people(left, now=now_ms(), source=SOURCE)
    with transaction.atomic():
        PrivacyRequest.objects.filter(workspace_id=workspace_id).delete()
        Suppression.objects.filter(workspace_id=workspace_id).delete()
        SuppressionCount.objects.filter(workspace_id=workspace_id).delete()


def _walk(walk: Walk) -> tuple[list[str], list[str]]:
    """Take both through everything; which ways they went, and which they could not."""
    done = [go(walk, PREPARE), go(walk, ARRIVE)]
    walk.subjects = [find_person(walk.workspace_id, person.values["external_id"]) for person in walk.people]
    in_time = _settle(walk.workspace_id)
    done.append(go(walk, KNOWN))
    in_time = _settle(walk.workspace_id) and in_time
    done.append(go(walk, AFTER))
    waited = [] if in_time else ["folding and sending in time"]
    return [*chain.from_iterable(gone for gone, _ in done)], [*chain.from_iterable(failed for _, failed in done), *waited]


def _settle(workspace_id: int) -> bool:
    """Do what the worker and the sender do, beside them, until nothing of this workspace waits; False when it takes too long."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        now = now_ms()
        busy = any([fold_inbox(now), compute_due(now), evaluate_marked(now), send_due(now, workspace_id)])
        waits = _waits(workspace_id, now)
        if not busy and not waits:
            return True
        if not busy:
            time.sleep(0.05)
    return False


def _waits(workspace_id: int, now: int) -> bool:
    """Whether something of the workspace is to be folded, computed or sent, in whatever bucket."""
    own = {"workspace_id": workspace_id}
    is_due = Message.objects.filter(**own, state__in=("queued", "sending"), due_at__lte=now)
    return InboxItem.objects.filter(**own).exists() or Mark.objects.filter(**own).exists() or is_due.exists()


def _stores_of(subjects: Sequence[Subject]) -> set[str]:
    """Which declared stores have something to tell of all of them. What has nothing to tell (hashes, counts) is known by what is erased of it."""
    return {store.name for store in stores() if all(any(True for _record in store.export(subject)) for subject in subjects)}


def _kept_of(workspace_id: int) -> set[str]:
    """What holds keep of both, sealed, is nobody's to tell or to erase: that it is there is seen from its rows."""
    return {"privacy.kept"} if KeptItem.objects.filter(workspace_id=workspace_id).count() >= PERSONS else set()


def _come_again(workspace_id: int, person: MadeUp) -> list[str]:
    """By which of their identifiers somebody erased is let in again; none if all is well."""
    own, now = person.values, now_ms()
    tries = {
        "external_id": Identity(external_id=own["external_id"]),
        "anonymous_id": Identity(anonymous_id=own["anonymous_id"]),
        "email": Identity(email=own["email"]),
        "phone": Identity(phone=own["phone"]),
    }
    about: dict[str, Any] = {"workspace_id": workspace_id, "source": SOURCE, "received_at": now}
    outcomes = apply([Track(identity=identity, name="proof_again", ts=now, **about) for identity in tries.values()], now=now)
    return [name for name, outcome in zip(tries, outcomes, strict=True) if outcome.status != DROPPED]


def _values_before(run: ProofRun) -> dict[str, str]:
    """What was made up of the control of the proof before, who was erased when that was over."""
    last = ProofRun.objects.exclude(pk=run.pk).filter(sealed__isnull=False).order_by("-begun_at").first()
    opened = open_sealed(SEAL, bytes(last.sealed), last.id.bytes) if last is not None and last.sealed is not None else None
    return dict(decode(opened)) if opened is not None else {}


def _noting(run: ProofRun, progress: Progress | None) -> Callable[[int, int], None]:
    """Keeps how far the search is, once a second, for whoever looks."""

    def note(done: int, total: int) -> None:
        if progress:
            progress(done, total)
        moment = now_ms()
        if moment - run.seen_at >= SECOND or done == total:
            run.done, run.total, run.seen_at = done, total, moment
            run.save(update_fields=["done", "total", "seen_at"])

    return note


def _sum_up(
    found: Search,
    is_empty: bool,
    late: Sequence[str],
    records: dict[str, int],
    ways: tuple[Sequence[str], Sequence[str]],
    held: Collection[str],
) -> Looked:
    erased, control, before = found.groups
    return Looked(
        erased=erased,
        control=control,
        before=before,
        found_in=found.found_in,
        unread=found.unread,
        files=found.files,
        bytes_read=found.bytes_read,
        took_ms=found.took_ms,
        log_was_emptied=is_empty,
        late_accepted=late,
        gone=ways[0],
        not_gone=ways[1],
        stores=sorted(held),
        empty_stores=sorted(store.name for store in stores() if store.name not in held),
        records=records,
        blind_spots=found.blind_spots,
        is_embedded=is_sqlite(),
    )


def _keep(run: ProofRun, seen: Looked, found: Search, control: MadeUp) -> None:
    now, reasons = now_ms(), find_reasons(seen)
    claims: dict[str, Any] = make_claims(seen, reasons, run_id=str(run.pk), begun_at=run.begun_at, now=now)
    run.files, run.took_ms, run.done, run.total = found.files, found.took_ms, found.bytes_read, found.bytes_read
    run.certificate = certify(claims)
    run.sealed = seal(SEAL, encode(control.values).encode(), run.id.bytes)
    ProofRun.objects.exclude(pk=run.pk).filter(sealed__isnull=False).update(sealed=None)
    close(run, ProofState.FAILED if reasons else ProofState.PASSED, reasons, now)
