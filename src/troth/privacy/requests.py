"""Opening privacy requests: each exercise of a right is recorded with its legal term (Art. 12(3), 5(2) GDPR)."""

from __future__ import annotations

import uuid

from troth.kernel.personal_data import Subject
from troth.privacy.legal_clock import due_at
from troth.privacy.models import PrivacyRequest, RequestState, RequestType


def open_erasure(workspace_id: int, *, source: str, received_at: int) -> PrivacyRequest:
    """A new request for erasure, not yet saved: the erasing transaction saves it."""
    return PrivacyRequest(
        id=uuid.uuid4(),
        workspace_id=workspace_id,
        type=RequestType.ERASURE,
        source=source,
        received_at=received_at,
        due_at=due_at(received_at),
    )


def find_awaiting(subject: Subject) -> PrivacyRequest | None:
    """The person's request for erasure that waits for confirmation."""
    return PrivacyRequest.objects.filter(
        workspace_id=subject.workspace_id, person_id=subject.person_id, type=RequestType.ERASURE, state=RequestState.AWAITING_CONFIRMATION
    ).first()


def ask_for_confirmation(subject: Subject, *, source: str, received_at: int) -> PrivacyRequest:
    """Record a deletion that somebody must confirm first; one per person, however often it is asked for."""
    if found := find_awaiting(subject):
        return found
    request = open_erasure(subject.workspace_id, source=source, received_at=received_at)
    request.person_id = subject.person_id
    request.state = RequestState.AWAITING_CONFIRMATION
    request.save(force_insert=True)
    return request


def record_export(subject: Subject, *, source: str, now: int) -> PrivacyRequest:
    """Record that everything held on a person was handed out (Art. 15, 20)."""
    return PrivacyRequest.objects.create(
        workspace_id=subject.workspace_id,
        type=RequestType.ACCESS,
        state=RequestState.DONE,
        source=source,
        received_at=now,
        due_at=due_at(now),
        closed_at=now,
        person_id=subject.person_id,
    )
