"""Erasure (Art. 17): deleted when the transaction commits, erased when a search of every byte Troth keeps finds nothing.

Inside the transaction the person is suppressed, withdrawn and deleted from every declared store; then the ledger's line is made durable, and
only then comes the commit. What a legal hold keeps is sealed and set aside, item by item (`kept`). A crash before the line leaves everything as it was; one after it is healed by the replay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate
from typing import Any

import msgspec
import structlog
from django.db import connection, transaction

from troth.kernel.personal_data import Subject, keys_of
from troth.people.lookup import PersonNotFound, find_people, find_person
from troth.privacy.erasure.deletion import person_tag
from troth.privacy.erasure.honouring import Due, honour
from troth.privacy.erasure.kept import standing_holds
from troth.privacy.erasure.restore_guard import catch_up, lock_position, move_position
from troth.privacy.history import By
from troth.privacy.legal_clock import Seat
from troth.privacy.models import PrivacyRequest, RequestState
from troth.privacy.requests import ASSERTED, open_erasure
from troth.privacy.seats import load_seat
from troth.privacy.storage.ledger_file import append, make_entry

log = structlog.get_logger()
TOGETHER = 100
EVENTS_TOGETHER = 50_000
"""So many erasures, and events of their persons, go in one transaction."""


def erase_identifier(workspace_id: int, identifier: str, *, now: int, source: str, search_at: int | None = None) -> PrivacyRequest:
    """Erase everybody an identifier leads to, as one request; `person:ID` names one by Troth's own id. Raises PersonNotFound."""
    people = find_people(workspace_id, identifier) or [find_person(workspace_id, identifier)]
    return erase_people(people, now=now, source=source, search_at=search_at)


def erase_person(
    subject: Subject,
    *,
    now: int,
    source: str,
    request: PrivacyRequest | None = None,
    search_at: int | None = None,
    by: By | None = None,
    facts: Mapping[str, Any] | None = None,
) -> PrivacyRequest:
    """Erase one person; `by` and `facts` go into the request's history. Raises PersonNotFound when they are gone already."""
    return erase_people([subject], now=now, source=source, request=request, search_at=search_at, by=by, facts=facts)


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """One erasure to be carried out: whose data goes, persons of one workspace, and how its request is recorded."""

    subjects: Sequence[Subject]
    source: str
    received_at: int | None = None
    """None: now."""
    request: PrivacyRequest | None = None
    """None: a new one."""
    by: By | None = None
    facts: Mapping[str, Any] | None = None


def erase_people(
    subjects: Sequence[Subject],
    *,
    now: int,
    source: str,
    request: PrivacyRequest | None = None,
    search_at: int | None = None,
    by: By | None = None,
    facts: Mapping[str, Any] | None = None,
) -> PrivacyRequest:
    """Erase persons of one workspace as one request, which is `deleted` when this returns; the search follows (`verification`).

    `search_at` postpones the worker's search for a caller who searches at once. Raises PersonNotFound when nobody is there any more.
    """
    return erase_one(Erasure(subjects=subjects, source=source, request=request, by=by, facts=facts), now=now, search_at=search_at)


def erase_one(erasure: Erasure, *, now: int, search_at: int | None = None) -> PrivacyRequest:
    """Carry out one erasure. Raises PersonNotFound."""
    done = erase_together([erasure], now=now, search_at=search_at)[0]
    if done is None:
        raise PersonNotFound
    return done


def erase_together(erasures: Sequence[Erasure], *, now: int, search_at: int | None = None) -> list[PrivacyRequest | None]:
    """Carry out erasures in one transaction, each as a request of its own, with its own entry in the ledger, notices and certificate.

    None stands in the place of one whose persons are gone, or go with an earlier one.
    """
    done: list[PrivacyRequest | None] = []
    with transaction.atomic():
        applied = lock_position()
        applied += catch_up(applied, now)
        seat_of = cache(load_seat)
        for erasure, subjects in zip(erasures, present := _find_present(erasures), strict=True):
            done.append(_open(erasure, now, seat_of) if subjects else None)
        going = [
            (request, subjects, erasure) for request, subjects, erasure in zip(done, present, erasures, strict=True) if request is not None
        ]
        if going:
            _carry_out(going, applied, now, search_at)
    for request, subjects, _ in going:
        for subject in subjects:
            log.info("person_deleted", person_id=subject.person_id, workspace_id=subject.workspace_id, request_id=str(request.id))
    return done


