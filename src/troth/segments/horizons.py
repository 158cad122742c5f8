"""Time in conditions: ISO 8601 durations, local days, and horizons.

A horizon is a bound that moves with time and never back, such as “seven days ago” or “the end of tomorrow in Paris”. Everything in a condition that
depends on time compares something stored with one: so membership can change by time alone only when a horizon passes a stored value, and that
value is what a timer keeps.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from troth.kernel.clock import DAY, HOUR, MINUTE, SECOND

_SPAN = re.compile(
    r"P(?=.)(?:([0-9]{1,4})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,5})W)?(?:([0-9]{1,6})D)?"
    r"(?:T(?=.)(?:([0-9]{1,7})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,10})S)?)?"
)
LONGEST = 200 * 366 * DAY
MOMENT = (
    r"^[12][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.(?:[0-9]{3}){1,3})?)?(?:Z|[+-][0-9]{2}:[0-5][0-9])?)?\Z"
)
"""A day, or an instant with `Z`, an offset, or neither (then UTC), of the years 1000 to 2999: the profile of ISO 8601 that both databases read alike."""
_MOMENT = re.compile(MOMENT)
EPOCH = date(1970, 1, 1)


class Span(NamedTuple):
    """A duration: years and months by the calendar, the rest in milliseconds; a day is 24 hours."""

    months: int
    ms: int


def read_span(text: object) -> Span | None:
    """A duration such as `P30D`, `PT90S` or `P1Y`; None when it is none, is nothing, or is longer than 200 years."""
    found = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if not found:
        return None
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    span = Span(12 * years + months, weeks * 7 * DAY + days * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND)
    return span if 0 < span.months * 31 * DAY + span.ms <= LONGEST else None


def shift(at: int, span: Span, sign: int) -> int:
    """An instant moved by a duration by the calendar of UTC, later (1) or earlier (-1). Never runs back: where a month lacks the day, its end is meant."""
    if span.months:
        start = datetime.fromtimestamp(at // SECOND, UTC)
        number = start.year * 12 + start.month - 1 + sign * span.months
        year, month = number // 12, number % 12 + 1
        if start.day <= calendar.monthrange(year, month)[1]:
            at = int(start.replace(year=year, month=month).timestamp()) * SECOND + at % SECOND
        else:
            at = int(datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()) * SECOND
    return at + sign * span.ms


@lru_cache(maxsize=4096)
def midnight(day: int, zone: str) -> int:
    """When a day (days since 1970) begins in a zone, in milliseconds: the first such instant, where clocks are put back over it."""
    start = EPOCH + timedelta(days=day)
    return int(datetime(start.year, start.month, start.day, tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def local_day(at: int, zone: str) -> int:
    """The day (days since 1970) that has begun last in a zone. A day that has begun does not end before the next begins, wherever clocks are put back."""
    day = (datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).date() - EPOCH).days
    return day + 1 if midnight(day + 1, zone) <= at else day


class Moment(NamedTuple):
    """A stored date: a day without time (days since 1970), or an instant in milliseconds."""

    day: int | None
    at: int | None

    def begins(self, zone: str) -> int:
        """The instant that is meant, in milliseconds; a day is its beginning in the zone."""
        return midnight(self.day, zone) if self.day is not None else self.at or 0


def read_moment(text: object) -> Moment | None:
    """A date as it is stored in an attribute; None when it is none."""
    if not isinstance(text, str) or not _MOMENT.match(text):
        return None
    try:
        day = (date.fromisoformat(text[:10]) - EPOCH).days
    except ValueError:
        return None
    if len(text) == 10:
        return Moment(day, None)
    at = day * DAY + int(text[11:13]) * HOUR + int(text[14:16]) * MINUTE
    at += int(text[17:19]) * SECOND if text[16:17] == ":" else 0
    at += int(text[20:23]) if text[19:20] == "." else 0
    if text[-6] in "+-" and text[-3] == ":":
        ahead = int(text[-5:-3]) * HOUR + int(text[-2:]) * MINUTE
        at += ahead if text[-6] == "-" else -ahead
    return Moment(None, at)


class Horizon(NamedTuple):
    """A bound that moves with time. `x > horizon` becomes false, and `x <= horizon` true, at the first instant at which it reaches x."""

    span: str = ""
    """How far from now: `-P7D` is seven days ago, `P3D` in three days, empty now."""
    zone: str = ""
    days: int | None = None
    """Instead of a span: the end of the day before the one that many days from today."""
    in_days: bool = False
    """Whether it is compared with days (days since 1970) and not with instants in milliseconds."""

    @property
    def key(self) -> str:
        """As it is kept beside a timer."""
        return f"{self.span}|{self.zone}|{'' if self.days is None else self.days}|{'d' if self.in_days else ''}"

    def cutoff(self, now: int) -> int:
        """Where the bound is at an instant."""
        if self.days is not None:
            day = local_day(now, self.zone) + self.days
            return day - 1 if self.in_days else midnight(day, self.zone) - 1
        at = now
        if span := read_span(self.span.removeprefix("-")):
            at = shift(now, span, -1 if self.span.startswith("-") else 1)
        return local_day(at, self.zone) if self.in_days else at

    def reaches(self, value: int, since: int, until: int) -> int | None:
        """The first instant after `since`, up to `until`, at which it has reached a value; None: it had before, or does not until then."""
        if self.cutoff(since) >= value or self.cutoff(until) < value:
            return None
        before, reached = since, until
        while reached - before > 1:
            middle = (before + reached) // 2
            before, reached = (before, middle) if self.cutoff(middle) >= value else (middle, reached)
        return reached


NOW = Horizon()


def read_horizon(key: str) -> Horizon:
    """The horizon of a key."""
    span, zone, days, unit = key.split("|")
    return Horizon(span, zone, int(days) if days else None, unit == "d")
