"""What privacy's own tables hold of a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from troth.kernel.clock import iso
from troth.kernel.personal_data import Store, Subject, declare
from troth.privacy.inventory.storing import take_off
from troth.privacy.models import PrivacyRequest, RequestState

OPEN = (RequestState.RECEIVED, RequestState.AWAITING_CONFIRMATION)


def _export(subject: Subject) -> Iterator[dict[str, Any]]:
    rows = PrivacyRequest.objects.filter(workspace_id=subject.workspace_id, person_id=subject.person_id).order_by("received_at")
    for row in rows.iterator():
        yield {
            "id": str(row.id),
            "type": row.type,
            "state": row.state,
            "source": row.source,
            "received_at": iso(row.received_at),
            "due_at": iso(row.due_at),
            "closed_at": None if row.closed_at is None else iso(row.closed_at),
        }


def _erase(subject: Subject) -> int:
    """Cut the tie to the person and close what is open; that somebody asked, and when it was answered, stays provable (Art. 5(2), 17(3)(b))."""
    rows = PrivacyRequest.objects.filter(workspace_id=subject.workspace_id, person_id=subject.person_id)
    rows.filter(state__in=OPEN).update(state=RequestState.DONE)
    return rows.update(person_id=None)


def _move(source: Subject, target: Subject) -> int:
    rows = PrivacyRequest.objects.filter(workspace_id=source.workspace_id, person_id=source.person_id)
    return rows.update(person_id=target.person_id)


declare(
    Store(
        name="privacy.requests",
        title="Privacy requests",
        category="decision",
        purpose="carry out and prove the exercise of rights (Art. 5(2), 12)",
        origin="the person, or the customer on the person's behalf",
        retention="the tie to the person until erased; the request without it stays as proof",
        export=_export,
        erase=_erase,
        move=_move,
        models=("privacy.PrivacyRequest",),
        columns=("type", "state", "received_at"),
    )
)


def _nothing(subject: Subject) -> Iterator[dict[str, Any]]:
    """Counts by name are nobody's data."""
    return iter(())


declare(
    Store(
        name="privacy.inventory",
        title="The data inventory: how much is stored under which names; numbers and forms, no values",
        category="technical",
        purpose="keep the record of processing (Art. 30)",
        origin="derived from events and attributes",
        retention="as long as something is stored under the name; what an erased person counted is taken off when they are erased",
        export=_nothing,
        erase=take_off,
        move=lambda source, target: 0,
        models=("privacy.InventoryItem",),
        erase_order=47,
    )
)
