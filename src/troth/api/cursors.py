"""Cursors: where a page ended, as opaque text. They name positions within a workspace and grant nothing."""

from __future__ import annotations

import base64

import msgspec

from troth.api.errors import ApiError

LARGEST = 2**63 - 1


class CursorInvalid(ApiError):
    """Not a cursor of this list."""

    code = "cursor_invalid"

    def __init__(self) -> None:
        super().__init__("This is not a cursor of this list: pass on `next_cursor` as it was given.", path="query.cursor")


def write_cursor(*position: int) -> str:
    """A position as text."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).rstrip(b"=").decode()


def read_cursor(text: str | None, length: int) -> tuple[int, ...] | None:
    """The position of a cursor with `length` numbers; None without a cursor. Raises CursorInvalid."""
    if text is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        position = msgspec.json.decode(raw, type=tuple[int, ...])
    except (ValueError, msgspec.DecodeError):
        raise CursorInvalid from None
    if len(position) != length or not all(-LARGEST <= number <= LARGEST for number in position):
        raise CursorInvalid
    return position
