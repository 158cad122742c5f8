"""Conditions on the properties of an event."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from troth.segments.conditions import OPERATORS, WITHOUT_VALUE, ConditionInvalid, check_condition, holds, read_properties

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["", "pro", "pro plus", "5"]), st.lists(st.integers(-2, 2), max_size=3)
)
# A machine that is busy with other things makes examples slowly: that is no fault of theirs.
EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = st.sampled_from(["plan", "age", "a.b"])


def leaves() -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda name, op, value: {"property": name, "op": op, "value": [value] if op == "in" else value},
        NAMES,
        st.sampled_from(sorted(OPERATORS)),
        VALUES,
    )


TREES = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.builds(lambda items: {"all": items}, st.lists(inner, max_size=3)),
        st.builds(lambda items: {"any": items}, st.lists(inner, max_size=3)),
        st.builds(lambda item: {"not": item}, inner),
    ),
    max_leaves=6,
)
PROPERTIES = st.fixed_dictionaries({}, optional={"plan": VALUES, "age": VALUES, "a": st.fixed_dictionaries({}, optional={"b": VALUES})})


@EXAMPLES
@given(TREES, PROPERTIES)
def test_every_checked_condition_can_be_evaluated_and_not_is_the_opposite(tree: dict[str, Any], properties: dict[str, Any]) -> None:
    check_condition(tree)
    assert holds({"not": tree}, properties) is not holds(tree, properties)
    assert holds({"all": [tree, tree]}, properties) is holds({"any": [tree, tree]}, properties) is holds(tree, properties)


@EXAMPLES
@given(PROPERTIES, VALUES)
def test_set_and_not_set_and_equals_and_not_equals_are_opposites(properties: dict[str, Any], value: Any) -> None:
    for one, other in (("is_set", "is_not_set"), ("equals", "not_equals")):
        leaf = {"property": "plan", "op": one, "value": value}
        assert holds(leaf, properties) is not holds({**leaf, "op": other}, properties)


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        ({"property": "age", "op": "at_least", "value": 5}, True),
        ({"property": "age", "op": "greater", "value": 5}, False),
        ({"property": "age", "op": "equals", "value": 5.0}, True),
        ({"property": "age", "op": "equals", "value": "5"}, False),
        ({"property": "age", "op": "less", "value": "7"}, False),
        ({"property": "on", "op": "equals", "value": 1}, False),
        ({"property": "plan", "op": "contains", "value": "ro"}, True),
        ({"property": "tags", "op": "contains", "value": "b"}, True),
        ({"property": "plan", "op": "in", "value": ["free", "pro"]}, True),
        ({"property": "cart.total", "op": "at_most", "value": 10}, True),
        ({"property": "nothing", "op": "is_not_set"}, True),
    ],
)
def test_operators_compare_like_with_like(leaf: dict[str, Any], expected: bool) -> None:
    properties = {"age": 5, "plan": "pro", "tags": ["a", "b"], "cart": {"total": 9.5}, "on": True}
    assert holds(leaf, properties) is expected


@pytest.mark.parametrize(
    ("tree", "place"),
    [
        ([], "$"),
        ({"property": "a", "op": "like", "value": 1}, "$.op"),
        ({"property": "a", "op": "equals"}, "$.value"),
        ({"all": [{"op": "is_set"}]}, "$.all[0].property"),
        ({"all": [], "any": []}, "$.all"),
        ({"not": {"any": [{"property": "a", "op": "in", "value": 1}]}}, "$.not.any[0].value"),
        ({"property": "a", "op": "is_set", "valeu": 1}, "$.valeu"),
    ],
)
def test_a_wrong_condition_is_refused_with_its_place(tree: Any, place: str) -> None:
    with pytest.raises(ConditionInvalid) as refused:
        check_condition(tree)
    assert str(refused.value).startswith(f"{place}:")


def test_operators_without_a_value_need_none() -> None:
    for operator in WITHOUT_VALUE:
        assert check_condition({"property": "a", "op": operator}) == 1


def test_what_a_condition_reads_is_told_with_the_place() -> None:
    tree = {"all": [{"property": "plan", "op": "is_set"}, {"not": {"any": [{"property": "a.b", "op": "equals", "value": 1}]}}]}
    assert list(read_properties(tree)) == [("plan", "$.all[0].property"), ("a.b", "$.all[1].not.any[0].property")]
    assert list(read_properties(None)) == []


@EXAMPLES
@given(TREES, st.dictionaries(st.sampled_from(["plan", "age", "a", "a.b", "other"]), VALUES))
def test_nothing_else_decides_whether_a_condition_holds(tree: Any, properties: dict[str, Any]) -> None:
    read = {name for name, _ in read_properties(tree)}
    kept = {name: value for name, value in properties.items() if name in read or name in {one.split(".")[0] for one in read}}
    assert holds(tree, properties) == holds(tree, kept)
