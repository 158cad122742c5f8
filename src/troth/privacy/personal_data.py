"""What privacy's own tables hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from troth.kernel.clock import iso
from troth.kernel.personal_data import Store, Subject, declare
from troth.privacy.models import PrivacyRequest


def _export(subject: Subject) -> Iterator[dict[str, Any]]:
    for request in PrivacyRequest.objects.filter(workspace_id=subject.workspace_id, person_id=subject.person_id):
        yield {"type": request.type, "state": request.state, "received_at": iso(request.received_at), "due_at": iso(request.due_at)}


def _erase(subject: Subject) -> int:
    """The request stays as proof that it was answered, but names nobody any more (Art. 17(3)(b), 5(2))."""
    return PrivacyRequest.objects.filter(workspace_id=subject.workspace_id, person_id=subject.person_id).update(person_id=None)


def _move(source: Subject, target: Subject) -> int:
    found = PrivacyRequest.objects.filter(workspace_id=source.workspace_id, person_id=source.person_id)
    return found.update(person_id=target.person_id)


declare(
    Store(
        name="privacy.requests",
        title="Privacy requests",
        category="decision",
        purpose="answer requests and prove it (Art. 12, 5(2))",
        origin="the person, or the customer's own systems",
        retention="the request as proof; who it was about until it is carried out",
        export=_export,
        erase=_erase,
        move=_move,
        models=("privacy.PrivacyRequest",),
        columns=("person_id",),
        erase_order=95,
    )
)
