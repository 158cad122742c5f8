"""The embedded outbox: every message stays in the message table, so the first run needs no provider."""

from __future__ import annotations

from troth.messages.channels.port import Channel, Outgoing, Receipt

SCHEMES = ("outbox",)


class OutboxChannel:
    """Accepts everything at once and keeps nothing itself; the sender stores what was rendered with the message."""

    name = "outbox"
    address = "the embedded outbox"

    def check(self) -> str:
        """There is nothing that could fail."""
        return "Every message is kept here, and none is sent."

    def send(self, outgoing: Outgoing) -> Receipt:
        """Accept."""
        return Receipt(detail="kept in the outbox")


def open_channel(url: str) -> Channel:
    """The outbox; its URL says nothing."""
    return OutboxChannel()
