"""Pieces of SQL with their values. Every condition made of them is true or false, never NULL, so that `NOT` means the opposite."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple


class Sql(NamedTuple):
    """A piece of SQL, with `%s` for each value."""

    text: str
    values: tuple[Any, ...] = ()


ALWAYS = Sql("1 = 1")
NEVER = Sql("1 = 0")


def all_of(parts: Iterable[Sql]) -> Sql:
    """All of the conditions; of none: true."""
    return _join(list(parts), " AND ", ALWAYS, NEVER)


def any_of(parts: Iterable[Sql]) -> Sql:
    """At least one of the conditions; of none: false."""
    return _join(list(parts), " OR ", NEVER, ALWAYS)


def opposite(part: Sql) -> Sql:
    """What holds when the condition does not."""
    if part in (ALWAYS, NEVER):
        return NEVER if part == ALWAYS else ALWAYS
    return Sql(f"NOT ({part.text})", part.values)


def _join(parts: list[Sql], word: str, neutral: Sql, deciding: Sql) -> Sql:
    if deciding in parts:
        return deciding
    parts = [part for part in parts if part != neutral]
    if len(parts) < 2:
        return parts[0] if parts else neutral
    return Sql("(" + word.join(part.text for part in parts) + ")", tuple(value for part in parts for value in part.values))
