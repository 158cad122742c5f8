"""The desk of privacy requests: opened, listed, followed; who asks is checked, steps are taken, and whoever asked is told."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from django.db.models import Q
from django.http import HttpRequest
from ninja import Query, Router, Status

from troth.api.access import ERASE, workspace_of
from troth.api.cursors import read_cursor, write_cursor
from troth.api.errors import Conflict, NotFound, Unprocessable
from troth.api.persons import resolve
from troth.api.request_schemas import (
    BulkIn,
    BulkOut,
    ClockOut,
    DetailsIn,
    DraftOut,
    ForwardingOut,
    IdentityIn,
    LookIn,
    RequestDetail,
    RequestIn,
    RequestsPage,
    StepIn,
    StepOut,
    UnknownRequestIn,
)
from troth.api.schemas import Cursor, Limit, PersonRef, RequestOut, problems
from troth.kernel.clock import iso, now_ms
from troth.messages.direct import NotSent
from troth.privacy.desk import cases, listing
from troth.privacy.desk.bulk import take_for_many
from troth.privacy.desk.carrying_out import DetailMissing, Details, Ground
from troth.privacy.desk.checking import check_code, check_values
from troth.privacy.desk.deciding import NotOursToDecide
from troth.privacy.desk.evidence import make_evidence
from troth.privacy.desk.forwarding import NotForwarded, forwarding_of
from troth.privacy.desk.freezing import list_frozen
from troth.privacy.desk.identity import IdentityLacking, IdentityRefused, Means, is_known_enough
from troth.privacy.desk.requesters import look_again, take_request
from troth.privacy.desk.steps import Said, Step, draft_kind, take_step
from troth.privacy.desk.telling import NoAddress, draft, mail_code
from troth.privacy.erasure.erasing import confirm_request
from troth.privacy.history import By, read_history, read_words
from troth.privacy.legal_clock import ExtensionImpossible
from troth.privacy.models import PrivacyRequest, RequestState, RequestType
from troth.privacy.states import StepImpossible

router = Router(tags=["requests"])
API = By("api")
AS_THINGS_STAND = (
    StepImpossible,
    NotOursToDecide,
    ExtensionImpossible,
    IdentityLacking,
    IdentityRefused,
    NoAddress,
    NotSent,
    NotForwarded,
    cases.PersonGone,
)
"""Nothing is wrong with the call: it cannot be done now."""


@router.post("/people/{person}/requests", auth=ERASE, response={201: RequestDetail, **problems(400, 404, 409)})
def open_request(request: HttpRequest, said: RequestIn, person: PersonRef) -> Status[RequestDetail]:
    """Take a request of a person, whatever way it came; its term runs from when it was received."""
    subject = resolve(workspace_of(request), person)
    means = _own_means(said.identity)
    made = cases.open_request(
        subject,
        said.type,
        by=API,
        now=now_ms(),
        received_at=said.received_at,
        language=said.language,
        words=said.words,
        means=means,
        purposes=said.purposes,
    )
    return Status(201, show_detail(made))


@router.post("/requests", auth=ERASE, response={201: RequestDetail, **problems(400)})
def take_unknown_request(request: HttpRequest, said: UnknownRequestIn) -> Status[RequestDetail]:
    """Take a request of whoever it may be: of the person to whom what was told leads, else of somebody who is not on file (Art. 11(2), 12(2))."""
    made = take_request(
        workspace_of(request),
        said.type,
        told=_told(said.told),
        address=said.address,
        by=API,
        now=now_ms(),
        received_at=said.received_at,
        language=said.language,
        words=said.words,
        purposes=said.purposes,
    )
    return Status(201, show_detail(made))


@router.post("/requests/{request_id}/person", auth=ERASE, response={200: RequestDetail, **problems(404, 409)})
def look_for_person(request: HttpRequest, said: LookIn, request_id: uuid.UUID) -> RequestDetail:
    """Look again for somebody who was not on file, by one datum more; `person_id` tells whether they were found. That identifies nobody."""
    row = _find(workspace_of(request), request_id)
    _as_things_stand(lambda: look_again(row, _told(said.told), by=API, now=now_ms()))
    return show_detail(row)


def _told(told: Mapping[Any, str]) -> dict[str, str]:
    return {str(kind): value for kind, value in told.items()}


def _own_means(means: Means | None) -> str:
    """What the caller may say of their own: the rest is checked here."""
    if means in (None, Means.LOGIN, Means.MANDATE):
        return means or ""
    raise Unprocessable("Only `login` and `mandate` are yours to say: codes and values are checked by Troth.", path="$.identity")


@router.post("/requests/{request_id}/code", auth=ERASE, response={200: RequestDetail, **problems(404, 409)})
def send_code(request: HttpRequest, request_id: uuid.UUID) -> RequestDetail:
    """Mail a code to the address on file, for the person to tell back within an hour."""
    row = _find(workspace_of(request), request_id)
    _as_things_stand(lambda: mail_code(row, by=API, now=now_ms()))
    return show_detail(row)


@router.post("/requests/{request_id}/identity", auth=ERASE, response={200: RequestDetail, **problems(404, 409)})
def identify(request: HttpRequest, said: IdentityIn, request_id: uuid.UUID) -> RequestDetail:
    """Show who is asking (Art. 12(6)), by one of the three. Five wrong tries close the first two."""
    row, now = _find(workspace_of(request), request_id), now_ms()
    if sum(one is not None for one in (said.code, said.values, said.means)) != 1:
        raise Unprocessable("Say one of `code`, `values` and `means`.", path="$")
    if said.code is not None:
        code = said.code
        _as_things_stand(lambda: check_code(row, code, by=API, now=now))
    elif said.values is not None:
        values = said.values
        _as_things_stand(lambda: check_values(row, values, by=API, now=now))
    else:
        means = Means(_own_means(said.means))
        _as_things_stand(lambda: cases.identify(row, means, by=API, now=now))
    return show_detail(row)


@router.get("/requests/{request_id}/draft", auth=ERASE, response={200: DraftOut, **problems(404)})
def read_draft(
    request: HttpRequest,
    request_id: uuid.UUID,
    step: Annotated[Step, Query()] = Step.ANSWER,
    language: Annotated[str, Query(max_length=10)] = "",
    ground: Annotated[Ground, Query(description="Of a refusal (Art. 12(5)).")] = Ground.NONE,
) -> DraftOut:
    """The mail that a step begins with, in the person's language; send it back, changed, with the step."""
    row = _find(workspace_of(request), request_id)
    kind = draft_kind(row, step, ground)
    if not kind:
        raise NotFound("This step begins with no mail.")
    made = draft(row, kind, now_ms(), language=language)
    return DraftOut(language=made.language, subject=made.subject, text=made.text)


