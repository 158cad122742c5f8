"""Dates in attributes: at which instant a campaign's message is due to somebody. Pure; by the clock of the person, whatever the clocks do.

A day in an attribute is that day on the wall; an instant is the day that it is there. 29 February is the 28th in years without it.
"""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from troth.campaigns.rules import DateTrigger
from troth.kernel.clock import DAY
from troth.kernel.local_time import instant_of, local_time
from troth.segments.horizons import EPOCH, read_moment


class Coming(NamedTuple):
    """One coming of a date."""

    day: date
    """The date itself, in the year that is meant."""
    at: int
    """When the message is due, in milliseconds."""

    @property
    def occurrence(self) -> int:
        """Its number: the same day of the same year is one occasion."""
        return self.day.toordinal()


def find_coming(trigger: DateTrigger, value: object, zone: ZoneInfo, since: int, until: int) -> Coming | None:
    """The first coming of a stored date that is due after `since` and until `until`; None where it has none then, or the value is no date."""
    day = _day_of(value, zone)
    if day is None:
        return None
    if not trigger.yearly:
        return _within(trigger, day, zone, since, until)
    first = local_time(since, zone).year - 2
    last = local_time(until, zone).year + 2
    comings = (_within(trigger, in_year(day, year), zone, since, until) for year in range(max(first, day.year), min(last, 9990) + 1))
    return next((coming for coming in comings if coming), None)


def in_year(day: date, year: int) -> date:
    """The day in another year; 29 February is the 28th in years without it."""
    return day.replace(year=year, day=28) if (day.month, day.day) == (2, 29) and not calendar.isleap(year) else day.replace(year=year)


def candidate_days(trigger: DateTrigger, since: int, until: int) -> list[date]:
    """The days whose coming may be due in a window, in whatever zone: what a stored date has to be, the year aside where it is yearly."""
    first = datetime.fromtimestamp(since / 1000, UTC).date() - timedelta(days=trigger.days + 2)
    days = (until - since) // DAY + 5
    return [first + timedelta(days=number) for number in range(days)]


def _within(trigger: DateTrigger, day: date, zone: ZoneInfo, since: int, until: int) -> Coming | None:
    hour, minute = trigger.at.split(":")
    try:
        at = instant_of(day + timedelta(days=trigger.days), time(int(hour), int(minute)), zone)
    except OverflowError:
        return None
    return Coming(day, at) if since < at <= until else None


def _day_of(value: object, zone: ZoneInfo) -> date | None:
    moment = read_moment(value)
    if moment is None:
        return None
    if moment.day is not None:
        return EPOCH + timedelta(days=moment.day)
    return local_time(moment.at or 0, zone).date()
