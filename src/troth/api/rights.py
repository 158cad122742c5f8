"""Rights of the person: export, erasure, restriction, objection, and the requests that record them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

from django.db.models import Q
from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router, Status

from troth.api.access import ERASE, EXPORT, WRITE_CONSENT, workspace_of
from troth.api.cursors import read_cursor, write_cursor
from troth.api.errors import Conflict, NotFound
from troth.api.persons import resolve
from troth.api.schemas import Cursor, Limit, ObjectionIn, PersonRef, RequestDetail, RequestOut, RequestsPage, RestrictionIn, problems
from troth.kernel.clock import iso, now_ms
from troth.kernel.personal_data import Subject
from troth.privacy.erasure import confirm_request, erase_person
from troth.privacy.export import write_export
from troth.privacy.models import PrivacyRequest, RequestState
from troth.privacy.places import exports_dir, make_private_dir
from troth.privacy.requests import object_for_person, record_export, restrict_person

router = Router(tags=["rights"])
PIECE = 64 * 1024
KINDS = {"json": "application/json", "zip": "application/zip"}


@router.post(
    "/people/{person}/export",
    auth=EXPORT,
    response=problems(404, 409),
    openapi_extra={
        "responses": {
            200: {
                "description": "Everything held on the person",
                "content": {
                    "application/json": {"schema": {"type": "object"}},
                    "application/zip": {"schema": {"type": "string", "format": "binary"}},
                },
            }
        }
    },
)
def export_person(
    request: HttpRequest,
    person: PersonRef,
    format: Annotated[Literal["json", "zip"] | None, Query(description="Else the Accept header decides; JSON when it does not.")] = None,  # noqa: A002 -- the name in the URL
) -> StreamingHttpResponse:
    """Everything held on a person (Art. 15, 20): JSON, or a zip with the same JSON and a page to read. It is recorded as a request."""
    workspace_id = workspace_of(request)
    subject = resolve(workspace_id, person)
    chosen = format or ("zip" if "application/zip" in request.headers.get("Accept", "") else "json")
    now = now_ms()
    record_export(subject, source="api", now=now)
    file = _exported(subject, chosen, now)
    response = StreamingHttpResponse(_pieces(file), content_type=KINDS[chosen])
    response["Content-Disposition"] = f'attachment; filename="person-{subject.person_id}.{chosen}"'
    response["Cache-Control"] = "no-store"
    return response


def _exported(subject: Subject, kind: str, now: int) -> BinaryIO:
    """The export as an open file that has no name any more: a slow reader holds no transaction, and nothing stays behind."""
    path: Path = make_private_dir(exports_dir()) / f"{uuid.uuid4()}.{kind}"
    try:
        write_export(subject, path, now=now)
        return path.open("rb")
    finally:
        path.unlink(missing_ok=True)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


@router.post("/people/{person}/erasure", auth=ERASE, response={202: RequestDetail, **problems(404, 409)})
def erase(request: HttpRequest, person: PersonRef) -> Status[RequestDetail]:
    """Erase a person (Art. 17). Deleted when this answers; erased when the search of every byte has passed: follow the request."""
    subject = resolve(workspace_of(request), person)
    return Status(202, _show_detail(erase_person(subject, now=now_ms(), source="api")))


@router.post("/people/{person}/restriction", auth=WRITE_CONSENT, response={201: RequestDetail, **problems(404, 409)})
def restrict(request: HttpRequest, said: RestrictionIn, person: PersonRef) -> Status[RequestDetail]:
    """Restrict processing (Art. 18): data is kept, and nothing else done with it, what is queued included. Corrections stay possible."""
    subject = resolve(workspace_of(request), person)
    return Status(201, _show_detail(restrict_person(subject, lift=False, source="api", reason=said.reason, now=now_ms())))


@router.delete("/people/{person}/restriction", auth=WRITE_CONSENT, response={200: RequestDetail, **problems(404, 409)})
def lift_restriction(
    request: HttpRequest,
    person: PersonRef,
    told: Annotated[bool, Query(description="The person was informed before, as Art. 18(3) demands; Troth does not inform them.")] = False,
) -> RequestDetail:
    """Lift a restriction, and record whether the person was told before."""
    subject = resolve(workspace_of(request), person)
    return _show_detail(restrict_person(subject, lift=True, source="api", reason="", now=now_ms(), told=told))


@router.post("/people/{person}/objection", auth=WRITE_CONSENT, response={201: RequestDetail, **problems(404, 409)})
def record_objection(request: HttpRequest, said: ObjectionIn, person: PersonRef) -> Status[RequestDetail]:
    """Record that a person objects (Art. 21); it counts at once, for what is queued too."""
    subject = resolve(workspace_of(request), person)
    evidence = {"note": said.note} if said.note else None
    return Status(201, _show_detail(object_for_person(subject, purposes=said.purposes, source="api", now=now_ms(), evidence=evidence)))


@router.get("/requests", auth=ERASE, response={200: RequestsPage, **problems()})
def list_requests(
    request: HttpRequest,
    state: Annotated[RequestState | None, Query(description="Only requests in this state.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> RequestsPage:
    """Privacy requests of the workspace, the newest first."""
    rows = PrivacyRequest.objects.filter(workspace_id=workspace_of(request))
    if state:
        rows = rows.filter(state=state)
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
    return _show_detail(_find(workspace_of(request), request_id))


@router.post("/requests/{request_id}/confirm", auth=ERASE, response={200: RequestDetail, **problems(404, 409)})
def confirm(request: HttpRequest, request_id: uuid.UUID) -> RequestDetail:
    """Carry out an erasure that a key visible in browsers asked for, and that waits for somebody to confirm it."""
    row = _find(workspace_of(request), request_id)
    if row.state != RequestState.AWAITING_CONFIRMATION:
        raise Conflict("This request does not wait for confirmation.")
    return _show_detail(confirm_request(row, now=now_ms()))


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


def _show_detail(row: PrivacyRequest) -> RequestDetail:
    return RequestDetail(**_facts(row), steps=row.steps, certificate=json.loads(row.certificate) if row.certificate else None)
