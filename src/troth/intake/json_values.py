"""What may stand in the values of people and events, and what is refused.

Refused, because one of the databases or a later reader could not hold it unchanged: NUL characters, integers beyond 64 bit, nesting deeper than
32, strings over 64 KiB, objects of more than 1,000 keys, keys over 255 characters. Of duplicate keys the last counts. Requests that contain
nothing suspicious, which bytes alone can tell, pay almost nothing.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from troth.kernel.errors import TrothError

DEEPEST = 32
LONGEST_TEXT = 64 * 1024
MOST_KEYS = 1_000
LONGEST_KEY = 255
LARGEST_INTEGER = 2**63 - 1
_DIGITS = bytes.maketrans(b"012345678", b"9" * 9)


class ValueRefused(TrothError):
    """A value that cannot be kept; `path` is its JSON path."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path


def is_plainly_harmless(body: bytes) -> bool:
    """Whether no value of a JSON body can be refused: short, flat, without NUL or long numbers."""
    return (
        len(body) <= LONGEST_KEY * 8
        and b"\\u" not in body
        and body.count(b"{") + body.count(b"[") <= DEEPEST
        and b"9" * 18 not in body.translate(_DIGITS)
        and b'"' in body
        and len(body) < LONGEST_TEXT
        and _longest_token_is_short(body)
    )


def _longest_token_is_short(body: bytes) -> bool:
    """Whether no run between quotes can be a key of more than 255 characters."""
    return len(body) <= LONGEST_KEY or max(map(len, body.split(b'"'))) <= LONGEST_KEY


def check_value(value: Any, path: str, depth: int = 0) -> None:
    """Refuse what cannot be kept. Raises ValueRefused with the JSON path."""
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int):
        if not -LARGEST_INTEGER - 1 <= value <= LARGEST_INTEGER:
            raise ValueRefused(path, "an integer beyond 64 bit")
    elif isinstance(value, float):
        if not isfinite(value):
            raise ValueRefused(path, "not a finite number")
    elif depth > DEEPEST:
        raise ValueRefused(path, f"nested deeper than {DEEPEST}")
    elif isinstance(value, dict):
        if len(value) > MOST_KEYS:
            raise ValueRefused(path, f"more than {MOST_KEYS} keys")
        for key, item in value.items():
            if len(key) > LONGEST_KEY:
                raise ValueRefused(path, f"a key longer than {LONGEST_KEY} characters")
            _check_text(key, path)
            check_value(item, f"{path}.{key[:40]}", depth + 1)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            check_value(item, f"{path}[{number}]", depth + 1)


def _check_text(value: str, path: str) -> None:
    if len(value) > LONGEST_TEXT:
        raise ValueRefused(path, f"longer than {LONGEST_TEXT} characters")
    if "\0" in value:
        raise ValueRefused(path, "contains a NUL character")
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueRefused(path, "contains a lone surrogate")
