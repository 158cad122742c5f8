"""Channels of a workspace and the addresses that are stopped. Secrets go in and never come out."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field, StringConstraints

from troth.api.access import READ_MESSAGES, WRITE_CHANNELS, WRITE_PEOPLE, workspace_of
from troth.api.errors import NotFound
from troth.api.schemas import Input, Time, problems
from troth.kernel.clock import iso, now_ms
from troth.messages.channels import find_adapter, list_adapters
from troth.messages.configured import (
    PRIORITIES,
    ChannelNotFound,
    add_channel,
    find_channel,
    list_channels,
    open_configured,
    public_facts,
    remove_channel,
    revise_channel,
)
from troth.messages.errors import ChannelError, ChannelUnknown
from troth.messages.feedback.stops import StopNotFound, find_stop, lift_stop
from troth.messages.hooks import hook_url
from troth.messages.models import ConfiguredChannel, StoppedAddress

router = Router(tags=["channels"])
Label = Annotated[str, StringConstraints(max_length=100)]
Settings = Annotated[
    dict[Annotated[str, StringConstraints(max_length=50)], Annotated[str, StringConstraints(max_length=16_000)]],
    Field(max_length=30, description="What the adapter has to be told, see GET /channels/adapters."),
]
Priority = Annotated[int, Field(ge=PRIORITIES[0], le=PRIORITIES[-1], description="The lowest of a medium is tried first.")]
Address = Annotated[str, StringConstraints(min_length=1, max_length=320)]


class SettingOut(Schema):
    """Something an adapter has to be told."""

    name: str
    label: str
    help: str
    secret: bool
    required: bool
    default: str
    choices: list[str]


class AdapterOut(Schema):
    """A provider that can be chosen."""

    name: str
    title: str
    medium: str
    settings: list[SettingOut]
    tells_back: bool = Field(description="Whether it tells what becomes of messages.")


class ChannelIn(Input):
    """A channel to take into use."""

    adapter: Annotated[str, StringConstraints(max_length=30)]
    label: Label = ""
    priority: Priority = 10
    settings: Settings = Field(default_factory=dict)


class ChannelChange(Input):
    """What to change; what is not given stays."""

    label: Label = ""
    priority: Priority | None = None
    is_active: bool | None = None
    hears_engagement: bool | None = Field(None, description="Whether opens and clicks that the provider tells are asked about at the gate.")
    settings: Settings = Field(default_factory=dict)


class ChannelOut(Schema):
    """A channel, without its secrets."""

    id: int
    adapter: str
    medium: str
    label: str
    priority: int
    is_active: bool
    hears_engagement: bool
    settings: dict[str, str]
    public: dict[str, str] = Field(description="What others need to know of it, e.g. a public key.")
    heard_at: Time | None


class ChannelMade(ChannelOut):
    """A channel with the address at which its provider tells what becomes of messages."""

    hook_url: str = Field(description="Secret; empty where the provider tells nothing.")


class ChannelCheckOut(Schema):
    """Whether the way is open."""

    works: bool
    told: str


class AddressIn(Input):
    """An e-mail address or a number."""

    address: Address


class LiftIn(AddressIn):
    """Why something may be sent there again."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class StopOut(Schema):
    """A stop: why nothing is sent to an address; `lifted_at` when something is again."""

    kind: str
    reason: str
    stopped_at: Time
    lifted_at: Time | None
    lift_reason: str


@router.get("/channels/adapters", auth=READ_MESSAGES, response={200: list[AdapterOut], **problems()})
def adapters(request: HttpRequest) -> list[AdapterOut]:
    """The providers that can be chosen, and what each has to be told."""
    return [
        AdapterOut(
            name=one.name,
            title=one.title,
            medium=one.medium.value,
            settings=[
                SettingOut(
                    name=s.name,
                    label=s.label,
                    help=s.help,
                    secret=s.secret,
                    required=s.required,
                    default=s.default,
                    choices=list(s.choices),
                )
                for s in one.settings
            ],
            tells_back=one.parse_feedback is not None,
        )
        for one in list_adapters()
    ]


@router.get("/channels", auth=READ_MESSAGES, response={200: list[ChannelOut], **problems()})
def list_all(request: HttpRequest) -> list[ChannelOut]:
    """The workspace's channels, by medium and in the order in which they are tried."""
    return [ChannelOut(**_facts(row)) for row in list_channels(workspace_of(request))]


