"""Conditions on another segment: that somebody meets its conditions. Who may be chosen at all is asked of the segment that is outermost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from troth.kernel.speech import ENGLISH, Speech
from troth.segments.compiler import compile_flips, compile_sql
from troth.segments.definition import find_reads, find_wakes, is_timed
from troth.segments.evaluate import holds
from troth.segments.kinds import Answer, Facts, Flip, Kind, Leaf, Moment, Read, refuse_unless
from troth.segments.sql import Sql

Lookup = Callable[[int], tuple[str, Mapping[str, Any]]]
"""The name and definition of a segment by id."""


class SegmentKind(Kind):
    """`{"segment": 12}`. Definitions are looked up when they are needed, so that a segment that changes changes those built on it."""

    key = "segment"
    fields = frozenset()

    def __init__(self, look_up: Lookup) -> None:
        self._look_up = look_up

    def _definition(self, leaf: Leaf) -> Mapping[str, Any]:
        return self._look_up(leaf["segment"])[1]

    def check(self, leaf: Leaf, path: str) -> None:
        """See `Kind`. That it is there, and that nothing runs in a circle, is checked when a segment is saved."""
        refuse_unless(type(leaf["segment"]) is int and 0 < leaf["segment"] < 2**63, f"{path}.segment", "the id of a segment is missing.")

    def wakes(self, leaf: Leaf) -> Iterator[str]:
        """See `Kind`."""
        yield from find_wakes(self._definition(leaf))

    def reads(self, leaf: Leaf, path: str) -> Iterator[Read]:
        """See `Kind`."""
        name, definition = self._look_up(leaf["segment"])
        yield from find_reads(definition, f"{path}.segment (“{name}”) $")

    def is_timed(self, leaf: Leaf) -> bool:
        """See `Kind`."""
        return is_timed(self._definition(leaf))

    def compile(self, leaf: Leaf, moment: Moment) -> Sql:
        """See `Kind`."""
        return compile_sql(self._definition(leaf), moment)

    def flips(self, leaf: Leaf, moment: Moment) -> list[Flip]:
        """See `Kind`."""
        return compile_flips(self._definition(leaf), moment)

    def judge(self, leaf: Leaf, facts: Facts, now: int) -> Answer:
        """See `Kind`."""
        return Answer(holds(self._definition(leaf), facts, now))

    def inner(self, leaf: Leaf) -> Mapping[str, Any]:
        """The definition that the leaf stands for."""
        return self._definition(leaf)

    def describe(self, leaf: Leaf, say: Speech = ENGLISH) -> str:
        """See `Kind`."""
        return say("is in the segment {name}", name=self._look_up(leaf["segment"])[0])
