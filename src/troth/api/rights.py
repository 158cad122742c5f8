"""Rights of the person that are honoured at once: export, erasure, restriction, objection. The desk is `requests`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Annotated, Literal

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router, Status

from troth.api.access import ERASE, EXPORT, WRITE_CONSENT, workspace_of
from troth.api.persons import resolve
from troth.api.request_schemas import RequestDetail
from troth.api.requests import show_detail
from troth.api.schemas import ObjectionIn, PersonRef, RestrictionIn, problems
from troth.kernel.clock import now_ms
from troth.privacy.desk.portability import open_portable
from troth.privacy.erasure.erasing import erase_person
from troth.privacy.exporting.export import open_export
from troth.privacy.models import RequestType
from troth.privacy.requests import object_for_person, record_done, record_export, restrict_person

router = Router(tags=["rights"])
PIECE = 64 * 1024
Format = Literal["json", "zip", "pdf"]
KINDS = {"json": "application/json", "zip": "application/zip", "pdf": "application/pdf"}


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
                    "application/pdf": {"schema": {"type": "string", "format": "binary"}},
                },
            }
        }
    },
)
def export_person(
    request: HttpRequest,
    person: PersonRef,
    scope: Annotated[
        Literal["all", "portable"],
        Query(description="`portable`: what the person provided, observed data included (Art. 20), as a zip of JSON and CSV."),
    ] = "all",
    format: Annotated[Format | None, Query(description="Else the Accept header decides; JSON when it does not.")] = None,  # noqa: A002 -- the name in the URL
    language: Annotated[
        str, Query(max_length=35, description="Of what it says in words: en, de, fr or es; else the person's own, else English.")
    ] = "",
) -> StreamingHttpResponse:
    """Everything held on a person (Art. 15, 20): JSON, a zip with the same JSON and a page to read, or a PDF. It is recorded as a request."""
    workspace_id = workspace_of(request)
    subject = resolve(workspace_id, person)
    accepted = request.headers.get("Accept", "")
    chosen: str = format or next((kind for kind in ("zip", "pdf") if KINDS[kind] in accepted), "json")
    now = now_ms()
    if scope == "portable":
        chosen = "zip"
        record_done(subject, RequestType.PORTABILITY, source="api", now=now, steps={})
        file: IO[bytes] = open_portable(subject, now=now, language=language)
    else:
        record_export(subject, source="api", now=now)
        file = open_export(subject, f".{chosen}", now=now, language=language)
    response = StreamingHttpResponse(_pieces(file), content_type=KINDS[chosen])
    response["Content-Disposition"] = f'attachment; filename="person-{subject.person_id}.{chosen}"'
    response["Cache-Control"] = "no-store"
    return response


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


@router.post("/people/{person}/erasure", auth=ERASE, response={202: RequestDetail, **problems(404, 409)})
def erase(request: HttpRequest, person: PersonRef) -> Status[RequestDetail]:
    """Erase a person (Art. 17). Deleted when this answers; erased when the search of every byte has passed: follow the request."""
    subject = resolve(workspace_of(request), person)
    return Status(202, show_detail(erase_person(subject, now=now_ms(), source="api")))


@router.post("/people/{person}/restriction", auth=WRITE_CONSENT, response={201: RequestDetail, **problems(404, 409)})
def restrict(request: HttpRequest, said: RestrictionIn, person: PersonRef) -> Status[RequestDetail]:
    """Restrict processing (Art. 18): data is kept, and nothing else done with it, what is queued included. Corrections stay possible."""
    subject = resolve(workspace_of(request), person)
    return Status(201, show_detail(restrict_person(subject, lift=False, source="api", reason=said.reason, now=now_ms())))


@router.delete("/people/{person}/restriction", auth=WRITE_CONSENT, response={200: RequestDetail, **problems(404, 409)})
def lift_restriction(
    request: HttpRequest,
    person: PersonRef,
    told: Annotated[bool, Query(description="The person was informed before, as Art. 18(3) demands; Troth does not inform them.")] = False,
) -> RequestDetail:
    """Lift a restriction, and record whether the person was told before."""
    subject = resolve(workspace_of(request), person)
    return show_detail(restrict_person(subject, lift=True, source="api", reason="", now=now_ms(), told=told))


@router.post("/people/{person}/objection", auth=WRITE_CONSENT, response={201: RequestDetail, **problems(404, 409)})
def record_objection(request: HttpRequest, said: ObjectionIn, person: PersonRef) -> Status[RequestDetail]:
    """Record that a person objects (Art. 21); it counts at once, for what is queued too."""
    subject = resolve(workspace_of(request), person)
    evidence = {"note": said.note} if said.note else None
    return Status(201, show_detail(object_for_person(subject, purposes=said.purposes, source="api", now=now_ms(), evidence=evidence)))
