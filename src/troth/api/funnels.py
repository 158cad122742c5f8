"""Funnels: how far people came through events of your choice, counted as they are asked, or kept under a name for everybody of the workspace."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema, Status
from pydantic import Field, StringConstraints

from troth.api.access import READ_REPORTS, WRITE_CAMPAIGNS, workspace_of
from troth.api.errors import NotFound
from troth.api.reports import AS_CSV, Told
from troth.api.schemas import Input, PurposeKey, Time, problems
from troth.campaigns.funnels import funnel_rows, name_received, plain_funnel
from troth.campaigns.models import SavedFunnel
from troth.campaigns.reports import SourceUnknown, write_csv
from troth.campaigns.saved_funnels import change_funnel, delete_funnel, find_funnel, keep_funnel, list_funnels
from troth.kernel.clock import iso, now_ms
from troth.messages.reports.funnels import LONGEST_FUNNEL, MOST_STEPS, count_funnel, read_funnel
from troth.messages.reports.shapes import make_span

router = Router(tags=["reports"])


class FunnelStepIn(Input):
    """An event, and what holds of its properties."""

    event: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    where: Annotated[dict[str, Any] | None, Field(description="As in a segment's condition on an event; see docs/segments.md.")] = None


class FunnelIn(Input):
    """Events in order, within so many days of the first."""

    steps: Annotated[list[FunnelStepIn], Field(min_length=2, max_length=MOST_STEPS)]
    days: int = Field(7, ge=1, le=LONGEST_FUNNEL)
    segment: int | None = Field(None, description="Its members alone, as they are now.")
    source: Annotated[str, StringConstraints(max_length=40)] = Field(
        "", description="Such as `newsletter:7`: whoever got a message of it is told apart, by variant, from who did not."
    )
    also_for: list[PurposeKey] = Field(
        default_factory=list,
        max_length=20,
        description="Further purposes that looking serves: only who agreed to each of these is counted.",
    )


class CourseOut(Schema):
    """How many came to each step. `people` null: fewer than five began, of whom nothing is told."""

    people: list[int] | None


class FunnelDayOut(CourseOut):
    """Who began on a day."""

    day: date


class FunnelVariantOut(CourseOut):
    """Who was sent a variant last; `key` empty: nothing."""

    key: str
    name: str


class FunnelOut(FunnelIn):
    """A funnel with its figures; days and variants add up to `people`."""

    first: date
    last: date
    zone: str
    people: list[int] | None
    still_open: int | None = Field(description="Who has not come to the end and has days left.")
    left_out: int = Field(description="People who may not be looked at by behaviour; what they did is not counted anywhere.")
    daily: list[FunnelDayOut]
    variants: list[FunnelVariantOut]


class SavedFunnelIn(FunnelIn):
    """A funnel to keep, with the name that the workspace knows it by."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class SavedFunnelOut(SavedFunnelIn):
    """A funnel that is kept. No figures are: they are counted when they are asked for."""

    id: int
    updated_at: Time


@router.post("/reports/funnel", auth=READ_REPORTS, response={200: FunnelOut, **problems(404)}, openapi_extra=AS_CSV)
def read_funnel_of_events(request: HttpRequest, funnel: FunnelIn, asked: Query[Told]) -> Any:
    """How far people came through events of your choice; nothing is kept. A person counts once, by the day of their first step. No person can be told from it."""
    return _count(workspace_of(request), funnel.dict(exclude_unset=True), asked)


@router.get("/reports/funnels", auth=READ_REPORTS, response={200: list[SavedFunnelOut], **problems()})
def list_saved_funnels(request: HttpRequest) -> list[SavedFunnelOut]:
    """The funnels that the workspace keeps, by name."""
    return [_show(own) for own in list_funnels(workspace_of(request))]


@router.post("/reports/funnels", auth=WRITE_CAMPAIGNS, response={201: SavedFunnelOut, **problems()})
def save_funnel(request: HttpRequest, funnel: SavedFunnelIn) -> Status[SavedFunnelOut]:
    """Keep a funnel under a name that no other has. Refused as counting it would be, with the place."""
    return Status(201, _show(keep_funnel(workspace_of(request), funnel.name, _plain(funnel), now=now_ms())))


@router.get("/reports/funnels/{funnel_id}", auth=READ_REPORTS, response={200: SavedFunnelOut, **problems(404)})
def get_saved_funnel(request: HttpRequest, funnel_id: int) -> SavedFunnelOut:
    """One that is kept, without figures."""
    return _show(find_funnel(workspace_of(request), funnel_id))


@router.get("/reports/funnels/{funnel_id}/figures", auth=READ_REPORTS, response={200: FunnelOut, **problems(404)}, openapi_extra=AS_CSV)
def read_saved_funnel(request: HttpRequest, funnel_id: int, asked: Query[Told]) -> Any:
    """One that is kept, counted now. Refused where it cannot be counted any more, such as after what it reads was assigned to another purpose."""
    own = find_funnel(workspace_of(request), funnel_id)
    return _count(own.workspace_id, own.asked, asked)


@router.put("/reports/funnels/{funnel_id}", auth=WRITE_CAMPAIGNS, response={200: SavedFunnelOut, **problems(404)})
def change_saved_funnel(request: HttpRequest, funnel_id: int, funnel: SavedFunnelIn) -> SavedFunnelOut:
    """Change what is kept, and its name."""
    return _show(change_funnel(find_funnel(workspace_of(request), funnel_id), funnel.name, _plain(funnel), now=now_ms()))


@router.delete("/reports/funnels/{funnel_id}", auth=WRITE_CAMPAIGNS, response={204: None, **problems(404)})
def delete_saved_funnel(request: HttpRequest, funnel_id: int) -> Status[None]:
    """Keep it no more."""
    delete_funnel(find_funnel(workspace_of(request), funnel_id))
    return Status(204, None)


def _plain(funnel: SavedFunnelIn) -> dict[str, Any]:
    return funnel.dict(exclude_unset=True, exclude={"name"})


def _count(workspace_id: int, given: Any, asked: Told) -> Any:
    now = now_ms()
    read = read_funnel(workspace_id, given)
    try:
        names = name_received(workspace_id, read)
    except SourceUnknown as error:
        raise NotFound(str(error)) from None
    found = count_funnel(workspace_id, make_span(asked.first, asked.last, zone=asked.zone, now=now), read, now=now)
    if asked.format == "csv":
        return HttpResponse(write_csv(funnel_rows(found, names)), content_type="text/csv; charset=utf-8")
    return plain_funnel(found, names)


def _show(own: SavedFunnel) -> SavedFunnelOut:
    return SavedFunnelOut(id=own.pk, name=own.name, updated_at=iso(own.updated_at), **own.asked)
