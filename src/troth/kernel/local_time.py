"""Instants and the clocks on people's walls: which instant a local time is, in any zone and on both nights of the clock change.

Zones are those of the IANA database. A local time that the clock skips (spring) means the instant as if the clock had not been changed yet, so
that 02:30 becomes 03:30; one that comes twice (autumn) means the first.
"""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

EARLIEST_OFFSET = timedelta(hours=14)
"""Nowhere is a day longer under way than this many hours before it begins in UTC (Kiritimati)."""
LATEST_OFFSET = timedelta(hours=12)
"""Nowhere does a day begin later than this many hours after it begins in UTC."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    """The names of time zones that are known here."""
    return frozenset(available_timezones())


@lru_cache(maxsize=1024)
def find_zone(name: str) -> ZoneInfo | None:
    """The zone of an IANA name, e.g. `Europe/Berlin`; None when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def instant_of(day: date, at: time, zone: ZoneInfo) -> int:
    """The instant, in milliseconds, of a local time on a local day."""
    local = datetime.combine(day, at.replace(tzinfo=None), tzinfo=zone)
    return round(local.astimezone(UTC).timestamp() * 1000)


def local_time(instant: int, zone: ZoneInfo) -> datetime:
    """What the clock in a zone shows at an instant in milliseconds."""
    return datetime.fromtimestamp(instant / 1000, UTC).astimezone(zone)


def first_instant_anywhere(day: date, at: time) -> int:
    """The instant in milliseconds at which a local time comes first, anywhere on earth."""
    return round((datetime.combine(day, at.replace(tzinfo=None), tzinfo=UTC) - EARLIEST_OFFSET).timestamp() * 1000)


def last_instant_anywhere(day: date, at: time) -> int:
    """The instant in milliseconds at which a local time comes last, anywhere on earth."""
    return round((datetime.combine(day, at.replace(tzinfo=None), tzinfo=UTC) + LATEST_OFFSET).timestamp() * 1000)


def months_later(begins: int, months: int, zone: str) -> int:
    """The same time of the same day some months later in a zone that is known; where the month lacks the day its end is meant. Milliseconds.

    Of a time that comes twice the second is meant: nothing is over before it is over on either reading.
    """
    second, rest = divmod(begins, 1000)
    own = ZoneInfo(zone)
    shown = (_EPOCH + timedelta(seconds=second)).astimezone(own).replace(tzinfo=None, fold=0)
    number = shown.year * 12 + shown.month - 1 + months
    year, month = number // 12, number % 12 + 1
    if shown.day <= calendar.monthrange(year, month)[1]:
        return _last_instant_of(shown.replace(year=year, month=month), own) + rest
    return _last_instant_of(datetime.combine(date(year + month // 12, month % 12 + 1, 1), time()), own)


def months_later_in_known_zone(begins: int | None, months: int, zone: str | None, otherwise: str) -> int | None:
    """`months_later` as SQLite calls it: in a zone, or in another where none of that name is known."""
    return None if begins is None else months_later(begins, months, zone if zone in zones() else otherwise)


def _last_instant_of(shown: datetime, zone: ZoneInfo) -> int:
    """Of a time that the clock skips, the reading by the offset before is the later one."""
    return max(round((shown.replace(tzinfo=zone, fold=fold) - _EPOCH).total_seconds()) for fold in (0, 1)) * 1000
