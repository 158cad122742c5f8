"""When a request must be answered: within one month of receipt (Art. 12(3) GDPR), counted as Regulation 1182/71 counts. Pure.

The same day number of the month, else its last day; a Saturday, Sunday or public holiday at the controller's seat moves to the next working
day, whose last hour still counts (Art. 3(4)). A month is not thirty days. The clock stands still only while the person owes an answer that
they were asked for promptly (EDPB Guidelines 01/2022): who they are, or what they mean. Complex or numerous requests may take two months
more, if the person is told so, with the reasons, inside the first.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from troth.kernel.clock import DAY
from troth.kernel.errors import TrothError
from troth.kernel.local_time import find_zone, instant_of, local_time

SATURDAY = 5
FIRST, EXTENDED = 1, 3
"""Months from receipt: the term, and the term after an extension."""
PROMPT = 7 * DAY
"""How long after receipt a question may be asked that stops the clock; asked later, it is asked while the clock runs."""


class SeatUnknown(TrothError):
    """A country, region or time zone of which no public holidays or hours are known."""


class ExtensionImpossible(TrothError):
    """The term cannot be extended any more."""


@dataclass(frozen=True)
class Seat:
    """Where the controller has its seat: ISO 3166 country and region, empty where only weekends count, and its time zone."""

    country: str = ""
    region: str = ""
    zone: str = "UTC"

    @property
    def zone_info(self) -> ZoneInfo:
        """The zone in whose days the term is counted; UTC where it is not known."""
        return find_zone(self.zone) or ZoneInfo("UTC")

    def is_working_day(self, day: date) -> bool:
        """Whether a term may end on a day."""
        return day.weekday() < SATURDAY and (not self.country or day not in _holidays(self.country, self.region, day.year))


@dataclass(frozen=True)
class Pause:
    """A time in which the person owed an answer; `until` None: they still do. In milliseconds."""

    since: int
    until: int | None = None


@dataclass(frozen=True)
class Reading:
    """What the clock shows. `left` is less than 0 once the term is over; it does not shrink while the clock stands still."""

    due_at: int
    first_due_at: int
    """The end of the term without an extension: until then an extension can be told."""
    is_paused: bool
    is_extended: bool
    left: int

    @property
    def is_overdue(self) -> bool:
        """Whether the term is over."""
        return self.left < 0


def read_clock(received_at: int, seat: Seat, pauses: Sequence[Pause], extended_at: int | None, now: int) -> Reading:
    """The clock of a request at an instant; all in milliseconds. A pause that was not begun promptly does not count."""
    stood = sum((now if pause.until is None else pause.until) - pause.since for pause in pauses if stops_clock(pause.since, received_at))
    first = term_end(received_at, seat, FIRST, stood)
    due = term_end(received_at, seat, EXTENDED, stood) if extended_at is not None else first
    paused = any(pause.until is None and stops_clock(pause.since, received_at) for pause in pauses)
    return Reading(due, first, paused, extended_at is not None, due - now)


def stops_clock(asked_at: int, received_at: int) -> bool:
    """Whether a question was asked promptly enough to stop the clock while it is open."""
    return asked_at - received_at <= PROMPT


def check_extension(reading: Reading, now: int) -> None:
    """Raises ExtensionImpossible with the reason: the person must be told within one month of receipt, and once (Art. 12(3))."""
    if reading.is_extended:
        raise ExtensionImpossible("The term was extended already: it can be extended once, by two months.")
    if now > reading.first_due_at:
        raise ExtensionImpossible(
            "The first month is over: an extension must be told, with its reasons, within one month of receipt (Art. 12(3)). Answer now."
        )


def term_end(received_at: int, seat: Seat, months: int, stood: int = 0) -> int:
    """The last millisecond of the day on which a term ends.

    `stood` is how long the clock stood still, in milliseconds; only whole days of it count, so that the end is never later than it may be.
    """
    received = local_time(received_at, seat.zone_info).date()
    day = same_day_later(received, months) + timedelta(days=stood // DAY)
    while not seat.is_working_day(day):
        day += timedelta(days=1)
    return instant_of(day + timedelta(days=1), time(), seat.zone_info) - 1


def same_day_later(day: date, months: int) -> date:
    """The same day number some months later, else the last day of that month (Regulation 1182/71, Art. 3(2)(c))."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def due_at(received_at: int, seat: Seat = Seat()) -> int:
    """When a request that nothing has paused or extended must be answered."""
    return term_end(received_at, seat, FIRST)


def check_seat(seat: Seat) -> None:
    """Raises SeatUnknown, with what is known instead."""
    if find_zone(seat.zone) is None:
        raise SeatUnknown("There is no such time zone: choose an IANA name, e.g. Europe/Berlin.")
    if not seat.country:
        if seat.region:
            raise SeatUnknown("A region needs its country.")
        return
    regions = list_regions().get(seat.country)
    if regions is None:
        raise SeatUnknown("The public holidays of this country are not known: choose a two-letter code such as DE, FR or IE, or none.")
    if seat.region and seat.region not in regions:
        raise SeatUnknown(
            f"This country has no such region: choose one of {', '.join(regions)}, or none." if regions else "It has no regions."
        )


@lru_cache(maxsize=1)
def list_regions() -> dict[str, list[str]]:
    """The countries whose public holidays are known (two-letter codes), each with the regions that have some of their own."""
    import holidays

    return {
        code: sorted(regions)
        for code, regions in sorted(holidays.list_supported_countries(include_aliases=False).items())
        if len(code) == 2
    }


@lru_cache(maxsize=256)
def _holidays(country: str, region: str, year: int) -> frozenset[date]:
    import holidays

    return frozenset(holidays.country_holidays(country, subdiv=region or None, years=year))
