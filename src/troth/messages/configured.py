"""The channels of a workspace: which providers it uses, in which order, with settings whose secrets are kept encrypted.

A workspace without a channel for e-mail uses the installation's (`TROTH_EMAIL_URL`, else the embedded outbox).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from django.conf import settings as installation
from django.db import transaction

from troth.kernel.clock import SECOND, now_ms
from troth.kernel.crypto import open_sealed, seal
from troth.kernel.errors import TrothError
from troth.kernel.json_text import decode, encode
from troth.messages.channels import channel_from_url, find_adapter
from troth.messages.channels.port import Adapter, Channel, Medium, Outgoing, Receipt
from troth.messages.errors import ChannelError, ChannelUnknown
from troth.messages.hooks import hook_url
from troth.messages.models import ConfiguredChannel
from troth.workspaces.models import Workspace

LABEL = b"channel/v1"
MOST = 50
"""Channels of one workspace."""
LONGEST = 16_000
"""Characters of one setting: the key file of a service account has about 2,400."""
PRIORITIES = range(1, 1_000)


class ChannelNotFound(TrothError):
    """The workspace has no such channel."""


class SettingsInvalid(TrothError):
    """A channel's settings lack something; `field` says which."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Route:
    """A way by which messages of one medium leave a workspace."""

    channel: Channel
    channel_id: int = 0
    """Of the configured channel; 0: the installation's."""
    platforms: tuple[str, ...] = ()
    """Of push: the devices it reaches."""
    callback_url: Callable[[int], str] = lambda message_id: ""
    """Where its provider may tell of one message."""


@dataclass
class Unusable:
    """Stands for a channel that cannot be opened; what is to leave by it waits."""

    name: str
    fault: str
    address: str = ""

    def check(self) -> str:
        """Say why."""
        raise ChannelError(self.fault, permanent=False)

    def send(self, outgoing: Outgoing) -> Receipt:
        """Never."""
        raise ChannelError(self.fault, permanent=False)


def list_channels(workspace_id: int) -> list[ConfiguredChannel]:
    """A workspace's channels, by medium and in the order in which they are tried."""
    return list(ConfiguredChannel.objects.filter(workspace_id=workspace_id).order_by("medium", "priority", "pk"))


def find_channel(workspace_id: int, channel_id: int) -> ConfiguredChannel:
    """One of them. Raises ChannelNotFound."""
    found = ConfiguredChannel.objects.filter(workspace_id=workspace_id, pk=channel_id).first() if 0 < channel_id < 2**63 else None
    if found is None:
        raise ChannelNotFound("This workspace has no such channel: look at its list of channels.")
    return found


def add_channel(
    workspace_id: int,
    adapter_name: str,
    given: Mapping[str, str],
    *,
    label: str = "",
    priority: int = 10,
    now: int,
) -> ConfiguredChannel:
    """Take a channel into use. Raises ChannelUnknown, SettingsInvalid."""
    adapter = find_adapter(adapter_name)
    if ConfiguredChannel.objects.filter(workspace_id=workspace_id).count() >= MOST:
        raise SettingsInvalid(f"A workspace has at most {MOST} channels: remove one that is not used.")
    held = _checked(adapter, given, {})
    row = ConfiguredChannel(workspace_id=workspace_id, medium=adapter.medium.value, adapter=adapter.name, created_at=now)
    return _save(row, adapter, {**held, **adapter.complete(held)}, label=label, priority=priority, now=now)


def revise_channel(
    row: ConfiguredChannel,
    given: Mapping[str, str],
    *,
    label: str = "",
    priority: int | None = None,
    is_active: bool | None = None,
    hears_engagement: bool | None = None,
    now: int,
) -> ConfiguredChannel:
    """Change a channel; what is not given stays, a secret that is given empty too. Raises SettingsInvalid, ChannelUnknown."""
    adapter = find_adapter(row.adapter)
    if is_active is not None:
        row.is_active = is_active
    if hears_engagement is not None:
        row.hears_engagement = hears_engagement
    held = _checked(adapter, given, settings_of(row))
    return _save(row, adapter, held, label=label or row.label, priority=row.priority if priority is None else priority, now=now)


def switch_off(workspace_id: int, channel_id: int, *, now: int) -> None:
    """Use a channel no more until somebody switches it on again; nothing happens where it is gone."""
    ConfiguredChannel.objects.filter(workspace_id=workspace_id, pk=channel_id).update(is_active=False, changed_at=now)
    transaction.on_commit(forget_routes)


def remove_channel(row: ConfiguredChannel) -> None:
    """Use it no more, and forget its secrets."""
    row.delete()
    forget_routes()


def renew_hook(row: ConfiguredChannel) -> None:
    """Give its door a new address; the old one is void at once."""
    row.hook_version += 1
    row.save(update_fields=["hook_version"])


def settings_of(row: ConfiguredChannel) -> dict[str, str]:
    """All settings of a channel, its secrets too: for opening it, never for showing. Raises ChannelUnknown when the master key is another."""
    plain = open_sealed(LABEL, bytes(row.sealed), b"%d" % row.workspace_id)
    if plain is None:
        raise ChannelUnknown("The secrets of this channel cannot be read: the master key is another one. Enter them again.")
    return {**row.settings, **decode(plain)}


def open_configured(row: ConfiguredChannel) -> Channel:
    """A channel as it is configured. Raises ChannelUnknown."""
    return find_adapter(row.adapter).open(settings_of(row))


