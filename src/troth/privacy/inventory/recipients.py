"""To whom data really goes: the channels of a workspace and the installation's mail server, told here; webhooks lie above and register."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings

from troth.messages.channels.port import Medium
from troth.messages.configured import list_channels
from troth.privacy.disclosures.log import name_of_channel


class Recipient(NamedTuple):
    """Somebody whom data reaches."""

    kind: str
    """`channel` or `webhook`."""
    id: str
    name: str
    also: tuple[str, ...]
    """By what else a purpose may name them: adapter, host."""
    purpose: str = ""
    """The one purpose for which data is handed on; empty: any that sends messages."""
    medium: str = ""
    """Of a channel: what leaves by it."""
    is_here: bool = False
    """It runs on this very machine, so nobody else has the data by it."""

    def is_named_in(self, declared: list[str]) -> bool:
        """Whether one of the declared recipients names them, in whole or in part."""
        names = [name.casefold() for name in (self.name, *self.also) if name]
        return any(name in said.casefold() or said.casefold() in name for said in declared if said for name in names)


MAIL_SERVER = "0"
"""The number under which the installation's mail server stands among channels: it carries what no channel of the workspace does, and all mail about rights."""
Finder = Callable[[int], Iterator[Recipient]]
_finders: list[Finder] = []


def register_recipients(finder: Finder) -> None:
    """Have `finder(workspace_id)` asked to whom else data goes."""
    _finders.append(finder)


def find_recipients(workspace_id: int) -> list[Recipient]:
    """Everybody whom data of a workspace reaches as it is set up now."""
    found = [
        Recipient("channel", str(row.pk), row.label or row.adapter, (row.adapter, str(row.settings.get("host", ""))), medium=row.medium)
        for row in list_channels(workspace_id)
        if row.is_active
    ]
    if settings.TROTH_EMAIL_URL:
        host = urlsplit(settings.TROTH_EMAIL_URL).hostname or ""
        found.append(Recipient("channel", MAIL_SERVER, name_of_channel(0), (host,), medium=Medium.EMAIL, is_here=_is_here(host)))
    for finder in _finders:
        found += finder(workspace_id)
    return found


def carriers_of(media: set[str], recipients: list[Recipient]) -> list[Recipient]:
    """By whom messages of these media leave: the channels of the workspace; mail without one by the installation's mail server."""
    own = [one for one in recipients if one.kind == "channel" and one.id != MAIL_SERVER and one.medium in media]
    is_unserved = Medium.EMAIL in media and not any(one.medium == Medium.EMAIL for one in own)
    return own + [one for one in recipients if is_unserved and (one.kind, one.id) == ("channel", MAIL_SERVER)]


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