@router.post("/channels", auth=WRITE_CHANNELS, response={201: ChannelMade, **problems()})
def add(request: HttpRequest, channel: ChannelIn) -> Status[ChannelMade]:
    """Take a channel into use."""
    row = add_channel(
        workspace_of(request), channel.adapter, channel.settings, label=channel.label, priority=channel.priority, now=now_ms()
    )
    return Status(201, _made(row))


@router.get("/channels/{channel_id}", auth=WRITE_CHANNELS, response={200: ChannelMade, **problems(404)})
def get(request: HttpRequest, channel_id: int) -> ChannelMade:
    """One channel, with the secret address at which its provider tells."""
    return _made(_own(request, channel_id))


@router.put("/channels/{channel_id}", auth=WRITE_CHANNELS, response={200: ChannelMade, **problems(404)})
def change(request: HttpRequest, channel_id: int, channel: ChannelChange) -> ChannelMade:
    """Change a channel; the senders see it within a second."""
    row = revise_channel(
        _own(request, channel_id),
        channel.settings,
        label=channel.label,
        priority=channel.priority,
        is_active=channel.is_active,
        hears_engagement=channel.hears_engagement,
        now=now_ms(),
    )
    return _made(row)


@router.delete("/channels/{channel_id}", auth=WRITE_CHANNELS, response={204: None, **problems(404)})
def remove(request: HttpRequest, channel_id: int) -> Status[None]:
    """Use it no more, and forget its secrets."""
    remove_channel(_own(request, channel_id))
    return Status(204, None)


@router.post("/channels/{channel_id}/check", auth=WRITE_CHANNELS, response={200: ChannelCheckOut, **problems(404)})
def check(request: HttpRequest, channel_id: int) -> ChannelCheckOut:
    """Try the way without sending anything."""
    row = _own(request, channel_id)
    try:
        return ChannelCheckOut(works=True, told=open_configured(row).check())
    except (ChannelError, ChannelUnknown) as error:
        return ChannelCheckOut(works=False, told=str(error))


@router.post("/stopped-addresses/find", auth=WRITE_PEOPLE, response={200: StopOut, **problems(404)})
def find(request: HttpRequest, asked: AddressIn) -> StopOut:
    """Whether nothing is sent to an address, and why. It is asked by POST so that the address stands in no log."""
    found = find_stop(workspace_of(request), asked.address)
    if found is None:
        raise NotFound("That address is not stopped, and never was.")
    return _show_stop(found)


@router.post("/stopped-addresses/lift", auth=WRITE_PEOPLE, response={200: StopOut, **problems(404)})
def lift(request: HttpRequest, asked: LiftIn) -> StopOut:
    """Send there again, for a reason; the next bounce or complaint stops it anew."""
    try:
        return _show_stop(lift_stop(workspace_of(request), asked.address, reason=asked.reason, by=None, now=now_ms()))
    except StopNotFound as error:
        raise NotFound(str(error)) from None


def _own(request: HttpRequest, channel_id: int) -> ConfiguredChannel:
    try:
        return find_channel(workspace_of(request), channel_id)
    except ChannelNotFound as error:
        raise NotFound(str(error)) from None


def _facts(row: ConfiguredChannel) -> dict[str, Any]:
    try:
        public = dict(public_facts(row))
    except ChannelUnknown:
        public = {}
    return {
        "id": row.pk,
        "adapter": row.adapter,
        "medium": row.medium,
        "label": row.label,
        "priority": row.priority,
        "is_active": row.is_active,
        "hears_engagement": row.hears_engagement,
        "settings": row.settings,
        "public": public,
        "heard_at": iso(row.heard_at) if row.heard_at else None,
    }


def _made(row: ConfiguredChannel) -> ChannelMade:
    tells = find_adapter(row.adapter).parse_feedback is not None
    return ChannelMade(**_facts(row), hook_url=hook_url(row) if tells else "")


def _show_stop(found: StoppedAddress) -> StopOut:
    return StopOut(
        kind=found.kind,
        reason=found.reason,
        stopped_at=iso(found.stopped_at),
        lifted_at=iso(found.lifted_at) if found.lifted_at else None,
        lift_reason=found.lift_reason,
    )