@router.get("/requests/{request_id}/evidence", auth=ERASE, response={200: dict[str, Any], **problems(404)})
def read_evidence(request: HttpRequest, request_id: uuid.UUID) -> dict[str, Any]:
    """Everything that proves how the request was answered, signed like a certificate; `troth privacy verify` checks it."""
    made: dict[str, Any] = json.loads(make_evidence(_find(workspace_of(request), request_id), now_ms()))
    return made


@router.post("/requests/{request_id}/steps", auth=ERASE, response={200: RequestDetail, **problems(400, 404, 409)})
def step(request: HttpRequest, said: StepIn, request_id: uuid.UUID) -> RequestDetail:
    """Take a step: ask, extend, refuse, carry out, answer, … The person is told by mail, or you say that you told them otherwise."""
    row = _find(workspace_of(request), request_id)
    what = Said(text=said.text, subject=said.subject, how=said.tell, details=_details(said.details))
    _as_things_stand(lambda: take_step(row, said.step, what, by=API, now=now_ms()))
    return show_detail(row)


@router.post("/requests/steps", auth=ERASE, response={200: BulkOut, **problems()})
def bulk(request: HttpRequest, said: BulkIn) -> BulkOut:
    """The same step for many requests; each that cannot take it says why. Without a text the person gets the letter in their language, by mail."""
    done, refused = take_for_many(workspace_of(request), said.requests, said.step, by=API, now=now_ms(), text=said.text)
    return BulkOut(done=done, refused={str(request_id): why for request_id, why in refused.items()})


def _details(said: DetailsIn | None) -> Details:
    return msgspec.convert(said.dict(exclude_none=True), Details) if said else Details()


def _as_things_stand(act: Any) -> None:
    """Carry out, and answer 409 where it cannot be done as things stand."""
    try:
        act()
    except AS_THINGS_STAND as error:
        raise Conflict(str(error)) from None
    except (cases.ReasonMissing, DetailMissing) as error:
        raise Unprocessable(str(error), path="$") from None


