"""Limits for Liquid templates: no template, whatever its author or its data, takes more than a moment or a few megabytes.

The library limits nesting and output. What it leaves open is closed here: filters that multiply text, ranges and lists of any length, huge
numbers, and many cheap steps that add up. Each rendering has one budget of estimated nanoseconds; loops pay in advance for all their
rounds, filters for what they read and write, assignments for what they keep, so that memory is bounded by the same budget.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import StringIO
from typing import Any, TextIO, cast

from liquid import BoundTemplate, RenderContext, Token
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.expression import Expression
from liquid.limits import to_int

from troth.content.errors import TemplateTooExpensive

BUDGET_NS = 100_000_000
"""What one rendering may take, as estimated below; the estimates are generous, so real time stays under it."""
NODE_NS = 1_500
FILTER_NS = 3_000
CHARACTER_NS = 8
ITEM_NS = 500
PIECE_NS = 1_500
"""For cutting one word out of a text."""
DATE_NS = 20_000
COMPARISON_NS = 50
MAX_OUTPUT = 1024 * 1024
"""Characters that a template may produce; Gmail cuts a mail at 102 kB."""
MAX_TEXT = 256 * 1024
"""Characters in any value that a filter reads or writes."""
MAX_ITEMS = 10_000
"""Items in any list or range."""
MAX_BITS = 2048
"""Size of a whole number."""
MAX_SHORT_TEXT = 100
"""Characters in a date and in its format."""
MAX_DIGITS = 20


def weigh(value: object) -> int:
    """What reading a value once costs, with all that is in it. Raises TemplateTooExpensive when it is too large."""
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise TemplateTooExpensive("a text that is too long")
        return len(value) * CHARACTER_NS
    if isinstance(value, range):
        return check_range(value.start, value.stop) * ITEM_NS
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise TemplateTooExpensive("a number with too many digits")
    if isinstance(value, list | tuple):
        if len(value) > MAX_ITEMS:
            raise TemplateTooExpensive("a list that is too long")
        return sum(map(weigh, value), len(value) * ITEM_NS)
    if type(value) is dict:
        return sum(map(weigh, value.values()), len(value) * ITEM_NS)
    return CHARACTER_NS


def check_range(start: int, stop: int) -> int:
    """The length of a range. Raises TemplateTooExpensive when it is too long."""
    if stop - start > MAX_ITEMS:
        raise TemplateTooExpensive(f"a range of more than {MAX_ITEMS} numbers")
    return max(0, stop - start)


class BoundedEnd(Expression):
    """The end of a range literal, which checks the length before anything walks along it."""

    __slots__ = ("literal", "stop")

    def __init__(self, literal: RangeLiteral) -> None:
        super().__init__(literal.token)
        self.literal = literal
        self.stop = literal.stop

    def evaluate(self, context: RenderContext) -> object:
        """The end of the range. Raises TemplateTooExpensive."""
        stop = self.stop.evaluate(context)
        check_range(_number(self.literal.start.evaluate(context)), _number(stop))
        return stop

    def children(self) -> list[Expression]:
        """The expression that it stands for."""
        return [self.stop]

    def __str__(self) -> str:
        return str(self.stop)


def _number(value: Any) -> int:
    """A border of a range as the library reads it."""
    try:
        return to_int(value)
    except (ValueError, TypeError, OverflowError):
        return 0


@dataclass(frozen=True)
class Weight:
    """What rendering a part of a template once passes through."""

    nodes: int = 1
    comparisons: int = 0

    def __add__(self, other: Weight) -> Weight:
        return Weight(self.nodes + other.nodes, self.comparisons + other.comparisons)


class CountedOutput:
    """What a template writes, by its length: the library's own stream encodes each piece only to measure it."""

    __slots__ = ("_parts", "left")

    def __init__(self, left: int) -> None:
        self._parts: list[str] = []
        self.left = left

    def write(self, text: str) -> int:
        """Go on. Raises TemplateTooExpensive."""
        self.left -= len(text)
        if self.left < 0:
            raise TemplateTooExpensive("too much output")
        self._parts.append(text)
        return len(text)

    def getvalue(self) -> str:
        """All that was written."""
        return "".join(self._parts)


