"""The condition language against an evaluator so plain that one can see it is right."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from troth.segments.conditions import MAX_DEPTH, check_condition, holds

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.0, 1.5, -0.0]), st.sampled_from(["", "a", "ab", "1", "true"])
)
FOUND = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.sampled_from(["b", "c"]), SCALARS, max_size=2))
PROPERTIES = st.dictionaries(st.sampled_from(["a", "a.b", "x"]), FOUND, max_size=3)
LEAVES = st.one_of(
    st.builds(
        lambda name, op, value: {"property": name, "op": op, "value": value},
        st.sampled_from(["a", "a.b", "a.b.c", "x", "gone"]),
        st.sampled_from(["equals", "not_equals", "contains", "starts_with", "greater", "at_least", "less", "at_most"]),
        FOUND,
    ),
    st.builds(
        lambda name, value: {"property": name, "op": "in", "value": value}, st.sampled_from(["a", "x"]), st.lists(SCALARS, max_size=3)
    ),
    st.builds(
        lambda name, op: {"property": name, "op": op}, st.sampled_from(["a", "a.b", "gone"]), st.sampled_from(["is_set", "is_not_set"])
    ),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda key, items: {key: items}, st.sampled_from(["all", "any"]), st.lists(inner, max_size=3)),
        st.builds(lambda item: {"not": item}, inner),
    ),
    max_leaves=8,
)


def same(one: Any, other: Any) -> bool:
    """Equal as JSON says it: true is no 1, "1" is no 1, and 1.0 is 1."""
    if type(one) is list and type(other) is list:
        return one == other
    if type(one) is dict and type(other) is dict:
        return one == other
    numbers = (int, float)
    if type(one) in numbers and type(other) in numbers:
        return bool(one == other)
    return type(one) is type(other) and bool(one == other)


def comparable(one: Any, other: Any) -> bool:
    numbers = (int, float)
    return (type(one) in numbers and type(other) in numbers) or (type(one) is str and type(other) is str)


def look_up(properties: dict[str, Any], name: str) -> Any:
    if name in properties:
        return properties[name]
    found: Any = properties
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def naive(tree: dict[str, Any], properties: dict[str, Any]) -> bool:
    if "all" in tree:
        return False not in [naive(item, properties) for item in tree["all"]]
    if "any" in tree:
        return True in [naive(item, properties) for item in tree["any"]]
    if "not" in tree:
        return not naive(tree["not"], properties)
    found, wanted, op = look_up(properties, tree["property"]), tree.get("value"), tree["op"]
    if op in ("is_set", "is_not_set"):
        return (found is None) == (op == "is_not_set")
    if op in ("equals", "not_equals"):
        return same(found, wanted) == (op == "equals")
    if op == "in":
        return True in [same(found, item) for item in wanted]
    if op == "contains":
        if type(found) is str:
            return type(wanted) is str and wanted in found
        return type(found) is list and True in [same(item, wanted) for item in found]
    if op == "starts_with":
        return type(found) is str and type(wanted) is str and found[: len(wanted)] == wanted
    if not comparable(found, wanted):
        return False
    return {"greater": found > wanted, "at_least": found >= wanted, "less": found < wanted, "at_most": found <= wanted}[op]


def depth(tree: Any) -> int:
    if not isinstance(tree, dict) or "op" in tree:
        return 0
    items = tree["not"] if "not" in tree else tree.get("all", tree.get("any"))
    return 1 + max([depth(item) for item in (items if isinstance(items, list) else [items])], default=0)


@given(TREES, PROPERTIES)
def test_a_condition_means_what_the_plain_evaluator_says(tree: dict[str, Any], properties: dict[str, Any]) -> None:
    if depth(tree) <= MAX_DEPTH:
        check_condition(tree)
    assert holds(tree, properties) is naive(tree, properties)


@given(TREES, PROPERTIES)
def test_the_answer_survives_the_way_through_the_database(tree: dict[str, Any], properties: dict[str, Any]) -> None:
    assert holds(json.loads(json.dumps(tree)), json.loads(json.dumps(properties))) is holds(tree, properties)
