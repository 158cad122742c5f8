"""Instants and the clocks on people's walls: which instant a local time is, in any zone and on both nights of the clock change.

Zones are those of the IANA database. A local time that the clock skips (spring) means the instant as if the clock had not been changed yet, so
that 02:30 becomes 03:30; one that comes twice (autumn) means the first.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EARLIEST_OFFSET = timedelta(hours=14)
"""Nowhere is a day longer under way than this many hours before it begins in UTC (Kiritimati)."""
LATEST_OFFSET = timedelta(hours=12)
"""Nowhere does a day begin later than this many hours after it begins in UTC."""


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
