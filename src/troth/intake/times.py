"""Times as clients write them: ISO 8601 with or without colon in the offset, `Z`, without zone (taken as UTC), or Unix seconds."""

from __future__ import annotations

from datetime import UTC, datetime

EARLIEST = -62_135_596_800_000
LATEST = 253_402_300_799_000


def parse_time(value: object) -> int | None:
    """Milliseconds since the epoch, or None when it is no time."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        ms = int(value * 1000) if abs(value) < 100_000_000_000 else int(value)
        return ms if EARLIEST <= ms <= LATEST else None
    if not isinstance(value, str) or not 8 <= len(value) <= 40:
        return None
    if value.isascii() and value.isdigit():
        return parse_time(int(value)) if len(value) in (9, 10, 13) else None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return int(moment.timestamp() * 1000)
    except (OverflowError, ValueError):
        return None
