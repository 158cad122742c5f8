"""Exact spans of time as ISO 8601 writes them, in days, hours, minutes and seconds: `P7D`, `PT90M`, `P1DT12H`. A day is 24 hours.

For spans by the calendar (months, years) see `consent.durations`.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

import msgspec

from troth.kernel.clock import DAY
from troth.kernel.errors import TrothError

LONGEST = 3_660 * DAY


class SpanInvalid(TrothError):
    """Not a span of time; the message names the place."""


@lru_cache(maxsize=1024)
def span_ms(text: str) -> int:
    """A span in milliseconds; nothing written is no time at all. Raises SpanInvalid."""
    if not text:
        return 0
    try:
        found = round(msgspec.convert(text, timedelta).total_seconds() * 1000)
    except (msgspec.ValidationError, OverflowError):
        found = -1
    if not 0 <= found <= LONGEST:
        raise SpanInvalid("write a span of time in days, hours, minutes and seconds, at most ten years: P7D, PT90M, P1DT12H.")
    return found


def check_span(text: str, place: str, *, least: int = 1) -> int:
    """As `span_ms`, of at least so many milliseconds. Raises SpanInvalid, which begins with the place."""
    try:
        found = span_ms(text)
    except SpanInvalid as error:
        raise SpanInvalid(f"{place}: {error}") from None
    if found < least:
        raise SpanInvalid(f"{place}: choose a longer span of time, such as PT1H.")
    return found
