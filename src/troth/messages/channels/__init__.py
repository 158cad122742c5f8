"""Channels: the ways to the outside, one folder each (`port.py` says what is in it).

Channels of the installation are also named by a URL: a folder that offers `SCHEMES` and `open_channel(url)` answers to those.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from types import ModuleType
from urllib.parse import urlsplit

from troth.messages.channels.port import Adapter, Channel, Outgoing, Receipt
from troth.messages.errors import ChannelUnknown

__all__ = ["Adapter", "Channel", "Outgoing", "Receipt", "channel_from_url", "find_adapter", "list_adapters"]


def _folders() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(__path__):
        if found.ispkg:
            yield import_module(f"{__name__}.{found.name}")


def channel_from_url(url: str | None) -> Channel:
    """The channel for a URL such as `smtps://user:password@mail.example`; the embedded outbox for none. Raises ChannelUnknown."""
    scheme = urlsplit(url).scheme if url else "outbox"
    known: list[str] = []
    for package in _folders():
        schemes = getattr(package, "SCHEMES", ())
        if scheme in schemes:
            channel: Channel = package.open_channel(url or "outbox:")
            return channel
        known += schemes
    raise ChannelUnknown(f"A channel URL begins with one of {', '.join(f'{scheme}://' for scheme in known)}: correct it.")


@cache
def _adapters() -> dict[str, Adapter]:
    return {adapter.name: adapter for package in _folders() for adapter in getattr(package, "ADAPTERS", ())}


def list_adapters() -> list[Adapter]:
    """All that a workspace can choose from, by medium and title."""
    return sorted(_adapters().values(), key=lambda adapter: (adapter.medium, adapter.title.casefold()))


def find_adapter(name: str) -> Adapter:
    """The adapter of a name. Raises ChannelUnknown."""
    if name not in _adapters():
        raise ChannelUnknown(f"There is no such channel: choose one of {', '.join(sorted(_adapters()))}.")
    return _adapters()[name]
