"""Who is told of what: notices are opened in the transaction that honours the right, for everybody whom the disclosure log names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from troth.kernel.personal_data import Subject
from troth.people.identifiers import DEVICE
from troth.people.queries import load_identifiers
from troth.privacy.disclosures.log import LONGEST_NAME
from troth.privacy.disclosures.reading import Recipient, find_recipients_of
from troth.privacy.downstream.course import RETRIED, SEALED
from troth.privacy.downstream.sealing import Told, got_attributes, knows, seal_told
from troth.privacy.downstream.ways import way_of
from troth.privacy.models import PrivacyRequest, RequestType
from troth.privacy.models.disclosures import NoticeState, RecipientNotice, Way

PASSED_ON = (RequestType.ERASURE, RequestType.RECTIFICATION, RequestType.RESTRICTION, RequestType.OBJECTION, RequestType.CONSENT_WITHDRAWAL)
"""Art. 19 names the first three; whoever got data for a purpose that was objected to, or withdrawn, has to stop, too."""
LIFTED = "restriction_lifted"
Identifiers = Mapping[int, list[tuple[str, str]]]


class Known(NamedTuple):
    """Who has the data of persons, and by what they know them: as it is before the right is honoured."""

    subjects: Sequence[Subject]
    recipients: list[Recipient]
    identifiers: Identifiers


def find_known(subjects: Sequence[Subject]) -> Known:
    """Look before a right is honoured: afterwards the old identifiers, or the whole log, are gone."""
    recipients = find_recipients_of(subjects)
    return Known(subjects, recipients, _identifiers(subjects) if recipients else {})


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
    lifted: bool = False,
) -> int:
    """Open a notice for each recipient, inside the caller's transaction, which has saved the request; returns how many.

    `purposes`: only recipients who got data for one of them.
    """
    if request.type not in PASSED_ON or not known.recipients:
        return 0
    after = _identifiers(known.subjects) if request.type == RequestType.RECTIFICATION else {}
    opened = [
        _open(request, one, _told(one, known, after, corrected or {}, purposes or ()), now, lifted=lifted)
        for one in known.recipients
        if purposes is None or any(row.basis in purposes for row in one.rows)
    ]
    RecipientNotice.objects.bulk_create(opened)
    return len(opened)


def _told(one: Recipient, known: Known, after: Identifiers, corrected: Mapping[str, Any], purposes: Sequence[str]) -> Told:
    before, now_known_as = knows(one, known.identifiers), knows(one, after)
    new = [identity for identity in now_known_as if identity not in before and identity[0] != DEVICE]
    return Told(
        identities=before,
        now_known_as=new,
        corrected=dict(corrected) if got_attributes(one) else {},
        purposes=sorted(set(purposes) & {row.basis for row in one.rows}),
    )


def _open(request: PrivacyRequest, one: Recipient, told: Told, now: int, *, lifted: bool) -> RecipientNotice:
    kind, recipient_id = one.own
    notice = RecipientNotice(
        request=request,
        workspace_id=request.workspace_id,
        right=LIFTED if lifted else request.type,
        processor_id=one.processor.pk if one.processor else None,
        kind=kind,
        recipient_id=recipient_id,
        name=one.name[:LONGEST_NAME],
        opened_at=now,
        asked_at=request.received_at,
        retry_until=now + RETRIED,
    )
    notice.way = way_of(notice)[0]
    if notice.way == Way.EXEMPT:
        notice.state = NoticeState.EXEMPT
        return notice
    notice.sealed, notice.sealed_until = seal_told(notice, told), now + SEALED
    if notice.way:
        notice.state, notice.due_at = NoticeState.WAITING, now
    else:
        notice.state, notice.silent_at, notice.chase_at = NoticeState.BY_HAND, now, now
    return notice
