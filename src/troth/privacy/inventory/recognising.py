"""Recognising the form of JSON text without reading it: a regular expression made of an object that was read. Pure.

Most events of a name are of a few forms. To match one costs a fraction of making an object of it, and what matches is of exactly that form:
the expression follows the grammar of JSON (RFC 8259) and the text is known to be valid. Text with an escape in it is matched by none, and read.
Nothing of a value is in an expression, only names and types.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from troth.kernel.json_text import encode

LONGEST, DEEPEST, MOST_KINDS = 2_000, 6, 4
"""Beyond so many characters of expression, levels of nesting, or kinds of elements in one list, text is read as before."""
_SCALARS: Mapping[type, str] = {
    str: r'"[^"\\]*+"',
    int: "[-0-9]++",
    float: "[-0-9]++[.eE][-+eE0-9]++",
    bool: "(?:true|false)",
    type(None): "null",
}


class _TooVaried(Exception):
    """An expression for it would be long."""


def recogniser(values: Mapping[str, Any]) -> Callable[[str], object] | None:
    """What tells whether a text is of the form of an object: the same names in the same order, with values of the same types, at every depth.

    Lists may be of any length, of elements like those that were there, the first like the first. None where that would be too long.
    """
    try:
        expression = _of_object(values, 1)
    except _TooVaried:
        return None
    return _compile(expression) if len(expression) <= LONGEST else None


@lru_cache(maxsize=512)
def _compile(expression: str) -> Callable[[str], object]:
    return re.compile(expression).fullmatch


def _of_value(value: Any, depth: int) -> str:
    if depth > DEEPEST:
        raise _TooVaried
    if isinstance(value, dict):
        return _of_object(value, depth)
    if isinstance(value, list):
        return _of_list(value, depth)
    return _SCALARS[type(value)]


def _of_object(values: Mapping[str, Any], depth: int) -> str:
    members = [f"{re.escape(encode(name))}: ?{_of_value(value, depth + 1)}" for name, value in values.items()]
    return r"\{" + ", ?".join(members) + r"\}"


def _of_list(values: list[Any], depth: int) -> str:
    if not values:
        return r"\[\]"
    kinds: dict[str, None] = {}
    for value in values:
        kinds[_of_value(value, depth + 1)] = None
        if len(kinds) > MOST_KINDS:
            raise _TooVaried
    first, *_ = kinds
    return rf"\[{first}(?:, ?(?:{'|'.join(kinds)}))*+\]"
