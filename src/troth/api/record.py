"""The record of processing (Art. 30): derived, as JSON, CSV or PDF; and what nobody can derive, said."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from troth.api.access import READ_REPORTS, WRITE_REGISTERS, workspace_of
from troth.api.schemas import Input, Time, problems
from troth.kernel.clock import now_ms
from troth.privacy.record.deriving import read_record
from troth.privacy.record.parties import save_parties
from troth.privacy.record.writing import plain_record, write_csv, write_pdf

router = Router(tags=["record"])


class ControllerData(Input):
    """A controller on whose behalf data is processed."""

    name: str
    contact: str = ""
    dpo: str = ""
    categories: str = ""


class PartiesIn(Input):
    """What is said; fields that are not given stay as they are."""

    role: Literal["controller", "processor"] | None = None
    name: str | None = None
    address: str | None = None
    contact: str | None = None
    joint_controllers: str | None = None
    representative: str | None = None
    dpo: str | None = None
    dpo_not_needed: bool | None = None
    dpo_assessment: str | None = None
    people: list[str] | None = None
    measures: str | None = None
    controllers: list[ControllerData] | None = None


class MissingOut(Schema):
    """What the record lacks, and the page of the console where it is said."""

    article: str
    says: str
    path: str


class ProcessingRecordOut(Schema):
    """The record: of a controller with its `activities`, of a processor with the controllers among `parties`."""

    kind: Literal["controller", "processor"]
    article: str
    at: Time
    parties: dict[str, Any]
    activities: list[dict[str, Any]] | None = None
    transfers: list[str]
    recipients_in_use: list[dict[str, str]]
    processors: list[dict[str, str]]
    measures: list[str]
    missing: list[MissingOut]


_FILES: dict[str, Any] = {
    "responses": {
        200: {
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/pdf": {"schema": {"type": "string", "format": "binary"}},
            }
        }
    }
}


@router.get("/record", auth=READ_REPORTS, response={200: ProcessingRecordOut, **problems()}, openapi_extra=_FILES)
def read_record_of_processing(request: HttpRequest, format: Literal["json", "csv", "pdf"] = "json") -> Any:  # noqa: A002 -- the name of the parameter
    """The record as it is now, drawn from purposes, the inventory and where data goes; as CSV an activity a line, as PDF for an authority."""
    record = read_record(workspace_of(request), now_ms())
    if format == "csv":
        return HttpResponse(write_csv(record), content_type="text/csv; charset=utf-8")
    if format == "pdf":
        return HttpResponse(write_pdf(record), content_type="application/pdf")
    return plain_record(record)


@router.patch("/record/parties", auth=WRITE_REGISTERS, response={200: ProcessingRecordOut, **problems()})
def edit_record_parties(request: HttpRequest, parties: PartiesIn) -> dict[str, Any]:
    """Say who is answerable: the controller, its representative and data protection officer, of whom data is, and for whom a processor acts."""
    now = now_ms()
    save_parties(workspace_of(request), parties.dict(exclude_none=True), now=now)
    return plain_record(read_record(workspace_of(request), now))
