"""What a channel is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Outgoing:
    """A finished message."""

    message_id: int
    sender: str
    recipient: str
    mail: bytes


@dataclass(frozen=True)
class Receipt:
    """What the provider said."""

    provider_id: str = ""


class Channel(Protocol):
    """Hands one message over, from any thread."""

    name: str

    def send(self, outgoing: Outgoing) -> Receipt:
        """Hand over; returning means accepted. Raises ChannelError, which says whether trying again makes sense."""
        ...
