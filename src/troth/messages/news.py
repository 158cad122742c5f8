"""What became of messages, told to whoever registered inside the transaction that notes it.

By whom they went is told, too. `Became.CONVERTED` is told by who knows what a message was to lead to; nothing here does.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from troth.kernel.bulletins import Bulletin
from troth.kernel.personal_data import Subject


class Became(StrEnum):
    """What happened to a message, or was done with it by its person."""

    SENT = "sent"
    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    FAILED = "failed"
    BOUNCED = "bounced"
    CONVERTED = "converted"
    COMPLAINED = "complained"


class MessageNews(NamedTuple):
    """One thing that became of one message; `message_id` 0: of mail to the person that is none of ours."""

    became: Became
    subject: Subject
    message_id: int
    at: int
    """When it happened, in milliseconds."""
    detail: Mapping[str, Any] = {}
    """`bounce_type` hard or soft; the `url` of a click; the `reason` of a failure; the `event` and `revenue` of a conversion."""


outcomes: Bulletin[MessageNews] = Bulletin()


class HandedOver(NamedTuple):
    """A message that left the installation, or may have, by a channel: whoever runs it has read whom it is for."""

    subject: Subject
    channel_id: int
    """Of the configured channel; 0: the installation's mail server."""
    medium: str
    purpose: str
    at: int


handed_over: Bulletin[HandedOver] = Bulletin()
