"""What may stand in the values of people and events, what is refused, and what is repaired.

Refused, because one of the databases or a later reader could not hold it unchanged: NUL characters, integers beyond signed 64 bit, nesting deeper
than 32, texts over 64 KiB (65,536 characters), objects of more than 1,000 keys, keys over 255 characters, numbers that are not finite, lone
surrogates. The Vero door answers 400 and names the JSON path; the Segment door refuses only the message that contains it.

Repaired, at the Segment door alone, because Python's libraries send it for values that are simply missing or cut: `NaN` and `Infinity` become null
(as JavaScript writes them), a lone surrogate becomes U+FFFD, except in an identifier, which is refused. Of duplicate keys the last counts.

`has_clean_text` and `is_small` together prove from the bytes alone that nothing in a JSON text can be refused, so that ordinary requests pay about
a microsecond; whatever they cannot prove is walked by `check_value`.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from troth.kernel.errors import TrothError

DEEPEST = 32
LONGEST_TEXT = 64 * 1024
MOST_KEYS = 1_000
LONGEST_KEY = 255
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1

_DIGITS = bytes.maketrans(b"012345678", b"9" * 9)
_TOO_MANY_DIGITS = b"9" * 19
_WINDOW = 128
_SMALL = MOST_KEYS * 5  # a key and its value take at least five bytes: "":1,
_SURROGATE = re.compile("[\ud800-\udfff]")
_SHOWN = 40


class ValueRefused(TrothError):
    """A value that cannot be kept or used. The message names its JSON path and never contains the value."""

    def __init__(self, path: str, why: str, code: str = "invalid_value") -> None:
        super().__init__(f"{path}: {why}")
        self.code = code


def has_clean_text(body: bytes) -> bool:
    """Whether a JSON text surely has no NUL, no integer beyond 64 bit, no key over 255 characters and no text over 64 KiB.

    A key or text can only be long where no quote ends it, so some whole window of 128 bytes would contain none.
    """
    if b"\\u0000" in body or b'\\"' in body or _TOO_MANY_DIGITS in body.translate(_DIGITS):
        return False
    find = body.find
    return all(find(b'"', start, start + _WINDOW) >= 0 for start in range(0, len(body) - _WINDOW, _WINDOW))


def is_small(message: bytes) -> bool:
    """Whether a JSON text surely has no object of more than 1,000 keys and no deep nesting."""
    return len(message) <= _SMALL and message.count(b"{") + message.count(b"[") <= DEEPEST


def check_value(value: Any, path: str) -> None:
    """Refuse what cannot be kept. Raises ValueRefused with the JSON path."""
    fault = _find_fault(value, 1)
    if fault:
        raise ValueRefused(path + fault[0], fault[1])


def _find_fault(value: Any, depth: int) -> tuple[str, str] | None:
    """The path below `value`, and what is wrong there; None when all is well."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        why = _find_fault_of_text(value)
    elif isinstance(value, int):
        why = "" if SMALLEST_INTEGER <= value <= LARGEST_INTEGER else "must be an integer of at most 64 bit"
    elif isinstance(value, float):
        why = "" if math.isfinite(value) else "must be a finite number"
    elif depth > DEEPEST:
        why = f"must not nest deeper than {DEEPEST}"
    else:
        return _find_fault_inside(value, depth)
    return ("", why) if why else None


def _find_fault_of_text(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        return f"must be at most {LONGEST_TEXT} characters long"
    if "\0" in text:
        return "must not contain a NUL character"
    if not text.isascii() and _SURROGATE.search(text):
        return "must not contain a lone surrogate"
    return ""


def _find_fault_inside(value: dict[Any, Any] | list[Any], depth: int) -> tuple[str, str] | None:
    if isinstance(value, list):
        for number, item in enumerate(value):
            fault = _find_fault(item, depth + 1)
            if fault:
                return f"[{number}]{fault[0]}", fault[1]
        return None
    if len(value) > MOST_KEYS:
        return "", f"must not have more than {MOST_KEYS} keys"
    for key, item in value.items():
        if len(key) > LONGEST_KEY:
            return f".{shown(key)}", f"a key must be at most {LONGEST_KEY} characters long"
        why = _find_fault_of_text(key)
        if why:
            return f".{shown(key)}", f"a key {why}"
        fault = _find_fault(item, depth + 1)
        if fault:
            return f".{shown(key)}{fault[0]}", fault[1]
    return None


def shown(key: str) -> str:
    """A key as it may stand in an error's path: short, and plain text."""
    return key[:_SHOWN].encode("ascii", "replace").decode().replace("\0", "?")


def decode_tolerantly(body: bytes) -> Any:
    """Read what Python's libraries write although it is not JSON: `NaN`, `Infinity`, lone surrogates. Raises ValueError or RecursionError.

    Integers too long for any use come back as one that is refused, so that nobody makes us compute them.
    """
    return json.loads(body.decode("utf-8"), parse_int=_parse_integer)


def _parse_integer(digits: str) -> int:
    return int(digits) if len(digits) <= 20 else LARGEST_INTEGER + 1


def repair(value: Any, path: str, repaired: list[str], depth: int = 0) -> Any:
    """The value with null for numbers that are not finite and U+FFFD for lone surrogates; appends what was done to `repaired`.

    Raises ValueRefused where it nests too deeply.
    """
    if isinstance(value, str) and not value.isascii() and _SURROGATE.search(value):
        repaired.append(f"{path}: a lone surrogate became U+FFFD")
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, float) and not math.isfinite(value):
        repaired.append(f"{path}: a number that is not finite became null")
        return None
    if depth > DEEPEST and isinstance(value, dict | list):
        raise ValueRefused(path, f"must not nest deeper than {DEEPEST}")
    if isinstance(value, dict):
        return {
            repair(key, f"{path}.{shown(key)}", repaired): repair(item, f"{path}.{shown(key)}", repaired, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [repair(item, f"{path}[{number}]", repaired, depth + 1) for number, item in enumerate(value)]
    return value
