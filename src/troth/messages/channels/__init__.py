"""The port to the outside: a channel takes a finished message and says what became of it. One folder each."""

from __future__ import annotations

from troth.messages.channels.outbox import OutboxChannel
from troth.messages.channels.port import Channel, Outgoing, Receipt
from troth.messages.channels.smtp import SmtpChannel, is_smtp_url

__all__ = ["Channel", "Outgoing", "Receipt", "channel_from_url"]


def channel_from_url(url: str | None) -> Channel:
    """SMTP for an smtp URL, the embedded outbox for none. Raises ChannelUnknown."""
    return SmtpChannel(url) if url and is_smtp_url(url) else OutboxChannel()
