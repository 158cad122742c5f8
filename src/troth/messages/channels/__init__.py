"""Channels: the ways to the outside, one folder each.

A channel's package offers `SCHEMES`, the URL schemes it answers to, and `open_channel(url)`. It is found by lying in this folder; nothing
else has to be edited.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from urllib.parse import urlsplit

from troth.messages.channels.port import Channel, Outgoing, Receipt
from troth.messages.errors import ChannelUnknown

__all__ = ["Channel", "Outgoing", "Receipt", "channel_from_url"]


def channel_from_url(url: str | None) -> Channel:
    """The channel for a URL such as `smtps://user:password@mail.example`; the embedded outbox for none. Raises ChannelUnknown."""
    scheme = urlsplit(url).scheme if url else "outbox"
    known: list[str] = []
    for found in pkgutil.iter_modules(__path__):
        if found.ispkg:
            package = import_module(f"{__name__}.{found.name}")
            if scheme in package.SCHEMES:
                channel: Channel = package.open_channel(url or "outbox:")
                return channel
            known += package.SCHEMES
    raise ChannelUnknown(f"A channel URL begins with one of {', '.join(f'{scheme}://' for scheme in known)}: correct it.")