class BudgetContext(RenderContext):
    """The context of one rendering, with its budget."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.left_ns = BUDGET_NS
        self.round: Weight = Weight()
        """One round of the loop that is about to begin; set by the loop."""
        self.heaviest_ns = 0
        """The most that comparing two values can cost."""
        try:
            self.heaviest_ns = sum(map(weigh, self.globals.values()))
        except TemplateTooExpensive:
            # Data may be large where the template does not touch it.
            self.heaviest_ns = BUDGET_NS

    def charge(self, nanoseconds: int) -> None:
        """Take from the budget. Raises TemplateTooExpensive when it is used up."""
        self.left_ns -= nanoseconds
        if self.left_ns < 0:
            raise TemplateTooExpensive("too much work")

    def raise_for_loop_limit(self, length: int = 1) -> None:
        """Pay for all rounds of a loop before its first."""
        self.charge(length * (self.round.nodes * NODE_NS + self.round.comparisons * self.heaviest_ns))

    def get_output_buffer(self, parent: TextIO | None) -> StringIO:
        """What a block writes to, with what its parent has left."""
        return cast("StringIO", CountedOutput(getattr(parent, "left", MAX_OUTPUT)))

    def assign(self, key: str, val: Any) -> None:
        """Keep a value under a name."""
        weight = weigh(val)
        self.charge(weight)
        self.heaviest_ns = max(self.heaviest_ns, weight)
        self.locals[key] = val

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        """The filter, guarded: what goes in and what comes out is measured and paid for."""
        found = super().filter(name, token)
        foresee = FORESEEN.get(name)

        def guarded(*values: Any, **named: Any) -> object:
            self.charge(FILTER_NS + sum(map(weigh, values)) + sum(map(weigh, named.values())))
            if foresee is not None:
                self.charge(foresee(*values))
            made = found(*values, **named)
            self.charge(weigh(made))
            return made

        return guarded


class BudgetTemplate(BoundTemplate):
    """A template that is rendered on a budget."""

    context_class = BudgetContext

    def _get_buffer(self) -> StringIO:
        return cast("StringIO", CountedOutput(MAX_OUTPUT))


def _foresee_replace(value: object, sought: object = "", replacement: object = "", *_: object) -> int:
    text = str(value)
    length = len(text) + text.count(str(sought)) * len(str(replacement))
    if length > MAX_TEXT:
        raise TemplateTooExpensive("a text that grows too long")
    return length * CHARACTER_NS


def _foresee_join(value: object, separator: object = " ", *_: object) -> int:
    length = (len(value) if isinstance(value, list | tuple | range) else 1) * len(str(separator))
    if length > MAX_TEXT:
        raise TemplateTooExpensive("a text that grows too long")
    return length * CHARACTER_NS


def _foresee_split(value: object, separator: object = " ", *_: object) -> int:
    text, cut = str(value), str(separator or "")
    pieces = text.count(cut) + 1 if cut else len(text)
    if pieces > MAX_ITEMS:
        raise TemplateTooExpensive("a list that is too long")
    return pieces * PIECE_NS


def _foresee_words(value: object, *_: object) -> int:
    return (str(value).count(" ") + 1) * PIECE_NS


def _foresee_uniq(value: object, *_: object) -> int:
    # It compares each item with each.
    return (len(value) if isinstance(value, list | tuple | range) else 1) ** 2 * COMPARISON_NS


def _foresee_date(*values: object) -> int:
    if any(isinstance(value, str) and len(value) > MAX_SHORT_TEXT for value in values):
        raise TemplateTooExpensive("a date or date format that is too long")
    return DATE_NS


def _foresee_round(_: object, digits: object = 0, *__: object) -> int:
    # Rounding a whole number to minus a million digits computes ten to that power.
    try:
        wild = abs(float(str(digits) or 0)) > MAX_DIGITS
    except (ValueError, OverflowError):
        wild = False
    if wild:
        raise TemplateTooExpensive("rounding to too many digits")
    return 0


FORESEEN: Mapping[str, Callable[..., int]] = {
    "replace": _foresee_replace,
    "replace_first": _foresee_replace,
    "join": _foresee_join,
    "split": _foresee_split,
    "truncatewords": _foresee_words,
    "uniq": _foresee_uniq,
    "date": _foresee_date,
    "round": _foresee_round,
}
"""For filters that are dear out of proportion: what a call will cost, known before it is made."""
