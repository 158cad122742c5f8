"""Times as clients write them: ISO 8601 with or without colon in the offset, `Z`, without zone (taken as UTC), or Unix seconds."""

from __future__ import annotations

from datetime import UTC, datetime

EARLIEST = -62_135_596_800_000
LATEST = 253_402_300_799_000
_LARGEST_SECONDS = 100_000_000_000  # the year 5138; a larger number counts milliseconds


def parse_time(value: object) -> int | None:
    """Milliseconds since the epoch, or None when it is no time."""
    if isinstance(value, str):
        return _parse_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not EARLIEST <= value <= LATEST:
        return None
    ms = round(value * 1000) if abs(value) < _LARGEST_SECONDS else round(value)
    return ms if EARLIEST <= ms <= LATEST else None


def _parse_text(text: str) -> int | None:
    if not 8 <= len(text) <= 40:
        return None
    if text.isdigit() and text.isascii():
        return parse_time(int(text)) if len(text) in (9, 10, 13) else None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1000)
    except (OverflowError, ValueError):
        return None
