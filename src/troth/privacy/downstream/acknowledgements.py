"""Which recipients were told of a request, and what they answered, for its certificate, its evidence and its page. Names of companies, and of nobody else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from troth.kernel.clock import iso
from troth.privacy.models.disclosures import NoticeAnswer, NoticeState, RecipientNotice

STANDING = {
    NoticeState.DONE: "acknowledged",
    NoticeState.REFUSED: "refused",
    NoticeState.EXEMPT: "not told",
    NoticeState.CANCELLED: "taken back",
}


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of all recipients of one request."""

    recipients: list[dict[str, Any]] = []
    done: int = 0
    refused: int = 0
    waiting: int = 0
    """Who has not answered."""
    sealed_until: int = 0
    """Until when identifiers may still be kept, encrypted, for who could not be told yet; 0: none are."""


def read_acknowledgements(request_id: UUID) -> Acknowledged:
    """The recipients of a request, by name."""
    return read_acknowledgements_of([request_id])[request_id]


def read_acknowledgements_of(request_ids: Collection[UUID]) -> dict[UUID, Acknowledged]:
    """The recipients of many requests, by name."""
    notices: dict[UUID, list[RecipientNotice]] = {request_id: [] for request_id in request_ids}
    for notice in RecipientNotice.objects.filter(request_id__in=request_ids).order_by("name", "pk"):
        notices[notice.request_id].append(notice)
    proofs: dict[UUID, NoticeAnswer] = {}
    if any(notices.values()):
        for answer in NoticeAnswer.objects.filter(notice__request_id__in=request_ids).order_by("pk").defer("body", "certificate"):
            proofs[answer.notice_id] = answer
    return {request_id: _put_together(own, proofs) for request_id, own in notices.items()}


def _put_together(notices: Sequence[RecipientNotice], proofs: Mapping[UUID, NoticeAnswer]) -> Acknowledged:
    states = [notice.state for notice in notices]
    return Acknowledged(
        recipients=[_plain(notice, proofs.get(notice.pk)) for notice in notices],
        done=sum(state in (NoticeState.DONE, NoticeState.EXEMPT, NoticeState.CANCELLED) for state in states),
        refused=states.count(NoticeState.REFUSED),
        waiting=sum(state not in STANDING for state in states),
        sealed_until=max((notice.sealed_until or 0 for notice in notices), default=0),
    )


def standing_of(notice: RecipientNotice) -> str:
    """In one word or two: `signed`, `acknowledged`, `refused`, `not told` (exempt), or `no answer yet`. Pure."""
    if notice.state == NoticeState.DONE and notice.is_signed:
        return "signed"
    return STANDING.get(NoticeState(notice.state), "no answer yet")


def _plain(notice: RecipientNotice, last: NoticeAnswer | None) -> dict[str, Any]:
    return {
        "recipient": notice.name,
        "right": notice.right,
        "answer": standing_of(notice),
        "state": notice.state,
        "by": notice.way or None,
        "silent_since": iso(notice.silent_at) if notice.silent_at else None,
        "told_at": iso(notice.told_at) if notice.told_at else None,
        "answered_at": iso(notice.answered_at) if notice.answered_at else None,
        "notice": str(notice.pk),
        "proof_sha256": last.digest or None if last else None,
        "recorded_by_a_member": bool(last and last.kind == "recorded"),
    }
