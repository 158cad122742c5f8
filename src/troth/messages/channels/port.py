"""What a channel is: it takes a finished message and says what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Outgoing:
    """A finished message. `sender` may carry a name (`Acme <hello@acme.example>`), `recipient` is a bare address, `mail` has CRLF line ends."""

    message_id: int
    sender: str
    recipient: str
    mail: bytes


@dataclass(frozen=True)
class Receipt:
    """The provider has taken the message over. Neither field contains an address."""

    provider_id: str = ""
    """The provider's own name for it, at most 200 characters; empty when it told none."""
    detail: str = ""
    """Its answer in short, e.g. `250 2.0.0`."""


class Channel(Protocol):
    """Hands one message over at a time; may be used from several threads at once."""

    name: str
    address: str
    """Where it leads, for people to read; no user name, no password."""

    def check(self) -> str:
        """Try the way without sending anything, in ten seconds at most; says what was found. Raises ChannelError, which says what to do."""
        ...

    def send(self, outgoing: Outgoing) -> Receipt:
        """Hand over; returning means accepted. Raises ChannelError, which says whether trying again makes sense."""
        ...
