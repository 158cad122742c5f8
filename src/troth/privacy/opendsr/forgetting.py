"""What of OpenDSR belongs to a person: the requests whose cases are theirs. The rows themselves name nobody; the tie goes with the case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import F, QuerySet

from troth.kernel.clock import iso
from troth.kernel.personal_data import Subject
from troth.privacy.models.opendsr import OpendsrRequest


def export_opendsr(subject: Subject) -> Iterator[dict[str, Any]]:
    """The person's requests that came over OpenDSR."""
    for row in _of([subject]).order_by("received_at").iterator():
        yield {
            "subject_request_id": str(row.subject_request_id),
            "type": row.type,
            "regulation": row.regulation,
            "status": row.status,
            "submitted_at": iso(row.submitted_at),
            "received_at": iso(row.received_at),
            "purposes": row.purposes,
        }


def void_opendsr(subjects: Sequence[Subject]) -> Counter[int]:
    """No address leads to results any more, and nothing says what the persons objected to. Before the cases are cut from them."""
    found = set(_of(subjects).values_list("pk", "cases__case__person_id"))
    OpendsrRequest.objects.filter(pk__in={pk for pk, _ in found}).update(links=F("links") + 1, purposes=None)
    return Counter(person_id for _, person_id in found if person_id is not None)


def _of(subjects: Sequence[Subject]) -> QuerySet[OpendsrRequest]:
    touched = {subject.workspace_id for subject in subjects}
    return OpendsrRequest.objects.filter(
        workspace_id__in=touched,
        cases__case__workspace_id__in=touched,
        cases__case__person_id__in=[subject.person_id for subject in subjects],
    ).distinct()
