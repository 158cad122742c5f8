"""What the room shows. Values in, values out; no HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from troth.kernel.clock import DAY
from troth.messages.channels import find_adapter, list_adapters
from troth.messages.channels.port import Adapter, Medium
from troth.messages.configured import installation_channel, list_channels, public_facts
from troth.messages.errors import ChannelUnknown
from troth.messages.feedback.figures import count_told
from troth.messages.feedback.stops import count_stops
from troth.messages.hooks import hook_url
from troth.messages.models import ConfiguredChannel

DAYS = 30


@dataclass(frozen=True)
class Row:
    """A channel as the list shows it."""

    channel: ConfiguredChannel
    medium: str
    provider: str
    place: int
    """Which of its medium it is, in the order in which they are tried."""


def name_medium(medium: str) -> str:
    """As people say it."""
    return {
        Medium.EMAIL.value: _("E-mail"),
        Medium.PUSH.value: _("Push"),
        Medium.SMS.value: _("Text messages"),
        Medium.WEBHOOK.value: _("Webhook"),
    }.get(medium, medium)


def read_channels(workspace_id: int) -> list[Row]:
    """All channels of a workspace, by medium and order."""
    rows: list[Row] = []
    places: dict[str, int] = {}
    for own in list_channels(workspace_id):
        if own.is_active:
            places[own.medium] = places.get(own.medium, 0) + 1
        rows.append(Row(own, name_medium(own.medium), title_of(own.adapter), places[own.medium] if own.is_active else 0))
    return rows


def title_of(adapter: str) -> str:
    """The provider's name."""
    try:
        return find_adapter(adapter).title
    except ChannelUnknown:
        return adapter


def read_default(rows: list[Row]) -> str:
    """By what e-mail leaves where the workspace has no channel of its own for it; empty: it has."""
    if any(row.place and row.channel.medium == Medium.EMAIL for row in rows):
        return ""
    channel = installation_channel(settings.TROTH_EMAIL_URL)
    return "" if channel.name == "outbox" else channel.address


def list_choices() -> list[tuple[str, list[Adapter]]]:
    """What can be added, by medium."""
    found: dict[str, list[Adapter]] = {}
    for adapter in list_adapters():
        found.setdefault(adapter.medium.value, []).append(adapter)
    return [(name_medium(medium.value), found[medium.value]) for medium in Medium if medium.value in found]


def read_facts(own: ConfiguredChannel) -> list[tuple[str, str]]:
    """Its settings that are no secret, by their labels."""
    adapter = find_adapter(own.adapter)
    return [(setting.label, own.settings.get(setting.name, "")) for setting in adapter.settings if own.settings.get(setting.name)]


def read_script(own: ConfiguredChannel) -> str:
    """What a company's site takes in to have browsers subscribe; empty where that is not how addresses come."""
    if own.adapter != "web_push":
        return ""
    tag = (
        f'<script src="{settings.TROTH_URL}/w/{own.workspace_id}/push.js" data-write-key="WRITE_KEY" data-user-id="USER_ID" async></script>'
    )
    worker = f'// /troth-push.js on your site:\nimportScripts("{settings.TROTH_URL}/w/worker.js")'
    return f"{tag}\n<button data-troth-push>…</button>\n\n{worker}"


def read_public(own: ConfiguredChannel) -> Mapping[str, str]:
    """What others need to know of it; nothing where its secrets cannot be read."""
    try:
        return public_facts(own)
    except ChannelUnknown:
        return {}


def read_hook(own: ConfiguredChannel) -> str:
    """The address at which its provider tells; empty where it tells nothing."""
    return hook_url(own) if find_adapter(own.adapter).parse_feedback else ""


def read_figures(workspace_id: int, now: int) -> dict[str, Any]:
    """What was told in the last 30 days, and how many addresses are stopped."""
    told, stops = count_told(workspace_id, now - DAYS * DAY, now), count_stops(workspace_id)
    return {
        "told": [
            (_("Delivered"), told.get("delivered", 0)),
            (_("Hard bounces"), told.get("hard_bounce", 0)),
            (_("Soft bounces"), told.get("soft_bounce", 0)),
            (_("Complaints"), told.get("complaint", 0)),
            (_("Unsubscribes"), told.get("unsubscribe", 0)),
        ],
        "stopped": sum(stops.values()),
    }
