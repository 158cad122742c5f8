"""The seat: by whose public holidays and days legal terms are counted, and who is told of them."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field, StringConstraints

from troth.api.access import WRITE_REGISTERS, workspace_of
from troth.api.schemas import Input, problems
from troth.privacy.legal_clock import Seat
from troth.privacy.seats import load_seat, set_contact, set_language, set_seat
from troth.workspaces.models import Workspace

router = Router(tags=["requests"])
Word = Annotated[str, StringConstraints(max_length=320)]


class SeatIn(Input):
    """What is to change; what is left out stays."""

    country: Word | None = Field(None, description="ISO 3166, e.g. `DE`; empty: only weekends count.")
    region: Word | None = Field(None, description="Where holidays differ, e.g. `BY`.")
    zone: Word | None = Field(None, description="IANA, e.g. `Europe/Berlin`.")
    contact: Word | None = Field(None, description="The address that is told of terms; empty: owners and privacy officers.")
    language: Word | None = Field(
        None, description="In which they, and members who chose none, are written to: `en`, `de`, `fr` or `es`; empty: English."
    )


class SeatOut(Schema):
    """Where the controller has its seat."""

    country: str
    region: str
    zone: str
    contact: str
    language: str


@router.get("/seat", auth=WRITE_REGISTERS, response={200: SeatOut, **problems()})
def read_seat(request: HttpRequest) -> SeatOut:
    """By whose holidays terms are counted, and who is told of them."""
    return _show(Workspace.objects.get(pk=workspace_of(request)))


@router.patch("/seat", auth=WRITE_REGISTERS, response={200: SeatOut, **problems(400)})
def change_seat(request: HttpRequest, said: SeatIn) -> SeatOut:
    """Change it; it counts for requests that come from now on. Another country has no region unless one is said."""
    workspace = Workspace.objects.get(pk=workspace_of(request))
    held = load_seat(workspace.pk)
    country = held.country if said.country is None else said.country.upper()
    region = said.region.upper() if said.region is not None else held.region if country == held.country else ""
    set_seat(workspace, Seat(country, region, said.zone or held.zone))
    if said.contact is not None:
        set_contact(workspace, said.contact)
    if said.language is not None:
        set_language(workspace, said.language)
    return _show(workspace)


def _show(workspace: Workspace) -> SeatOut:
    seat = load_seat(workspace.pk)
    contact, language = workspace.privacy_contact, workspace.language
    return SeatOut(country=seat.country, region=seat.region, zone=seat.zone, contact=contact, language=language)
