"""The limits of a workspace's marketing: caps, quiet hours, and the zone of people whose own is not known."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field, StringConstraints

from troth.api.access import WRITE_CAMPAIGNS, workspace_of
from troth.api.schemas import Input, problems
from troth.messages.limit_settings import Limits, load_limits, read_limits, save_limits

router = Router(tags=["limits"])
TimeOfDay = Annotated[str, StringConstraints(max_length=5), Field(examples=["22:00"])]


class HoursIn(Input):
    """From a local time until before another, past midnight where the second is the earlier."""

    since: TimeOfDay = Field(alias="from")
    until: TimeOfDay


class CapIn(Input):
    """At most so many messages to one person in a span of time."""

    messages: int = Field(ge=1, le=1000)
    per: Annotated[str, StringConstraints(max_length=40)] = Field(examples=["P7D"])
    scope: Literal["campaign", "topic", "channel", "workspace"] = Field(
        "workspace", description="Of each campaign or newsletter, of each topic, of each channel, or of all marketing."
    )


class LimitsIn(Input):
    """All of them; what is left out is not limited."""

    zone: Annotated[str, StringConstraints(max_length=64)] = Field(
        "UTC", description="IANA name, for people without an attribute `timezone`."
    )
    quiet_hours: HoursIn | None = None
    caps: list[CapIn] = Field(default_factory=list, max_length=20)


class LimitsOut(Schema):
    """The limits as they are kept."""

    zone: str
    quiet_hours: dict[str, Any] | None
    caps: list[dict[str, Any]]


@router.get("/limits", auth=WRITE_CAMPAIGNS, response={200: LimitsOut, **problems()})
def get_limits(request: HttpRequest) -> LimitsOut:
    """What all marketing of the workspace keeps to."""
    return _show(load_limits(workspace_of(request)))


@router.put("/limits", auth=WRITE_CAMPAIGNS, response={200: LimitsOut, **problems()})
def put_limits(request: HttpRequest, limits: LimitsIn) -> LimitsOut:
    """Keep to these from now on, for what is queued as well. Service messages are limited only by campaigns of their own."""
    read = read_limits(limits.dict(by_alias=True))
    save_limits(workspace_of(request), read)
    return _show(read)


def _show(limits: Limits) -> LimitsOut:
    quiet = limits.quiet_hours
    return LimitsOut(
        zone=limits.zone,
        quiet_hours={"from": quiet.since, "until": quiet.until} if quiet else None,
        caps=[{"messages": cap.messages, "per": cap.per, "scope": cap.scope} for cap in limits.caps],
    )
