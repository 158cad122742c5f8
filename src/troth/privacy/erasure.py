"""Erasure (Art. 17): deleted when the transaction commits, erased when a search of every byte Troth keeps finds nothing.

Inside the transaction the person is suppressed, withdrawn and deleted from every declared store; then the ledger's line is made durable, and
only then comes the commit. What a legal hold keeps is sealed and set aside, item by item (`kept`). A crash before the line leaves everything as it was; one after it is healed by the replay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from django.db import transaction

from troth.kernel.personal_data import Subject
from troth.people.lookup import PersonNotFound, find_people, find_person
from troth.people.models import Person
from troth.privacy.deletion import delete_persons, person_tag
from troth.privacy.downstream.opening import find_known, open_notices
from troth.privacy.history import By
from troth.privacy.kept import standing_holds
from troth.privacy.ledger import catch_up, lock_position, move_position
from troth.privacy.ledger_file import append
from troth.privacy.models import PrivacyRequest, RequestState
from troth.privacy.outcomes import certify_answers, record_deletion
from troth.privacy.requests import ASSERTED, open_erasure

log = structlog.get_logger()


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


def erase_people(
    subjects: Sequence[Subject],
    *,
    now: int,
    source: str,
    received_at: int | None = None,
    request: PrivacyRequest | None = None,
    search_at: int | None = None,
    by: By | None = None,
    facts: Mapping[str, Any] | None = None,
) -> PrivacyRequest:
    """Erase persons of one workspace as one request, which is `deleted` when this returns; the search follows (`verification`).

    `search_at` postpones the worker's search for a caller who searches at once. Raises PersonNotFound when nobody is there any more.
    """
    workspace_id = subjects[0].workspace_id
    with transaction.atomic():
        applied = lock_position()
        applied += catch_up(applied, now)
        present = [subject for subject in subjects if _is_held(subject)]
        if not present:
            raise PersonNotFound
        if request is None:
            request = open_erasure(workspace_id, source=source, received_at=now if received_at is None else received_at)
        if not request.identity:
            request.identity, request.identified_at = ASSERTED, now
        known = find_known(present)
        # It is answered by the deletion itself: not closed with what else was asked for the person.
        PrivacyRequest.objects.filter(pk=request.pk).update(person_id=None)
        tags = {subject.person_id: person_tag(subject.person_id).hex() for subject in present}
        held = standing_holds(workspace_id, present, tags, now)
        deleted = delete_persons(present, now=now, request_id=str(request.id), held=held)
        number = applied + 1
        move_position(number)
        record_deletion(request, deleted, ledger_number=number, now=now, search_at=search_at, by=by, facts=facts)
        if open_notices(request, known, now):
            certify_answers(request, now)
        append(
            number,
            workspace_id=workspace_id,
            request_id=str(request.id),
            persons=deleted.persons,
            tags=deleted.tags,
            at=now,
            held=deleted.held,
        )
    for subject in present:
        log.info("person_deleted", person_id=subject.person_id, workspace_id=workspace_id, request_id=str(request.id))
    return request


def confirm_request(request: PrivacyRequest, *, now: int, by: By | None = None) -> PrivacyRequest:
    """Carry out a deletion that waited for somebody to confirm it. Raises PersonNotFound when the person is gone meanwhile."""
    if request.person_id is None or request.state != RequestState.AWAITING_CONFIRMATION:
        raise PersonNotFound
    return erase_person(Subject(request.workspace_id, request.person_id), now=now, source=request.source, request=request, by=by)


def _is_held(subject: Subject) -> bool:
    """Whether the person's row is there, also while it is being erased."""
    return Person.objects.filter(bucket=subject.bucket, person_id=subject.person_id, workspace_id=subject.workspace_id).exists()
