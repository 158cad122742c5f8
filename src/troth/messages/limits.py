"""Frequency caps, quiet hours and expiry: what may go to a person now, of all that is due to them. Pure functions of rules, facts and now.

When several messages compete for the room that a cap leaves, the declared priority decides, then which was due first; never which happened to be
looked at first. What lost is told by which cap and against which messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Literal, NamedTuple

import msgspec

from troth.kernel.errors import TrothError
from troth.kernel.spans import check_span, span_ms
from troth.messages.hours import Hours

MOST_IN_CAP = 1_000
MOST_CAPS = 20
PRIORITY = 50
"""Of what declares none; 0 is the least, 100 the most."""
Scope = Literal["campaign", "topic", "channel", "workspace"]


class LimitsInvalid(TrothError):
    """Limits that cannot be kept; the message names the place."""


class Cap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most so many messages to a person in a time: of each campaign or newsletter, each topic, each channel, or of all the workspace's marketing."""

    messages: int
    per: str
    """A span of time, see `kernel.spans`."""
    scope: Scope = "workspace"


class OwnLimits(NamedTuple):
    """What a source says about its own messages; None of `keeps_…`: as marketing does, and service messages do not."""

    cap: Cap | None = None
    hours: Hours | None = None
    keeps_caps: bool | None = None
    keeps_quiet_hours: bool | None = None
    once_per_address: bool = False
    """Whether people who share an address get it once between them."""


class Had(NamedTuple):
    """A message that a person had, or may be about to have."""

    message_id: int
    at: int
    source: str
    channel: str
    topic: str
    is_marketing: bool


class Waiting(NamedTuple):
    """A message that is due. `is_ours`: it is ours to decide; the others are undecided or being handed over elsewhere."""

    message: Had
    priority: int
    due_at: int
    is_ours: bool
    keeps_caps: bool = True
    own_cap: Cap | None = None
    is_ahead: bool = False
    """Somebody else's who began before us: it counts whatever its priority."""

    @property
    def rank(self) -> tuple[bool, int, int, int]:
        """The smallest goes first."""
        return (not self.is_ahead, -self.priority, self.due_at, self.message.message_id)


class Room(StrEnum):
    """What caps say of a message."""

    GO = "go"
    WAIT = "wait"
    """It depends on messages that go before it and are not decided yet."""
    FULL = "full"


class Ruling(NamedTuple):
    """With the cap that decided, and the messages that had its room."""

    room: Room
    cap: Cap | None = None
    against: tuple[int, ...] = ()


def check_cap(cap: Cap, place: str) -> None:
    """Raises LimitsInvalid or SpanInvalid, which begin with the place."""
    if not 0 < cap.messages <= MOST_IN_CAP:
        raise LimitsInvalid(f"{place}.messages: choose from 1 to {MOST_IN_CAP}.")
    check_span(cap.per, f"{place}.per", least=60_000)


def judge_caps(caps: Sequence[Cap], had: Iterable[Had], waiting: Iterable[Waiting], now: int) -> dict[int, Ruling]:
    """For each of our messages whether there is room, by message. `had`: what the person surely had, or may have had."""
    sure, possible = list(had), list[Had]()
    rulings: dict[int, Ruling] = {}
    for one in sorted(waiting, key=lambda one: one.rank):
        if not one.is_ours:
            possible.append(one.message)
            continue
        ruling = _judge(caps, one, sure, possible, now)
        rulings[one.message.message_id] = ruling
        if ruling.room is Room.GO:
            sure.append(one.message._replace(at=now))
        elif ruling.room is Room.WAIT:
            possible.append(one.message)
    return rulings


def _judge(caps: Sequence[Cap], one: Waiting, sure: Sequence[Had], possible: Sequence[Had], now: int) -> Ruling:
    concerned = [*([one.own_cap] if one.own_cap else []), *(caps if one.keeps_caps else ())]
    waits = Ruling(Room.GO)
    for cap in concerned:
        since = now - span_ms(cap.per)
        taken = [other.message_id for other in sure if other.at > since and _counts(cap, one.message, other)]
        if len(taken) >= cap.messages:
            return Ruling(Room.FULL, cap, tuple(taken))
        rivals = [other.message_id for other in possible if _counts(cap, one.message, other)]
        if len(taken) + len(rivals) >= cap.messages and waits.room is Room.GO:
            waits = Ruling(Room.WAIT, cap, tuple(rivals))
    return waits


def _counts(cap: Cap, one: Had, other: Had) -> bool:
    """Whether another message takes room from this one under a cap; service messages take none but their own campaign's."""
    if cap.scope == "campaign":
        return one.source == other.source
    if not other.is_marketing:
        return False
    if cap.scope == "topic":
        return bool(one.topic) and one.topic == other.topic
    return cap.scope == "workspace" or one.channel == other.channel
