"""Honouring requests for erasure inside a transaction, many at once; shared by erasure and by the replay of the ledger after a restore."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from troth.kernel.personal_data import Subject
from troth.privacy.downstream.opening import find_known_of_many, open_notices_of_many
from troth.privacy.erasure.deletion import Deleted, Departure, delete_persons
from troth.privacy.erasure.outcomes import Honoured, record_deletions
from troth.privacy.history import By
from troth.privacy.models import PrivacyRequest
from troth.privacy.storage.ledger_file import Held


class Due(NamedTuple):
    """A request to be honoured: of its persons those who are there, the holds over them, and the number of its entry in the ledger."""

    request: PrivacyRequest
    subjects: Sequence[Subject]
    held: Sequence[Held]
    number: int
    by: By | None = None
    facts: Mapping[str, Any] | None = None


def honour(due: Sequence[Due], *, now: int, search_at: int | None = None) -> list[Deleted]:
    """Delete the persons of requests, open a notice for whoever got their data (Art. 19), and record it; no person is in two requests.

    What was deleted comes request by request. The caller holds the ledger's position.
    """
    known = find_known_of_many([one.subjects for one in due])
    # They are answered by the deletion itself: not closed with what else was asked for their persons.
    PrivacyRequest.objects.filter(pk__in=[one.request.pk for one in due]).update(person_id=None)
    departures = [Departure(request_id=str(one.request.id), subjects=one.subjects, held=one.held) for one in due]
    deleted = delete_persons(departures, now=now)
    open_notices_of_many([(one.request, own) for one, own in zip(due, known, strict=True)], now)
    honoured = [Honoured(one.request, gone, one.number, one.by, one.facts) for one, gone in zip(due, deleted, strict=True)]
    record_deletions(honoured, now=now, search_at=search_at)
    return deleted
