"""Conditions on a person's attributes and tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from troth.consent.coverage import Datum
from troth.consent.coverage import Kind as DatumKind
from troth.kernel.speech import ENGLISH, Said, Speech
from troth.kernel.spoken_durations import say_duration_in, say_from_now
from troth.segments import dates
from troth.segments.conditions import OPERATORS, WITHOUT_VALUE, value_at
from troth.segments.dates_in_sql import compile_date, flips_of_date
from troth.segments.kinds import Answer, Facts, Flip, Kind, Leaf, Moment, Read, refuse_unless
from troth.segments.sql import Sql
from troth.segments.values_in_sql import Place, compare, in_list

ALL_OPERATORS = (*OPERATORS, *dates.OPERATORS)
IN_WORDS = {
    "equals": "{name} is {value}",
    "not_equals": "{name} is not {value}",
    "contains": "{name} contains {value}",
    "starts_with": "{name} starts with {value}",
    "in": "{name} is one of {value}",
    "greater": "{name} is greater than {value}",
    "at_least": "{name} is at least {value}",
    "less": "{name} is less than {value}",
    "at_most": "{name} is at most {value}",
    "is_set": "{name} is set",
    "is_not_set": "{name} is not set",
    "before": "{name} is before {value}",
    "after": "{name} is after {value}",
    "within_last": "{name} is within the last {value}",
    "within_next": "{name} is within the next {value}",
    "on_day": "{name} is on the day from today {value}",
    "anniversary": "{name} has its anniversary on the day from today {value}",
}
"""Operators on a value with a name, in words."""
LARGEST = 2**63
LONGEST_TEXT = 1000
LONGEST_LIST = 200


def check_name(name: Any, path: str) -> None:
    """Make sure that both databases find an attribute or property of this name."""
    refuse_unless(isinstance(name, str) and 0 < len(name) <= 255, path, "a name is missing, or longer than 255 characters.")
    refuse_unless(
        name.isprintable() and '"' not in name and "\\" not in name, path, "a name here has no quotes, backslashes or control characters."
    )
    refuse_unless(all(name.split(".")), path, "between the dots of a path stand names.")


def check_value(op: str, value: Any, path: str) -> None:
    """Make sure that an operator gets a value that it compares with. Raises DefinitionInvalid."""
    if op == "in":
        refuse_unless(isinstance(value, list) and 0 < len(value) <= LONGEST_LIST, path, f"a list of 1 to {LONGEST_LIST} values.")
    for item in value if op == "in" else [value]:
        refuse_unless(isinstance(item, bool | int | float | str), path, "a text, a number, true or false.")
        refuse_unless(isinstance(item, bool | str) or -LARGEST <= item < LARGEST, path, "a number of at most 64 bits.")
        refuse_unless(
            not isinstance(item, str) or (len(item) <= LONGEST_TEXT and "\0" not in item),
            path,
            f"a text of at most {LONGEST_TEXT} characters.",
        )
    if op in ("greater", "at_least", "less", "at_most"):
        refuse_unless(not isinstance(value, bool), path, "true and false are in no order.")
    if op == "starts_with":
        refuse_unless(isinstance(value, str), path, "a text.")


class AttributeKind(Kind):
    """`{"attribute": "plan", "op": "equals", "value": "pro"}`; `address.city` reaches into objects."""

    key = "attribute"
    fields = frozenset({"op", "value", "zone"})

    def check(self, leaf: Leaf, path: str) -> None:
        """See `Kind`."""
        check_name(leaf["attribute"], f"{path}.attribute")
        op = leaf.get("op")
        refuse_unless(isinstance(op, str) and op in ALL_OPERATORS, f"{path}.op", f"choose one of {', '.join(ALL_OPERATORS)}.")
        refuse_unless(op in WITHOUT_VALUE or "value" in leaf, f"{path}.value", f"`{op}` needs a value.")
        if op in dates.OPERATORS:
            dates.check_date(leaf, path)
        elif op not in WITHOUT_VALUE:
            refuse_unless("zone" not in leaf, f"{path}.zone", "only conditions on dates have a time zone.")
            check_value(str(op), leaf["value"], f"{path}.value")

    def wakes(self, leaf: Leaf) -> Iterator[str]:
        """See `Kind`. A name with dots is looked up as it is, and as a path."""
        yield f"attribute:{leaf['attribute']}"
        yield f"attribute:{leaf['attribute'].split('.')[0]}"

    def reads(self, leaf: Leaf, path: str) -> Iterator[Read]:
        """See `Kind`."""
        for name in dict.fromkeys((leaf["attribute"], leaf["attribute"].split(".")[0])):
            yield Read(Datum(DatumKind.ATTRIBUTE, name), f"{path}.attribute")

    def is_timed(self, leaf: Leaf) -> bool:
        """See `Kind`."""
        return leaf["op"] in dates.OPERATORS and dates.is_moving(leaf)

    def compile(self, leaf: Leaf, moment: Moment) -> Sql:
        """See `Kind`."""
        place = Place("p.attributes", leaf["attribute"])
        if leaf["op"] in dates.OPERATORS:
            return compile_date(place, leaf, moment.now)
        return compare(place, leaf["op"], leaf.get("value"))

    def flips(self, leaf: Leaf, moment: Moment) -> list[Flip]:
        """See `Kind`."""
        return flips_of_date(Place("p.attributes", leaf["attribute"]), leaf, moment) if self.is_timed(leaf) else []

    def judge(self, leaf: Leaf, facts: Facts, now: int) -> Answer:
        """See `Kind`."""
        found, op = value_at(facts.attributes, leaf["attribute"]), leaf["op"]
        is_date = op in dates.OPERATORS
        holds = dates.holds_on(leaf, found, now) if is_date else OPERATORS[op](found, leaf.get("value"))
        return Answer(holds, (Said("not set"),) if found is None else (tell(found),))

    def turns(self, leaf: Leaf, facts: Facts, since: int, until: int) -> Iterator[int | None]:
        """See `Kind`. Dates come, whatever they were before."""
        if self.is_timed(leaf):
            yield from dates.turns(leaf, value_at(facts.attributes, leaf["attribute"]), since, until)

    def describe(self, leaf: Leaf, say: Speech = ENGLISH) -> str:
        """See `Kind`."""
        op = leaf["op"]
        return say(IN_WORDS[op], name=leaf["attribute"], value="" if op in WITHOUT_VALUE else _tell_operand(op, leaf["value"], say))


class TagKind(Kind):
    """`{"tag": "vip"}`."""

    key = "tag"
    fields = frozenset()

    def check(self, leaf: Leaf, path: str) -> None:
        """See `Kind`."""
        refuse_unless(isinstance(leaf["tag"], str) and leaf["tag"] != "", f"{path}.tag", "the name of a tag is missing.")
        check_value("equals", leaf["tag"], f"{path}.tag")

    def wakes(self, leaf: Leaf) -> Iterator[str]:
        """See `Kind`."""
        yield "tags"

    def compile(self, leaf: Leaf, moment: Moment) -> Sql:
        """See `Kind`."""
        return in_list("p.tags", leaf["tag"])

    def judge(self, leaf: Leaf, facts: Facts, now: int) -> Answer:
        """See `Kind`."""
        return Answer(leaf["tag"] in facts.tags)

    def describe(self, leaf: Leaf, say: Speech = ENGLISH) -> str:
        """See `Kind`."""
        return say("has the tag {tag}", tag=leaf["tag"])


def _tell_operand(op: str, value: Any, say: Speech) -> str:
    """What a condition compares with: durations in words, days and instants as they are."""
    if op in dates.OPERATORS and isinstance(value, str):
        return say_from_now(value, say) if op in ("before", "after") else say_duration_in(value, say.language)
    return tell(value)


def tell(value: Any) -> str:
    """A value as somebody reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(tell(item) for item in value)
    return f"“{value}”" if isinstance(value, str) else str(value)
