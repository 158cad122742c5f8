"""The person of an address."""

from __future__ import annotations

from django.http import Http404

from troth.console.access import MemberRequest
from troth.kernel.personal_data import Subject
from troth.people.lookup import PersonNotFound, load_person


def subject_of(request: MemberRequest, person_id: int) -> Subject:
    """The person of an address, who must be there. Raises Http404."""
    subject = Subject(request.workspace.pk, person_id)
    try:
        load_person(subject)
    except PersonNotFound:
        raise Http404 from None
    return subject
