"""Conditions as rows of property, operator and value: what most campaigns need. Whatever is nested is written as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.forms import ValidationError
from django.utils.translation import gettext as _

from troth.console.written_values import read_value, write_value
from troth.segments.conditions import OPERATORS, WITHOUT_VALUE, ConditionInvalid, check_condition

MATCHES = ("all", "any")
LEAST = 2
"""Rows that are shown."""
SPARE = 1
"""Empty rows behind those that are filled."""
MOST = 20


@dataclass(frozen=True)
class Line:
    """A row as it is written."""

    property: str = ""
    op: str = "equals"
    value: str = ""


@dataclass(frozen=True)
class Lines:
    """Rows, and whether all or any of them have to hold."""

    match: str
    lines: list[Line]

    @property
    def padded(self) -> list[Line]:
        """With empty rows to be filled."""
        wanted = min(MOST, max(LEAST, len(self.lines) + SPARE))
        return self.lines + [Line()] * (wanted - len(self.lines))


def write_lines(tree: Mapping[str, Any] | None) -> Lines | None:
    """A condition as rows; None where it is nested or holds what no row can."""
    if tree is None:
        return Lines("all", [])
    match = next((key for key in MATCHES if key in tree), "all")
    leaves: Sequence[Any] = tree.get(match, [tree])
    if match in tree and len(leaves) < 2:
        return None  # it would be read back as its only leaf, and count as a change
    lines = [_write_line(leaf) for leaf in leaves]
    found = [line for line in lines if line is not None]
    return Lines(match, found) if 0 < len(found) == len(lines) <= MOST else None


def _write_line(leaf: Mapping[str, Any]) -> Line | None:
    if "property" not in leaf:
        return None
    value = leaf.get("value")
    if leaf["op"] in WITHOUT_VALUE:
        return Line(leaf["property"], leaf["op"])
    if leaf["op"] == "in":
        parts = [write_value(item) for item in value or []]
        whole = [part for part in parts if part is not None and "," not in part]
        return Line(leaf["property"], "in", ", ".join(whole)) if len(whole) == len(parts) else None
    written = write_value(value)
    return None if written is None else Line(leaf["property"], leaf["op"], written)


def posted_lines(match: str, properties: Sequence[str], operators: Sequence[str], values: Sequence[str]) -> Lines:
    """The rows of a form, those that are empty left out."""
    rows = [Line(*(part.replace("\0", "") for part in row)) for row in zip(properties, operators, values, strict=False)]
    return Lines(match if match in MATCHES else "all", [row for row in rows[:MOST] if row.property.strip() or row.value.strip()])


def read_lines(lines: Lines) -> dict[str, Any] | None:
    """Rows as a condition; None without any. Raises ValidationError naming the row."""
    leaves = []
    for number, line in enumerate(lines.lines, 1):
        leaf: dict[str, Any] = {"property": line.property.strip(), "op": line.op}
        if line.op == "in":
            leaf["value"] = [read_value(part.strip()) for part in line.value.split(",") if part.strip()]
        elif line.op not in WITHOUT_VALUE:
            leaf["value"] = read_value(line.value)
        try:
            check_condition(leaf)
        except ConditionInvalid as error:
            told = str(error).partition(": ")[2]
            raise ValidationError(_("Row %(number)s: %(told)s"), params={"number": number, "told": told}) from None
        leaves.append(leaf)
    if len(leaves) < 2:
        return leaves[0] if leaves else None
    return {lines.match: leaves}


OPERATOR_NAMES = tuple(OPERATORS)
