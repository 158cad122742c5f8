"""Who is told of what: notices are opened in the transaction that honours the right, for everybody whom the disclosure log names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from troth.kernel.personal_data import Subject
from troth.people.identifiers import DEVICE
from troth.people.queries import load_identifiers
from troth.privacy.disclosures.log import LONGEST_NAME
from troth.privacy.disclosures.reading import Recipient, find_recipients_of_many
from troth.privacy.downstream.answering import take_back
from troth.privacy.downstream.course import RETRIED, SEALED
from troth.privacy.downstream.sealing import Told, got_attributes, knows, seal_told
from troth.privacy.downstream.ways import way_of
from troth.privacy.models import PrivacyRequest, RequestType
from troth.privacy.models.disclosures import NoticeState, RecipientNotice, Way

PASSED_ON = (RequestType.ERASURE, RequestType.RECTIFICATION, RequestType.RESTRICTION, RequestType.OBJECTION, RequestType.CONSENT_WITHDRAWAL)
"""Art. 19 names the first three; whoever got data for a purpose that was objected to, or withdrawn, has to stop, too."""
LIFTED = "restriction_lifted"
Identifiers = Mapping[int, list[tuple[str, str]]]
FindWay = Callable[[int | None, str], str]


class Known(NamedTuple):
    """Who has the data of persons, and by what they know them: as it is before the right is honoured."""

    subjects: Sequence[Subject]
    recipients: list[Recipient]
    identifiers: Identifiers


def find_known(subjects: Sequence[Subject]) -> Known:
    """Look before a right is honoured: afterwards the old identifiers, or the whole log, are gone."""
    return find_known_of_many([subjects])[0]


def find_known_of_many(groups: Sequence[Sequence[Subject]]) -> list[Known]:
    """The same for many groups of persons, each of one workspace."""
    recipients = find_recipients_of_many(groups)
    told_of = [subject for group, found in zip(groups, recipients, strict=True) if found for subject in group]
    identifiers = _identifiers(told_of) if told_of else {}
    return [Known(group, found, identifiers if found else {}) for group, found in zip(groups, recipients, strict=True)]


def _identifiers(subjects: Sequence[Subject]) -> Identifiers:
    held = load_identifiers([subject.person_id for subject in subjects])
    return {person_id: [(handle.kind, handle.value) for handle in handles] for person_id, handles in held.items()}


def open_notices(
    request: PrivacyRequest,
    known: Known,
    now: int,
    *,
    corrected: Mapping[str, Any] | None = None,
    purposes: Sequence[str] | None = None,
    right: str = "",
) -> int:
    """Open a notice for each recipient, inside the caller's transaction, which saves the request; returns how many.

    `purposes`: only recipients who got data for one of them; `right`: what they are told of, if that is not the request's own.
    """
    opened = _make(request, known, now, cache(_own_way), corrected=corrected, purposes=purposes, right=right)
    RecipientNotice.objects.bulk_create(opened)
    return len(opened)


def open_lifting(request: PrivacyRequest, known: Known, now: int, *, purposes: Sequence[str] | None = None) -> int:
    """Tell whoever was told of a restriction by this request that it ends, of all or of single purposes; in the caller's transaction.

    Who was not reached yet is not told of the beginning any more, lest it comes after the end; whom members had to tell, and did not, of neither.
    """
    begun = list(RecipientNotice.objects.select_for_update().filter(request=request, right=RequestType.RESTRICTION))
    heard = {(one.kind, one.recipient_id) for one in begun if one.state not in (NoticeState.BY_HAND, NoticeState.CANCELLED)}
    for notice in begun:
        if notice.state in (NoticeState.WAITING, NoticeState.BY_HAND):
            take_back(notice, now=now)
    told = [one for one in known.recipients if any((row.kind, row.recipient_id) in heard for row in one.rows)]
    return open_notices(request, known._replace(recipients=told), now, purposes=purposes, right=LIFTED)


def open_notices_of_many(requests: Sequence[tuple[PrivacyRequest, Known]], now: int) -> None:
    """The same for many requests."""
    find_way = cache(_own_way)
    RecipientNotice.objects.bulk_create(notice for request, known in requests for notice in _make(request, known, now, find_way))


def _make(
    request: PrivacyRequest,
    known: Known,
    now: int,
    find_way: FindWay,
    *,
    corrected: Mapping[str, Any] | None = None,
    purposes: Sequence[str] | None = None,
    right: str = "",
) -> list[RecipientNotice]:
    if request.type not in PASSED_ON or not known.recipients:
        return []
    after = _identifiers(known.subjects) if request.type == RequestType.RECTIFICATION else {}
    return [
        _open(request, one, _told(one, known, after, corrected or {}, purposes or ()), now, find_way, right=right)
        for one in known.recipients
        if purposes is None or any(row.basis in purposes for row in one.rows)
    ]


def _own_way(processor_id: int | None, kind: str) -> str:
    return way_of(RecipientNotice(processor_id=processor_id, kind=kind))[0]


def _told(one: Recipient, known: Known, after: Identifiers, corrected: Mapping[str, Any], purposes: Sequence[str]) -> Told:
    before, now_known_as = knows(one, known.identifiers), knows(one, after)
    new = [identity for identity in now_known_as if identity not in before and identity[0] != DEVICE]
    return Told(
        identities=before,
        now_known_as=new,
        corrected=dict(corrected) if got_attributes(one) else {},
        purposes=sorted(set(purposes) & {row.basis for row in one.rows}),
    )


def _open(request: PrivacyRequest, one: Recipient, told: Told, now: int, find_way: FindWay, *, right: str) -> RecipientNotice:
    kind, recipient_id = one.own
    notice = RecipientNotice(
        request=request,
        workspace_id=request.workspace_id,
        right=right or request.type,
        processor_id=one.processor.pk if one.processor else None,
        kind=kind,
        recipient_id=recipient_id,
        name=one.name[:LONGEST_NAME],
        opened_at=now,
        asked_at=request.received_at,
        retry_until=now + RETRIED,
    )
    notice.way = find_way(notice.processor_id, notice.kind)
    if notice.way == Way.EXEMPT:
        notice.state = NoticeState.EXEMPT
        return notice
    notice.sealed, notice.sealed_until = seal_told(notice, told), now + SEALED
    if notice.way:
        notice.state, notice.due_at = NoticeState.WAITING, now
    else:
        notice.state, notice.silent_at, notice.chase_at = NoticeState.BY_HAND, now, now
    return notice
