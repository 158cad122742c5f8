"""What a report is about and what it says. Pure: no database, no present moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

from troth.kernel.clock import DAY
from troth.kernel.errors import TrothError

FEWEST = 5
"""A group of fewer persons could tell on one of them where it is formed by what is theirs: an address, a link, a week."""
LONGEST_DAYS = 400
MOST_GROUPS = 50


class ReportInvalid(TrothError):
    """A report that cannot be made; the message says which part of what was asked is wrong."""


class By(StrEnum):
    """What messages are grouped by. A variant is what they were rendered from; a domain is the part of the address behind the @."""

    ALL = "all"
    DAY = "day"
    SOURCE = "source"
    VARIANT = "variant"
    CHANNEL = "channel"
    TOPIC = "topic"
    DOMAIN = "domain"


@dataclass(frozen=True)
class Span:
    """Whole days of a zone, the first and the last included: messages that were made in them, sent or not."""

    first: date
    last: date
    zone: str = "UTC"

    @property
    def days(self) -> list[date]:
        """Each day, ascending."""
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def edges(self) -> list[int]:
        """When each day begins, and when the last one ends, in milliseconds; of 23, 24 or 25 hours (a day that a zone leaves out has none)."""
        there = ZoneInfo(self.zone)
        return [int(datetime.combine(day, time(), there).timestamp()) * 1_000 for day in (*self.days, self.last + timedelta(days=1))]

    @property
    def since(self) -> int:
        """Milliseconds; included."""
        return self.edges[0]

    @property
    def until(self) -> int:
        """Milliseconds; not included."""
        return self.edges[-1]


def make_span(first: date | None, last: date | None, *, zone: str, now: int, days: int = 30) -> Span:
    """The days asked for; without them the last `days` of the zone, today included. Raises ReportInvalid."""
    try:
        today = datetime.fromtimestamp(now // 1_000, UTC).astimezone(ZoneInfo(zone)).date()
    except (KeyError, ValueError, OSError):
        raise ReportInvalid("$.zone: name a time zone such as Europe/Berlin.") from None
    last = today if last is None else last
    first = max(date.min, last - timedelta(days=days - 1)) if first is None else first
    if not date(1970, 1, 2) <= first <= last <= date(9000, 1, 1):
        raise ReportInvalid("$.first: the first day is not after the last.")
    if (last - first).days >= LONGEST_DAYS:
        raise ReportInvalid(f"$.first: at most {LONGEST_DAYS} days at once.")
    return Span(first, last, zone)


def find_offsets(span: Span) -> list[tuple[int, int]]:
    """What is added to an instant before it is divided by 24 hours, so that the quotient is the number of its day: (until, milliseconds), ascending.

    The last of them holds for ever. A day of 25 hours has two, so that its last hour still belongs to it.
    """
    first_day = (span.first - date(1970, 1, 1)).days
    offsets: list[tuple[int, int]] = []
    for number, (begin, end) in enumerate(pairwise(span.edges)):
        offset = (first_day + number) * DAY - begin
        _extend(offsets, min(end, begin + DAY), offset)
        if end - begin > DAY:
            _extend(offsets, end, (first_day + number + 1) * DAY - end)
    return offsets


def _extend(offsets: list[tuple[int, int]], until: int, offset: int) -> None:
    if offsets and offsets[-1][1] == offset:
        offsets.pop()
    offsets.append((until, offset))


@dataclass(frozen=True)
class Figures:
    """Messages by what became of them. `audience` is the sum of the states; what was sent is told again below by how it went on."""

    audience: int = 0
    persons: int = 0
    queued: int = 0
    sending: int = 0
    held: int = 0
    untold: int = 0
    """Handed over, and nothing was told of it since."""
    delivered: int = 0
    bounced: int = 0
    complained: int = 0
    skipped: int = 0
    cancelled: int = 0
    failed: int = 0
    unknown: int = 0
    """Perhaps handed over: the answer is lost."""
    mails: int = 0
    """Of what was handed over, the e-mails: only they can be measured."""
    opens_measured: int = 0
    """Mails whose person had agreed that opening them is noted."""
    opened: int = 0
    opened_by_machine: int = 0
    """Fetched by machines alone: in no other figure."""
    clicks_measured: int = 0
    clicked: int = 0
    clicked_by_machine: int = 0
    unsubscribed: int = 0
    """Mails through which their person withdrew, refused or objected; complaints are apart."""

    @property
    def sent(self) -> int:
        """Handed over, whatever was told of it since."""
        return self.untold + self.delivered + self.bounced + self.complained

    @property
    def waiting(self) -> int:
        """On their way."""
        return self.queued + self.sending + self.held

    @property
    def opens_not_counted(self) -> int:
        """Mails of which nobody may know whether they were opened: their person did not agree."""
        return self.mails - self.opens_measured

    @property
    def clicks_not_counted(self) -> int:
        """Mails of which nobody may know whether a link was followed."""
        return self.mails - self.clicks_measured

    @property
    def adds_up(self) -> bool:
        """Row D10: the parts are the whole."""
        return self.audience == self.sent + self.waiting + self.skipped + self.cancelled + self.failed + self.unknown

    def without(self, others: Sequence[Figures]) -> Figures:
        """What is left of these when the others are taken away; the persons are not told, for they may be in several."""
        return Figures(
            **{name: 0 if name == "persons" else getattr(self, name) - sum(getattr(one, name) for one in others) for name in COUNTED}
        )


COUNTED = tuple(field.name for field in fields(Figures))


@dataclass(frozen=True)
class Line:
    """The figures of one group; `key` is a day (ISO 8601), a source, a template's number, a channel, a topic or a domain, None for all the others."""

    key: str | None
    figures: Figures


@dataclass(frozen=True)
class Table:
    """A report: its lines add up to the whole."""

    by: By
    span: Span
    whole: Figures
    lines: tuple[Line, ...]
    reasons: dict[str, dict[str, int]]
    """Of each state that has reasons, how many messages have which; what is not named has none or a rarer one."""


class Goal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people are hoped to do after a message."""

    event: str
    days: int = 7
    revenue: str = ""
    """The property of the event that holds an amount."""
    currency: str = ""
    """The property that holds the currency; empty: all amounts are of one."""
