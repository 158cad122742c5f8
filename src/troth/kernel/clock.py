"""The one place that reads the clock; everything else is handed `now`."""

from __future__ import annotations

import time
from datetime import UTC, datetime

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def now_ms() -> int:
    """The present instant in integer milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000


def iso(ms: int) -> str:
    """An instant as RFC 3339 text in UTC, for people and for JSON."""
    # Whole seconds and milliseconds apart: a float of both would lose a millisecond in far years.
    moment = datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_minute(ms: int) -> str:
    """An instant to the minute in UTC, for people: 2026-03-01 12:00."""
    return iso(ms)[:16].replace("T", " ")
