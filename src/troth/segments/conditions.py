"""Conditions on the properties of one event: a JSON tree, checked when a campaign is saved, evaluated purely.

    {"all": [{"property": "plan", "op": "equals", "value": "pro"}, {"not": {"property": "trial", "op": "is_set"}}]}

`all`, `any` and `not` nest; a leaf names a property (`a.b` reaches into objects), an operator and a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from troth.kernel.errors import TrothError

MAX_DEPTH = 8
MAX_LEAVES = 200


class ConditionInvalid(TrothError):
    """A condition that cannot be evaluated; the message names the place."""


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def holds(found: Any, wanted: Any) -> bool:
        if isinstance(found, bool) or isinstance(wanted, bool):
            return False
        both_numbers = isinstance(found, int | float) and isinstance(wanted, int | float)
        both_texts = isinstance(found, str) and isinstance(wanted, str)
        return (both_numbers or both_texts) and compare(found, wanted)

    return holds


def _equal(found: Any, wanted: Any) -> bool:
    return (type(found) is type(wanted) and found == wanted) or _ordered(lambda a, b: a == b)(found, wanted)


def _contains(found: Any, wanted: Any) -> bool:
    if isinstance(found, str) and isinstance(wanted, str):
        return wanted in found
    return isinstance(found, list) and any(_equal(item, wanted) for item in found)


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": _equal,
    "not_equals": lambda found, wanted: not _equal(found, wanted),
    "contains": _contains,
    "starts_with": lambda found, wanted: isinstance(found, str) and isinstance(wanted, str) and found.startswith(wanted),
    "in": lambda found, wanted: isinstance(wanted, list) and any(_equal(found, item) for item in wanted),
    "greater": _ordered(lambda found, wanted: found > wanted),
    "at_least": _ordered(lambda found, wanted: found >= wanted),
    "less": _ordered(lambda found, wanted: found < wanted),
    "at_most": _ordered(lambda found, wanted: found <= wanted),
    "is_set": lambda found, wanted: found is not None,
    "is_not_set": lambda found, wanted: found is None,
}
WITHOUT_VALUE = frozenset({"is_set", "is_not_set"})


def check_condition(tree: Any, path: str = "$", depth: int = 0) -> int:
    """Make sure a tree can be evaluated; returns its number of leaves. Raises ConditionInvalid naming the JSON path."""
    if not isinstance(tree, Mapping):
        raise ConditionInvalid(f"{path}: a condition is an object with `all`, `any`, `not` or `property`.")
    if depth > MAX_DEPTH:
        raise ConditionInvalid(f"{path}: conditions nest at most {MAX_DEPTH} deep.")
    for key in ("all", "any"):
        if key in tree:
            if len(tree) != 1 or not isinstance(tree[key], list):
                raise ConditionInvalid(f"{path}.{key}: must be a list of conditions, with nothing beside it.")
            leaves = sum(check_condition(item, f"{path}.{key}[{number}]", depth + 1) for number, item in enumerate(tree[key]))
            if leaves > MAX_LEAVES:
                raise ConditionInvalid(f"{path}.{key}: at most {MAX_LEAVES} conditions.")
            return leaves
    if "not" in tree:
        if len(tree) != 1:
            raise ConditionInvalid(f"{path}.not: nothing may stand beside it.")
        return check_condition(tree["not"], f"{path}.not", depth + 1)
    _check_leaf(tree, path)
    return 1


def _check_leaf(leaf: Mapping[str, Any], path: str) -> None:
    unknown = set(leaf) - {"property", "op", "value"}
    if unknown:
        raise ConditionInvalid(f"{path}.{min(unknown)}: unknown; a leaf has `property`, `op` and `value`.")
    if not isinstance(leaf.get("property"), str) or not leaf["property"]:
        raise ConditionInvalid(f"{path}.property: the name of a property is missing.")
    operator = leaf.get("op")
    if not isinstance(operator, str) or operator not in OPERATORS:
        raise ConditionInvalid(f"{path}.op: choose one of {', '.join(OPERATORS)}.")
    if operator not in WITHOUT_VALUE and "value" not in leaf:
        raise ConditionInvalid(f"{path}.value: `{operator}` needs a value.")
    if operator == "in" and not isinstance(leaf["value"], list):
        raise ConditionInvalid(f"{path}.value: `in` needs a list.")


def read_leaves(tree: Mapping[str, Any], path: str = "$") -> Iterator[tuple[Mapping[str, Any], str]]:
    """The leaves of a checked condition, each with its JSON path, in the order of the tree."""
    for key in ("all", "any"):
        for number, item in enumerate(tree.get(key, ())):
            yield from read_leaves(item, f"{path}.{key}[{number}]")
    if "not" in tree:
        yield from read_leaves(tree["not"], f"{path}.not")
    if "property" in tree:
        yield tree, path


def read_properties(tree: Mapping[str, Any] | None, path: str = "$") -> Iterator[tuple[str, str]]:
    """The properties that a checked condition reads, each with its JSON path, in the order of the tree; none without a condition."""
    for leaf, place in read_leaves(tree, path) if tree is not None else ():
        yield leaf["property"], f"{place}.property"


def holds(tree: Mapping[str, Any], properties: Mapping[str, Any]) -> bool:
    """Whether a checked condition holds for the properties of an event."""
    if "all" in tree:
        return all(holds(item, properties) for item in tree["all"])
    if "any" in tree:
        return any(holds(item, properties) for item in tree["any"])
    if "not" in tree:
        return not holds(tree["not"], properties)
    return OPERATORS[tree["op"]](value_at(properties, tree["property"]), tree.get("value"))


def value_at(properties: Mapping[str, Any], name: str) -> Any:
    """A property by name, else by the path its dots spell."""
    if name in properties:
        return properties[name]
    found: Any = properties
    for part in name.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found
