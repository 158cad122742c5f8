"""The register of processors: who gets data, where and on which ground; proposals with a window to object; what is not effective gets nothing."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Path, Router, Schema, Status

from troth.api.access import READ_REPORTS, WRITE_REGISTERS, workspace_of
from troth.api.schemas import Input, Time, problems
from troth.kernel.clock import now_ms
from troth.privacy.downstream.ways import plain_way
from troth.privacy.models import Processor
from troth.privacy.models.disclosures import NoticeWay
from troth.privacy.processors.register import (
    FIELDS,
    WINDOW_DAYS,
    change_processor,
    end_processor,
    find_processor,
    list_processors,
    object_to,
    plain_processor,
    register_processor,
    settle_objection,
)

router = Router(tags=["processors"])
ProcessorId = Annotated[int, Path(ge=1, lt=2**63)]


class ProcessorChange(Input):
    """Fields of an entry; those that are not given stay. Another name, place, transfer tool or chain is a new proposal."""

    name: str | None = None
    address: str | None = None
    contact: str | None = None
    service: str | None = None
    data_categories: str | None = None
    location: str | None = None
    transfer_tool: Literal["", "none_needed", "adequacy", "scc_1", "scc_2", "scc_3", "scc_4", "bcr", "derogation"] | None = None
    tia: str | None = None
    dpa: str | None = None
    parent_id: int | None = None
    channels: list[int] | None = None
    webhooks: list[int] | None = None
    window_days: int = WINDOW_DAYS


class ProcessorIn(ProcessorChange):
    """A new entry: `in_use` already, or proposed, with days in which members may object."""

    in_use: bool = False


class ProcessorObjectionIn(Input):
    """Why a proposal is objected to."""

    text: str


class WayOut(Schema):
    """How it is told of corrections, erasure and restriction (Art. 19); an empty way: members do it."""

    way: str
    address: str
    has_authorization: bool


class ProcessorOut(Schema):
    """An entry: `proposed` until `effective_at`, `objected` until that is settled, `effective`, or `ended`."""

    id: int
    name: str
    address: str
    contact: str
    service: str
    data_categories: str
    location: str
    transfer_tool: str
    tia: str
    dpa: str
    parent_id: int | None
    channels: list[int]
    webhooks: list[int]
    state: Literal["proposed", "objected", "effective", "ended"]
    effective_at: Time
    ended_at: Time | None
    objection: str
    told_by: WayOut


@router.get("/processors", auth=READ_REPORTS, response={200: list[ProcessorOut], **problems()})
def list_all_processors(request: HttpRequest) -> list[dict[str, Any]]:
    """The register, chain and proposals included: what a controller follows by machine."""
    return [show_processor(own, now_ms()) for own in list_processors(workspace_of(request))]


@router.post("/processors", auth=WRITE_REGISTERS, response={201: ProcessorOut, **problems()})
def add_processor(request: HttpRequest, processor: ProcessorIn) -> Status[dict[str, Any]]:
    """Register one that is in use, or propose one: members with authority are told by mail, and may object."""
    now = now_ms()
    made = register_processor(workspace_of(request), _given(processor), in_use=processor.in_use, window_days=processor.window_days, now=now)
    return Status(201, show_processor(made, now))


@router.patch("/processors/{processor_id}", auth=WRITE_REGISTERS, response={200: ProcessorOut, **problems(404)})
def edit_processor(request: HttpRequest, processor_id: ProcessorId, processor: ProcessorChange) -> dict[str, Any]:
    """Change an entry."""
    now = now_ms()
    own = find_processor(workspace_of(request), processor_id)
    return show_processor(change_processor(own, _given(processor), window_days=processor.window_days, now=now), now)


@router.post("/processors/{processor_id}/object", auth=WRITE_REGISTERS, response={200: ProcessorOut, **problems(404)})
def object_to_processor(request: HttpRequest, processor_id: ProcessorId, objection: ProcessorObjectionIn) -> dict[str, Any]:
    """Object to a proposal within its window: it is not effective until that is settled."""
    now = now_ms()
    return show_processor(object_to(find_processor(workspace_of(request), processor_id), objection.text, now=now), now)


@router.post("/processors/{processor_id}/settle", auth=WRITE_REGISTERS, response={200: ProcessorOut, **problems(404)})
def settle_processor_objection(request: HttpRequest, processor_id: ProcessorId, settled: ProcessorObjectionIn) -> dict[str, Any]:
    """The objection is settled, and how."""
    now = now_ms()
    return show_processor(settle_objection(find_processor(workspace_of(request), processor_id), settled.text, now=now), now)


@router.post("/processors/{processor_id}/end", auth=WRITE_REGISTERS, response={200: ProcessorOut, **problems(404)})
def end_use_of_processor(request: HttpRequest, processor_id: ProcessorId) -> dict[str, Any]:
    """It is used no more, and nothing leaves by what is linked to it."""
    now = now_ms()
    return show_processor(end_processor(find_processor(workspace_of(request), processor_id), now=now), now)


def _given(said: ProcessorChange) -> dict[str, Any]:
    return {name: value for name, value in said.dict(exclude_none=True).items() if name in FIELDS}


def show_processor(own: Processor, now: int) -> dict[str, Any]:
    """An entry, with how it is told."""
    return {**plain_processor(own, now), "told_by": plain_way(NoticeWay.objects.filter(processor=own).first())}
