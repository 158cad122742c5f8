"""JSON as it is stored: compact, UTF-8, one representation for both databases."""

from __future__ import annotations

from typing import Any

import msgspec

_encoder = msgspec.json.Encoder()
_canonical = msgspec.json.Encoder(order="deterministic")


def encode(value: Any) -> str:
    """Compact JSON text of plain values."""
    return _encoder.encode(value).decode()


def canonical(value: Any) -> bytes:
    """JSON bytes with sorted keys, for hashing and signing."""
    return _canonical.encode(value)


def decode(text: str | bytes | None) -> Any:
    """The value of stored JSON text; None stays None."""
    return None if text is None else msgspec.json.decode(text)