def public_facts(row: ConfiguredChannel) -> Mapping[str, str]:
    """What others need to know of it, by label, e.g. a public key."""
    return find_adapter(row.adapter).public(settings_of(row))


def _checked(adapter: Adapter, given: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    unknown = given.keys() - {setting.name for setting in adapter.settings}
    if unknown:
        raise SettingsInvalid(f"{adapter.title} has no such setting: it has {', '.join(s.name for s in adapter.settings)}.", min(unknown))
    held = dict(before)
    for setting in adapter.settings:
        value = given.get(setting.name, before.get(setting.name, setting.default)).strip()
        if not value and setting.secret:
            value = before.get(setting.name, "")
        if not value and setting.required:
            raise SettingsInvalid(f"{adapter.title} needs “{setting.label}”: enter it.", setting.name)
        if len(value) > LONGEST:
            raise SettingsInvalid(f"“{setting.label}” is too long: {LONGEST} characters at most.", setting.name)
        if value and setting.choices and value not in setting.choices:
            raise SettingsInvalid(f"“{setting.label}” is one of {', '.join(setting.choices)}: choose one.", setting.name)
        held[setting.name] = value
    return held


def _save(row: ConfiguredChannel, adapter: Adapter, held: Mapping[str, str], *, label: str, priority: int, now: int) -> ConfiguredChannel:
    if priority not in PRIORITIES:
        raise SettingsInvalid(f"A priority is a number from {PRIORITIES[0]} to {PRIORITIES[-1]}: the lowest is tried first.", "priority")
    adapter.open(held)  # what cannot be opened is told now, not when a message waits
    open_to_all = {setting.name for setting in adapter.settings if not setting.secret}
    row.label, row.priority, row.changed_at = label.strip()[:100] or adapter.title, priority, now
    row.settings = {name: value for name, value in held.items() if name in open_to_all}
    secrets = {name: value for name, value in held.items() if name not in open_to_all}
    row.sealed = seal(LABEL, encode(secrets).encode(), b"%d" % row.workspace_id)
    with transaction.atomic():
        row.save()
    forget_routes()
    return row


_held: dict[int, tuple[int, dict[str, list[Route]]]] = {}
_opened: dict[int, tuple[int, Channel]] = {}
_lock = threading.Lock()


Hold = Callable[[int, int, int], str]
_holds: list[Hold] = []


def register_hold(hold: Hold) -> None:
    """Have `hold(workspace_id, channel_id, now)` asked, at most once a second, why nothing may leave by a channel; empty: it may. What is to leave waits."""
    _holds.append(hold)


def list_media(workspace_id: int) -> list[str]:
    """By what messages of a workspace can leave now: e-mail always, the others where a channel is in use."""
    used = set(ConfiguredChannel.objects.filter(workspace_id=workspace_id, is_active=True).values_list("medium", flat=True))
    return [medium.value for medium in Medium if medium is Medium.EMAIL or medium.value in used]


def routes_for(workspace_id: int, medium: str) -> list[Route]:
    """The ways by which messages of a medium leave a workspace, in the order in which they are tried; at most a second old.

    Channels stay open between calls, so that connections are kept. Empty: there is no way. What made-up persons get stays in the outbox.
    """
    moment = now_ms()
    with _lock:
        held = _held.get(workspace_id)
    if held is None or moment - held[0] >= SECOND:
        is_canary = Workspace.objects.filter(pk=workspace_id, is_canary=True).exists()
        rows = [] if is_canary else [row for row in list_channels(workspace_id) if row.is_active]
        with _lock:
            routes: dict[str, list[Route]] = {medium.value: [Route(installation_channel(""))] for medium in Medium if is_canary}
            for row in rows:
                routes.setdefault(row.medium, []).append(_route(row))
            held = _held[workspace_id] = (moment, routes)
    return held[1].get(medium) or _default(medium, has_channels=bool(held[1]))


def _route(row: ConfiguredChannel) -> Route:
    if held := next((why for hold in _holds if (why := hold(row.workspace_id, row.pk, now_ms()))), ""):
        return Route(Unusable(row.adapter, held), row.pk)
    kept = _opened.get(row.pk)
    if kept is None or kept[0] != row.changed_at:
        kept = _opened[row.pk] = (row.changed_at, _open(row))
    adapter = find_adapter(row.adapter)
    route = Route(kept[1], row.pk, adapter.platforms(row.settings))
    return replace(route, callback_url=partial(hook_url, row)) if adapter.parse_feedback else route


def _open(row: ConfiguredChannel) -> Channel:
    try:
        return open_configured(row)
    except ChannelUnknown as error:
        # Messages of this workspace wait; those of others go on.
        return Unusable(row.adapter, str(error))


def _default(medium: str, *, has_channels: bool) -> list[Route]:
    """The installation's channel for e-mail; the outbox takes the rest as long as nothing really leaves, so that a first run needs nothing."""
    if medium == Medium.EMAIL:
        return [Route(installation_channel(installation.TROTH_EMAIL_URL))]
    return [] if has_channels or installation.TROTH_EMAIL_URL else [Route(installation_channel(""))]


@lru_cache(maxsize=4)
def installation_channel(url: str) -> Channel:
    """The channel of the installation, opened once. Raises ChannelUnknown."""
    return channel_from_url(url or None)


def forget_routes() -> None:
    """Read the configuration anew at the next use (after a change in this process)."""
    with _lock:
        _held.clear()
        _opened.clear()