def erase_many(erasures: Sequence[Erasure], *, now: int) -> Iterator[PrivacyRequest | Exception]:
    """Carry out any number of erasures, in portions that bind the database for a moment only; what came of each, in order.

    PersonNotFound stands for one whose persons are gone. One that fails keeps no other waiting.
    """
    rest = list(erasures)
    while rest:
        portion = rest[: _count_portion(rest[:TOGETHER])]
        rest = rest[len(portion) :]
        yield from _try(portion, now)


def _try(portion: Sequence[Erasure], now: int) -> list[PrivacyRequest | Exception]:
    try:
        return [request or PersonNotFound() for request in erase_together(portion, now=now)]
    except Exception as error:  # noqa: BLE001 -- handed to the caller, when all had their turn
        if len(portion) == 1:
            return [error]
    return [outcome for one in portion for outcome in _try([one], now)]


def _count_portion(erasures: Sequence[Erasure]) -> int:
    """How many of the first may go in one transaction, by how many events their persons have; one at least."""
    events: dict[int, int] = {}
    with connection.cursor() as cursor:
        for listed, values in keys_of([subject for erasure in erasures for subject in erasure.subjects]):
            cursor.execute(f"SELECT person_id, seq FROM people_person WHERE (bucket, person_id) IN {listed}", values)
            events.update(cursor.fetchall())
    so_far = accumulate(sum(events.get(subject.person_id, 0) for subject in erasure.subjects) for erasure in erasures)
    return max(1, sum(total <= EVENTS_TOGETHER for total in so_far))


def _find_present(erasures: Sequence[Erasure]) -> list[list[Subject]]:
    """Of each erasure whoever is there, also who is being erased; each person once, with the first erasure that names them."""
    named = [subject for erasure in erasures for subject in erasure.subjects]
    there: set[Subject] = set()
    with connection.cursor() as cursor:
        for listed, values in keys_of(named):
            cursor.execute(f"SELECT workspace_id, person_id FROM people_person WHERE (bucket, person_id) IN {listed}", values)
            there.update(Subject(workspace_id, person_id) for workspace_id, person_id in cursor.fetchall())
    present = []
    for erasure in erasures:
        own = [subject for subject in dict.fromkeys(erasure.subjects) if subject in there]
        there.difference_update(own)
        present.append(own)
    return present


def _open(erasure: Erasure, now: int, seat_of: Callable[[int], Seat]) -> PrivacyRequest:
    """The request of an erasure; it is known, by whoever called, who asked."""
    request = erasure.request
    if request is None:
        received_at = now if erasure.received_at is None else erasure.received_at
        workspace_id = erasure.subjects[0].workspace_id
        request = open_erasure(workspace_id, source=erasure.source, received_at=received_at, seat=seat_of(workspace_id))
    if not request.identity:
        request.identity, request.identified_at = ASSERTED, now
    return request


def _carry_out(going: Sequence[tuple[PrivacyRequest, Sequence[Subject], Erasure]], applied: int, now: int, search_at: int | None) -> None:
    """Inside the transaction, which holds the ledger's position: honour the requests, and write the ledger's lines last."""
    everybody = [subject for _, subjects, _ in going for subject in subjects]
    held = standing_holds(everybody, {subject.person_id: person_tag(subject.person_id).hex() for subject in everybody}, now)
    due = [
        Due(request, subjects, held.get(request.workspace_id, []), number, erasure.by, erasure.facts)
        for number, (request, subjects, erasure) in enumerate(going, applied + 1)
    ]
    move_position(due[-1].number)
    deleted = honour(due, now=now, search_at=search_at)
    append(
        [
            make_entry(
                one.number,
                workspace_id=one.request.workspace_id,
                request_id=str(one.request.id),
                persons=gone.persons,
                tags=gone.tags,
                at=now,
                held=gone.held,
            )
            for one, gone in zip(due, deleted, strict=True)
        ]
    )


def confirm_request(request: PrivacyRequest, *, now: int, by: By | None = None) -> PrivacyRequest:
    """Carry out a deletion that waited for somebody to confirm it. Raises PersonNotFound when the person is gone meanwhile."""
    if request.person_id is None or request.state != RequestState.AWAITING_CONFIRMATION:
        raise PersonNotFound
    return erase_person(Subject(request.workspace_id, request.person_id), now=now, source=request.source, request=request, by=by)
