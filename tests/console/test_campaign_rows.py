"""Conditions as rows: read and written back as the same condition, or left to JSON."""

from __future__ import annotations

from typing import Any

import pytest
from django.forms import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from troth.console.campaigns.rows import Line, Lines, posted_lines, read_lines, write_lines
from troth.segments.conditions import OPERATORS, WITHOUT_VALUE, check_condition

scalars = st.text(max_size=12) | st.integers(-(10**9), 10**9) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
names = st.from_regex(r"[a-z][a-z_.]{0,8}", fullmatch=True)


@st.composite
def leaves(draw: Any) -> dict[str, Any]:
    op = draw(st.sampled_from(sorted(OPERATORS)))
    leaf = {"property": draw(names), "op": op}
    if op == "in":
        leaf["value"] = draw(st.lists(scalars, max_size=4))
    elif op not in WITHOUT_VALUE:
        leaf["value"] = draw(scalars)
    return leaf


@given(st.lists(leaves(), min_size=1, max_size=6), st.sampled_from(["all", "any"]))
def test_what_is_shown_as_rows_is_read_back_as_the_same(found: list[dict[str, Any]], match: str) -> None:
    tree = found[0] if len(found) == 1 else {match: found}
    check_condition(tree)
    lines = write_lines(tree)
    if lines is not None:
        again = posted_lines(lines.match, *zip(*((one.property, one.op, one.value) for one in lines.padded), strict=True))
        assert read_lines(again) == tree
        assert [type(one.get("value")) for one in _leaves(read_lines(again))] == [type(one.get("value")) for one in found]


def _leaves(tree: Any) -> list[Any]:
    return tree.get("all") or tree.get("any") or [tree]


@pytest.mark.parametrize(
    "tree",
    [
        {"not": {"property": "a", "op": "is_set"}},
        {"all": [{"any": []}]},
        {"all": []},
        {"property": "a", "op": "equals", "value": {"b": 1}},
        {"property": "a", "op": "equals", "value": None},
        {"property": "a", "op": "in", "value": ["x, y"]},
        {"any": [{"property": "a", "op": "is_set"}] * 21},
    ],
)
def test_what_no_row_can_hold_is_left_to_json(tree: dict[str, Any]) -> None:
    assert write_lines(tree) is None


def test_values_are_numbers_truths_and_texts() -> None:
    def read(op: str, value: str) -> Any:
        return (read_lines(Lines("all", [Line("a", op, value)])) or {}).get("value")

    assert read("equals", "3") == 3
    assert read("equals", '"3"') == "3"
    assert read("equals", "true") is True
    assert read("equals", " pro ") == "pro"
    assert read("equals", "NaN") == "NaN"
    assert read("in", "pro, 3 ,") == ["pro", 3]
    assert read("is_set", "left over") is None


def test_empty_rows_are_none_and_half_filled_ones_are_told() -> None:
    assert read_lines(posted_lines("all", ["", " "], ["equals", "in"], ["", ""])) is None
    assert write_lines(None) == Lines("all", [])
    assert len(Lines("all", []).padded) == 2
    with pytest.raises(ValidationError, match="Row 2: the name of a property is missing"):
        read_lines(posted_lines("any", ["a", ""], ["is_set", "equals"], ["", "x"]))
    with pytest.raises(ValidationError, match="Row 1: choose one of"):
        read_lines(posted_lines("any", ["a"], ["resembles"], ["x"]))
