"""What persons want within what is lawful: which topics, over which channels, how often. A wish is kept as a decision on a key of its own.

So it goes through the one door, stands in the ledger with a receipt, is exported, erased and merged like any decision (a refusal beats a grant:
the stricter wish holds), and the gate asks about it as about a purpose. Saying nothing refuses nothing; a refusal counts at once (Art. 21(2)-(3)),
and taking it back needs the proof that a consent needs.
"""

from __future__ import annotations

from typing import Final

from troth.kernel.clock import DAY

WISH: Final = "wish"
"""Stands where a purpose has its legal basis: it is none, it only narrows what another one allows."""
TOPIC: Final = "topic:"
CHANNEL: Final = "channel:"
PACE: Final = "pace:"
CHANNELS: Final = {
    "channel:email": "Marketing by e-mail",
    "channel:push": "Marketing on your phone or in your browser",
    "channel:sms": "Marketing by text message",
    "channel:webhook": "Marketing by other services",
}
PACES: Final = {"pace:7": ("At most one marketing mail a week", 7 * DAY), "pace:30": ("At most one marketing mail in 30 days", 30 * DAY)}
"""Refused: more than one marketing message in that time, which is in milliseconds."""


def topic_key(topic: str) -> str:
    """The key under which decisions on a topic stand; no purpose has a colon in its key."""
    return f"{TOPIC}{topic}"


def channel_key(channel: str) -> str:
    """The key under which decisions on marketing over a channel stand."""
    return f"{CHANNEL}{channel}"


def is_wish(key: str) -> bool:
    """Whether a decision is on a wish and not on a purpose."""
    return key.startswith((TOPIC, CHANNEL, PACE))