@router.get("/requests", auth=ERASE, response={200: RequestsPage, **problems()})
def list_requests(
    request: HttpRequest,
    state: Annotated[RequestState | None, Query(description="Only requests in this state.")] = None,
    type: Annotated[RequestType | None, Query(description="Only this right.")] = None,  # noqa: A002 -- the name in the URL
    show: Annotated[
        Literal["open", "due_soon", "overdue"] | None, Query(description="Open; due within a week; or with the term over.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> RequestsPage:
    """Privacy requests of the workspace, the newest first."""
    rows = listing.select(workspace_of(request), now_ms(), right=type or "", state=state or "", show=show or "")
    if position := read_cursor(cursor, 4):
        received_at, *words = position
        last_id = _uuid_of(words)
        rows = rows.filter(Q(received_at__lt=received_at) | Q(received_at=received_at, id__lt=last_id))
    found = list(rows.order_by("-received_at", "-id")[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    return RequestsPage(
        items=[RequestOut(**_facts(row)) for row in found[:limit]],
        next_cursor=_cursor_after(last) if last else None,
    )


def _cursor_after(row: PrivacyRequest) -> str:
    """A cursor holds numbers of 63 bits, a request's id has 128."""
    number = row.id.int
    return write_cursor(row.received_at, number >> 96, number >> 48 & 0xFFFFFFFFFFFF, number & 0xFFFFFFFFFFFF)


def _uuid_of(words: list[int]) -> uuid.UUID:
    number = (words[0] << 96) | (words[1] << 48) | words[2]
    return uuid.UUID(int=number) if 0 <= number < 2**128 else uuid.UUID(int=0)


@router.get("/requests/{request_id}", auth=ERASE, response={200: RequestDetail, **problems(404)})
def get_request(request: HttpRequest, request_id: uuid.UUID) -> RequestDetail:
    """One request, with what was done and its certificate."""
    return show_detail(_find(workspace_of(request), request_id))


@router.post("/requests/{request_id}/confirm", auth=ERASE, response={200: RequestDetail, **problems(404, 409)})
def confirm(request: HttpRequest, request_id: uuid.UUID) -> RequestDetail:
    """Carry out an erasure that a key visible in browsers asked for, and that waits for somebody to confirm it."""
    row = _find(workspace_of(request), request_id)
    if row.state != RequestState.AWAITING_CONFIRMATION:
        raise Conflict("This request does not wait for confirmation.")
    return show_detail(confirm_request(row, now=now_ms()))


def _find(workspace_id: int, request_id: uuid.UUID) -> PrivacyRequest:
    found = PrivacyRequest.objects.filter(workspace_id=workspace_id, pk=request_id).first()
    if found is None:
        raise NotFound("There is no such request in this workspace.")
    return found


def _facts(row: PrivacyRequest) -> dict[str, Any]:
    return {
        "id": row.id,
        "type": row.type,
        "state": row.state,
        "source": row.source,
        "person_id": None if row.person_id is None else str(row.person_id),
        "received_at": iso(row.received_at),
        "due_at": iso(row.due_at),
        "deleted_at": None if row.deleted_at is None else iso(row.deleted_at),
        "closed_at": None if row.closed_at is None else iso(row.closed_at),
    }


def _forwarding(row: PrivacyRequest) -> ForwardingOut | None:
    own = forwarding_of(row)
    if own is None:
        return None
    return ForwardingOut(due_at=iso(own.due_at), forwarded_at=iso(own.forwarded_at) if own.forwarded_at else None, how=own.how)


def show_detail(row: PrivacyRequest) -> RequestDetail:
    """A request whole."""
    now = now_ms()
    clock, words = cases.clock_of(row, now), read_words(row)
    return RequestDetail(
        **_facts(row),
        language=row.language,
        identity=row.identity,
        identity_is_enough=is_known_enough(row.type, row.identity),
        clock=ClockOut(
            due_at=iso(clock.due_at),
            first_due_at=iso(clock.first_due_at),
            is_paused=clock.is_paused,
            is_extended=clock.is_extended,
            is_overdue=clock.is_overdue and listing.is_unanswered(row),
        ),
        forwarding=_forwarding(row),
        frozen=list_frozen(row),
        possible=[str(act) for act in cases.acts_of(row)],
        history=[
            StepOut(
                at=iso(one.at),
                step=one.act,
                door=one.door,
                role=one.role,
                state=one.state,
                facts=one.facts,
                subject=words[one.id].subject if one.id in words else None,
                text=words[one.id].text if one.id in words else None,
            )
            for one in read_history(row)
        ],
        steps=row.steps,
        certificate=json.loads(row.certificate) if row.certificate else None,
    )
