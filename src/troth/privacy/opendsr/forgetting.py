"""What of OpenDSR belongs to a person: the requests whose cases are theirs. The rows themselves name nobody; the tie goes with the case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import F, QuerySet

from troth.kernel.clock import iso
from troth.kernel.personal_data import Subject
from troth.privacy.models.opendsr import OpendsrRequest


def export_opendsr(subject: Subject) -> Iterator[dict[str, Any]]:
    """The person's requests that came over OpenDSR."""
    for row in _of(subject).order_by("received_at").iterator():
        yield {
            "subject_request_id": str(row.subject_request_id),
            "type": row.type,
            "regulation": row.regulation,
            "status": row.status,
            "submitted_at": iso(row.submitted_at),
            "received_at": iso(row.received_at),
            "purposes": row.purposes,
        }


def void_opendsr(subject: Subject) -> int:
    """No address leads to results any more, and nothing says what the person objected to. Before the cases are cut from the person."""
    found = list(_of(subject).values_list("pk", flat=True))
    return OpendsrRequest.objects.filter(pk__in=found).update(links=F("links") + 1, purposes=None)


def _of(subject: Subject) -> QuerySet[OpendsrRequest]:
    return OpendsrRequest.objects.filter(
        workspace_id=subject.workspace_id, cases__case__workspace_id=subject.workspace_id, cases__case__person_id=subject.person_id
    ).distinct()
