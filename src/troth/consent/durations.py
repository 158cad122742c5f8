"""Durations as laws and contracts give them: years, months, weeks and days (ISO 8601), counted by the calendar in UTC."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta

from troth.kernel.errors import TrothError

_DURATION = re.compile(r"P(?=\d)(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?")
LONGEST_YEARS = 200


class DurationInvalid(TrothError):
    """Not a duration."""


def check_duration(text: str) -> str:
    """A duration such as `P24M` or `P30D`, or nothing. Raises DurationInvalid."""
    if text:
        _parts(text)
    return text


def add_duration(at: int, text: str) -> int | None:
    """The moment in milliseconds that lies a duration after another; None for no duration. The last of a month stays a day of that month."""
    if not text:
        return None
    years, months, weeks, days = _parts(text)
    start = datetime.fromtimestamp(at // 1000, UTC)
    number = start.year * 12 + start.month - 1 + years * 12 + months
    year, month = number // 12, number % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    moved = start.replace(year=year, month=month, day=day) + timedelta(weeks=weeks, days=days)
    return int(moved.timestamp()) * 1000 + at % 1000


def _parts(text: str) -> tuple[int, int, int, int]:
    found = _DURATION.fullmatch(text)
    if not found:
        raise DurationInvalid("A duration is written as ISO 8601 says, in years, months, weeks or days: P24M, P1Y, P30D.")
    years, months, weeks, days = (int(part or 0) for part in found.groups())
    if not 0 < years * 366 + months * 31 + weeks * 7 + days <= LONGEST_YEARS * 366:
        raise DurationInvalid(f"A duration is longer than nothing and at most {LONGEST_YEARS} years.")
    return years, months, weeks, days
