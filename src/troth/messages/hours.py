"""Hours at which something may be sent, in a person's own zone. Pure; exact on both nights of the clock change.

What counts is what the clock on the person's wall shows: who has quiet hours until 02:30 is not disturbed at a second 02:10 either.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from troth.kernel.clock import MINUTE
from troth.kernel.errors import TrothError
from troth.kernel.local_time import local_time

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYS_AHEAD = 9
"""Within so many days every weekday has come, whatever the zone."""


class HoursInvalid(TrothError):
    """Hours that cannot be kept; the message names the place."""


class Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"since": "from"}):
    """From a local time until before another, past midnight where the second is the earlier; on some weekdays or on all."""

    since: str
    """`HH:MM`."""
    until: str
    days: tuple[Weekday, ...] = ()
    """By the date on the wall; empty: every day."""

    def has(self, local: datetime) -> bool:
        """Whether a clock that shows this is within the hours."""
        if self.days and WEEKDAYS[local.weekday()] not in self.days:
            return False
        minute, since, until = local.hour * 60 + local.minute, minute_of(self.since), minute_of(self.until)
        return since <= minute < until if since < until else minute >= since or minute < until


def minute_of(text: str) -> int:
    """Minutes since midnight of `HH:MM`. Raises HoursInvalid."""
    try:
        found = time.fromisoformat(text) if len(text) == len("09:00") else None
    except ValueError:
        found = None
    if found is None:
        raise HoursInvalid("write a time of day as HH:MM, such as 09:00.") from None
    return found.hour * 60 + found.minute


def check_hours(hours: Hours, place: str) -> None:
    """Raises HoursInvalid, which begins with the place."""
    for name, text in (("from", hours.since), ("until", hours.until)):
        try:
            minute_of(text)
        except HoursInvalid as error:
            raise HoursInvalid(f"{place}.{name}: {error}") from None
    if minute_of(hours.since) == minute_of(hours.until):
        raise HoursInvalid(f"{place}: begins and ends at the same time: choose two times.")


def next_allowed(at: int, zone: ZoneInfo, *, only: Hours | None = None, quiet: Hours | None = None) -> int | None:
    """The first instant from `at` on (milliseconds) within `only` and outside `quiet`; None where there is none, ever."""

    def allows(instant: int) -> bool:
        shown = local_time(instant, zone)
        return (only is None or only.has(shown)) and (quiet is None or not quiet.has(shown))

    if allows(at):
        return at
    today = local_time(at, zone).date()
    edges = {0, *(minute_of(text) for hours in (only, quiet) if hours for text in (hours.since, hours.until))}
    for number in range(DAYS_AHEAD):
        turns = sorted(turn for turn in _turns(today + timedelta(days=number), zone, edges) if turn > at)
        found = next((turn for turn in turns if allows(turn)), None)
        if found is not None:
            return found
    return None


def _turns(day: date, zone: ZoneInfo, minutes: set[int]) -> Iterator[int]:
    """The instants of a day at which the answer can change: when a clock shows one of the times, and when it is changed itself."""
    for minute in minutes:
        for fold in (0, 1):
            yield _instant(datetime.combine(day, time(minute // 60, minute % 60), zone).replace(fold=fold))
    begin, end = (_instant(datetime.combine(day + timedelta(days=more), time(), zone)) for more in (0, 1))
    if _offset(begin, zone) != _offset(end, zone):
        # Clocks are changed at whole minutes; halving finds which.
        while end - begin > MINUTE:
            middle = begin + (end - begin) // MINUTE // 2 * MINUTE
            begin, end = (middle, end) if _offset(middle, zone) == _offset(begin, zone) else (begin, middle)
        yield end


def _instant(local: datetime) -> int:
    return round(local.astimezone(UTC).timestamp() * 1000)


def _offset(instant: int, zone: ZoneInfo) -> timedelta | None:
    return local_time(instant, zone).utcoffset()
