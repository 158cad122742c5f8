"""The steps of a sequence as boxes, and back: each has an event, a condition on a property, and, but the first, a gap of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from troth.console.operands import read_property, write_property
from troth.kernel.spoken_durations import read_duration, say_duration
from troth.segments.sequences import MOST_STEPS

FEWEST = 2
_PARTS = ("event", "gap", "property", "property_op", "property_value")
FIELDS = ("op", "gap", "within", "steps", *(f"{part}{number}" for number in range(1, MOST_STEPS + 1) for part in _PARTS))


class Step(NamedTuple):
    """A step with what stands in its boxes."""

    number: int
    event: str
    gap: str
    property: str
    property_op: str
    property_value: str
    is_last: bool


def write_steps(leaf: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of a sequence; None where they cannot say it."""
    if {*leaf} - {"sequence", "op", "gap", "within"}:
        return None
    fields: dict[str, Any] = {
        "steps": len(leaf["sequence"]),
        "op": leaf["op"],
        **{key: say_duration(leaf[key]) for key in ("gap", "within") if key in leaf},
    }
    for number, step in enumerate(leaf["sequence"], start=1):
        where = write_property(step["where"], str(number)) if "where" in step else {}
        if where is None:
            return None
        fields |= {f"event{number}": step["event"], f"gap{number}": say_duration(step.get("gap", "")), **where}
    return fields


def read_steps(own: Mapping[str, str]) -> dict[str, Any]:
    """A sequence of its fields, not checked yet."""
    steps: list[dict[str, Any]] = []
    for number in range(1, count_steps(own) + 1):
        gap = {"gap": read_duration(own[f"gap{number}"])} if number > 1 and own[f"gap{number}"] else {}
        steps.append({"event": own[f"event{number}"], **read_property(own, str(number)), **gap})
    return {"sequence": steps, "op": own["op"], **{name: read_duration(own[name]) for name in ("gap", "within") if own[name]}}


def list_steps(fields: Mapping[str, str]) -> list[Step]:
    """The steps that are shown."""
    count = count_steps(fields)

    def make(number: int) -> Step:
        event, gap, name, op, value = (fields.get(f"{part}{number}", "") for part in _PARTS)
        return Step(number, event, gap, name, op, value, is_last=number == count)

    return [make(number) for number in range(1, count + 1)]


def count_steps(fields: Mapping[str, str]) -> int:
    """How many steps a sequence has; what is no such number is the fewest."""
    text = fields.get("steps", "")
    return min(max(int(text), FEWEST), MOST_STEPS) if text.isascii() and text.isdigit() and len(text) < 3 else FEWEST


def change_steps(fields: dict[str, str], by: int) -> None:
    """Show one step more, or take the last away."""
    count = count_steps(fields)
    if by < 0 and count > FEWEST:
        for part in _PARTS:
            fields.pop(f"{part}{count}", None)
    fields["steps"] = str(min(max(count + by, FEWEST), MOST_STEPS))
