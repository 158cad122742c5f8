"""Recipients (Art. 19): who was told of what persons asked for, what they answered, and the proofs; a member's system records what was heard otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from troth.api.access import ERASE, NO_MEMBER, WRITE_REGISTERS, workspace_of
from troth.api.errors import Conflict, NotFound
from troth.api.processors import ProcessorId, ProcessorOut, show_processor
from troth.api.schemas import Input, Time, problems
from troth.kernel.clock import now_ms
from troth.privacy.downstream.answering import AnswerImpossible, NoticeUnknown, find_notice, record_answer, take_back, tell_again
from troth.privacy.downstream.reading import list_notices, plain_answer, plain_notice
from troth.privacy.downstream.ways import set_way
from troth.privacy.models import PrivacyRequest
from troth.privacy.models.disclosures import RecipientNotice
from troth.privacy.processors.register import find_processor

router = Router(tags=["recipients"])


class ToldRecipientOut(Schema):
    """A recipient who is told of one request. `answer`: `signed`, `acknowledged`, `refused`, `not told`, `taken back` or `no answer yet`."""

    id: UUID
    request_id: UUID
    recipient: str
    processor_id: int | None
    right: str
    way: str
    state: Literal["waiting", "by_hand", "told", "in_progress", "done", "refused", "cancelled", "exempt"]
    answer: str
    is_silent: bool = Field(description="Whether their silence is a matter for members.")
    silent_since: Time | None
    opened_at: Time
    told_at: Time | None
    expected_at: Time | None
    answered_at: Time | None
    next_try_at: Time | None
    attempts: int
    status: int
    trouble: str
    identifiers_kept_until: Time | None


class RecipientAnswerOut(Schema):
    """One answer, with what proves it. Of an OpenDSR receipt the body lacks `encoded_request`, and `sha256` is that of the whole."""

    at: Time
    kind: str
    state: str
    means: str
    sha256: str
    body: str
    signature: str
    certificate: str
    domain: str


class RecipientDetail(ToldRecipientOut):
    """A recipient with all that they answered, the earliest first."""

    answers: list[RecipientAnswerOut]


class AnswerIn(Input):
    """What was heard from a recipient, and by what means."""

    answer: Literal["told", "in_progress", "done", "refused"]
    means: Literal["letter", "mail", "phone", "portal"]


class WayIn(Input):
    """How a processor is told. `address`: the base of its OpenDSR doors, a mail address, the id of a webhook, or why it is exempt; `authorization` as it stands in the header."""

    way: Literal["", "opendsr", "webhook", "mail", "exempt"]
    address: str = ""
    authorization: str | None = None


@router.get("/recipients", auth=ERASE, response={200: list[ToldRecipientOut], **problems()})
def list_recipients(
    request: HttpRequest,
    owing: Annotated[bool, Query(description="Only who has not answered.")] = False,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 200,
) -> list[dict[str, Any]]:
    """Who was told, the newest first."""
    return [plain_notice(own) for own in list_notices(workspace_of(request), owing=owing)[:limit]]


@router.get("/requests/{request_id}/recipients", auth=ERASE, response={200: list[ToldRecipientOut], **problems(404)})
def list_recipients_of_request(request: HttpRequest, request_id: UUID) -> list[dict[str, Any]]:
    """The recipients of one request."""
    workspace_id = workspace_of(request)
    if not PrivacyRequest.objects.filter(workspace_id=workspace_id, pk=request_id).exists():
        raise NotFound("There is no such request in this workspace.")
    return [plain_notice(own) for own in list_notices(workspace_id, request_id=request_id)]


@router.get("/recipients/{notice_id}", auth=ERASE, response={200: RecipientDetail, **problems(404)})
def get_recipient(request: HttpRequest, notice_id: UUID) -> dict[str, Any]:
    """One, with the proofs of what they answered."""
    return _detail(_find(request, notice_id))


@router.post("/recipients/{notice_id}/answer", auth=ERASE, response={200: RecipientDetail, **problems(404, 409)})
def record_answer_of_recipient(request: HttpRequest, notice_id: UUID, said: AnswerIn) -> dict[str, Any]:
    """Record what was heard by letter, mail, telephone or in a portal."""
    own = _find(request, notice_id)
    return _acted(own, lambda: record_answer(own, said.answer, said.means, user_id=NO_MEMBER, now=now_ms()))


@router.post("/recipients/{notice_id}/again", auth=ERASE, response={200: RecipientDetail, **problems(404, 409)})
def tell_recipient_again(request: HttpRequest, notice_id: UUID) -> dict[str, Any]:
    """Begin to tell them anew, by the way that is set up now."""
    own = _find(request, notice_id)
    return _acted(own, lambda: tell_again(own, now=now_ms()))


@router.post("/recipients/{notice_id}/take-back", auth=ERASE, response={200: RecipientDetail, **problems(404, 409)})
def take_back_from_recipient(request: HttpRequest, notice_id: UUID) -> dict[str, Any]:
    """Ask them not to do it, while they have not begun."""
    own = _find(request, notice_id)
    return _acted(own, lambda: take_back(own, now=now_ms()))


@router.put("/processors/{processor_id}/way", auth=WRITE_REGISTERS, response={200: ProcessorOut, **problems(404)})
def set_way_of_processor(request: HttpRequest, processor_id: ProcessorId, said: WayIn) -> dict[str, Any]:
    """How it is told of corrections, erasure and restriction from now on; empty: members do it."""
    own, now = find_processor(workspace_of(request), processor_id), now_ms()
    set_way(own, said.way, said.address, authorization=said.authorization, now=now)
    return show_processor(find_processor(own.workspace_id, own.pk), now)


def _find(request: HttpRequest, notice_id: UUID) -> RecipientNotice:
    try:
        return find_notice(workspace_of(request), notice_id)
    except NoticeUnknown as error:
        raise NotFound(str(error)) from None


def _acted(own: RecipientNotice, act: Callable[[], None]) -> dict[str, Any]:
    try:
        act()
    except AnswerImpossible as error:
        raise Conflict(str(error)) from None
    return _detail(own)


def _detail(own: RecipientNotice) -> dict[str, Any]:
    return {**plain_notice(own), "answers": [plain_answer(answer) for answer in own.answers.order_by("pk")]}
