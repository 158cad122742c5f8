"""How a condition compares, in words, and what with, as text in a box, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from troth.console.written_values import read_list, read_value, write_list, write_value
from troth.kernel.spoken_durations import read_duration, read_from_now, say_duration, say_from_now
from troth.segments.conditions import OPERATORS, WITHOUT_VALUE
from troth.segments.dates import OPERATORS as DATE_OPERATORS

OPERATOR_WORDS = {
    "equals": gettext_lazy("is"),
    "not_equals": gettext_lazy("is not"),
    "contains": gettext_lazy("contains"),
    "starts_with": gettext_lazy("starts with"),
    "in": gettext_lazy("is one of (with commas)"),
    "greater": gettext_lazy("is greater than"),
    "at_least": gettext_lazy("is at least"),
    "less": gettext_lazy("is less than"),
    "at_most": gettext_lazy("is at most"),
    "is_set": gettext_lazy("is set"),
    "is_not_set": gettext_lazy("is not set"),
    "before": gettext_lazy("date is before"),
    "after": gettext_lazy("date is after"),
    "within_last": gettext_lazy("date is within the last"),
    "within_next": gettext_lazy("date is within the next"),
    "on_day": gettext_lazy("date is so many days from today"),
    "anniversary": gettext_lazy("anniversary is so many days from today"),
}
_DAYS = ("on_day", "anniversary")
_MOMENTS = ("before", "after")


def list_property_operators() -> list[tuple[str, str]]:
    """The operators on properties of events, for a box."""
    return [(key, str(OPERATOR_WORDS[key])) for key in OPERATORS]


def write_operand(op: str, value: Any) -> str | None:
    """The text of a value; None where a box cannot say it."""
    if op in WITHOUT_VALUE:
        return ""
    if op in _DAYS and isinstance(value, list):
        return ", ".join(map(str, value))
    if op in DATE_OPERATORS and isinstance(value, str):
        return say_from_now(value) if op in _MOMENTS else say_duration(value)
    return write_list(value) if op == "in" else write_value(value)


def read_operand(op: str, text: str) -> dict[str, Any]:
    """`value` as it stands in a condition; nothing where the operator has none."""
    if op in WITHOUT_VALUE:
        return {}
    if op == "in":
        return {"value": read_list(text)}
    if op in _DAYS:
        days = read_list(text)
        return {"value": days[0] if len(days) == 1 else days}
    if op in DATE_OPERATORS:
        return {"value": read_from_now(text) if op in _MOMENTS else read_duration(text)}
    return {"value": read_value(text)}


def write_property(where: Mapping[str, Any], suffix: str = "") -> dict[str, str] | None:
    """One condition on a property as three fields; None where they cannot say it."""
    value = write_operand(where["op"], where.get("value")) if "property" in where else None
    if value is None:
        return None
    return {f"property{suffix}": where["property"], f"property_op{suffix}": where["op"], f"property_value{suffix}": value}


def read_property(own: Mapping[str, str], suffix: str = "") -> dict[str, Any]:
    """`where` of such fields; nothing where no property is named."""
    if not own[f"property{suffix}"]:
        return {}
    op = own[f"property_op{suffix}"]
    return {"where": {"property": own[f"property{suffix}"], "op": op, **read_operand(op, own[f"property_value{suffix}"])}}
