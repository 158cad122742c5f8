"""What is shown of notices to recipients: on a request, in a list of who owes an answer, and with the proofs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from troth.kernel.clock import iso
from troth.privacy.downstream.acknowledgements import standing_of
from troth.privacy.downstream.course import OPEN
from troth.privacy.models.disclosures import NoticeAnswer, RecipientNotice


def list_notices(workspace_id: int, *, request_id: UUID | None = None, owing: bool = False) -> QuerySet[RecipientNotice]:
    """Those of a workspace, the newest first; of one request; `owing`: only recipients who have not answered."""
    rows = RecipientNotice.objects.filter(workspace_id=workspace_id)
    if request_id is not None:
        rows = rows.filter(request_id=request_id)
    if owing:
        rows = rows.filter(state__in=OPEN)
    return rows.order_by("-opened_at", "name", "pk")


def plain_notice(own: RecipientNotice) -> dict[str, Any]:
    """For JSON."""
    return {
        "id": str(own.pk),
        "request_id": str(own.request_id),
        "recipient": own.name,
        "processor_id": own.processor_id,
        "right": own.right,
        "way": own.way,
        "state": own.state,
        "answer": standing_of(own),
        "is_silent": own.silent_at is not None and own.state in OPEN,
        "silent_since": _moment(own.silent_at),
        "opened_at": iso(own.opened_at),
        "told_at": _moment(own.told_at),
        "expected_at": _moment(own.expected_at),
        "answered_at": _moment(own.answered_at),
        "next_try_at": _moment(own.due_at),
        "attempts": own.attempts,
        "status": own.status,
        "trouble": own.trouble,
        "identifiers_kept_until": _moment(own.sealed_until),
    }


def plain_answer(answer: NoticeAnswer) -> dict[str, Any]:
    """A proof, whole: body, signature and certificate, with which anybody can check it."""
    return {
        "at": iso(answer.at),
        "kind": answer.kind,
        "state": answer.state,
        "means": answer.means,
        "sha256": answer.digest,
        "body": answer.body,
        "signature": answer.signature,
        "certificate": answer.certificate,
        "domain": answer.domain,
    }


def _moment(at: int | None) -> str | None:
    return None if at is None else iso(at)
