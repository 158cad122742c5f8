"""A segment's definition: a JSON tree of `all`, `any` and `not` over leaves of the registered kinds. Checked before it is kept, walked by everybody else.

{"all": [{"attribute": "plan", "op": "equals", "value": "pro"}, {"event": "login", "op": "did_not", "within": "P7D"}]}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from troth.segments.kinds import Kind, Leaf, Read, kind_of, kinds, refuse_unless
from troth.segments.sql import Sql, all_of, any_of, opposite

MAX_DEPTH = 8
MAX_LEAVES = 100


def check_definition(tree: Any, path: str = "$") -> None:
    """Make sure that a definition can be evaluated. Raises DefinitionInvalid naming the JSON path, ConditionInvalid for properties of events."""
    refuse_unless(_check(tree, path, 0) <= MAX_LEAVES, path, f"at most {MAX_LEAVES} conditions: make segments of parts, and name those.")


def _check(tree: Any, path: str, depth: int) -> int:
    names = ", ".join(f"`{name}`" for name in ("all", "any", "not", *kinds()))
    refuse_unless(isinstance(tree, Mapping), path, f"a condition is an object with one of {names}.")
    refuse_unless(depth <= MAX_DEPTH, path, f"conditions nest at most {MAX_DEPTH} deep.")
    for key in ("all", "any"):
        if key in tree:
            refuse_unless(len(tree) == 1 and isinstance(tree[key], list), f"{path}.{key}", "a list of conditions, with nothing beside it.")
            return sum(_check(item, f"{path}.{key}[{number}]", depth + 1) for number, item in enumerate(tree[key]))
    if "not" in tree:
        refuse_unless(len(tree) == 1, f"{path}.not", "nothing may stand beside it.")
        return _check(tree["not"], f"{path}.not", depth + 1)
    found = [kind for key, kind in kinds().items() if key in tree]
    refuse_unless(len(found) == 1, path, f"a condition has exactly one of {names}.")
    kind = found[0]
    unknown = set(tree) - kind.fields - {kind.key}
    refuse_unless(not unknown, f"{path}.{min(unknown, default='')}", f"unknown; beside `{kind.key}` stand {_list(kind)}.")
    kind.check(tree, path)
    return 1


def _list(kind: Kind) -> str:
    return ", ".join(f"`{name}`" for name in sorted(kind.fields)) or "no others"


def leaves(tree: Mapping[str, Any], path: str = "$") -> Iterator[tuple[Leaf, str]]:
    """The leaves of a checked definition, each with its JSON path, in the order of the tree."""
    for key in ("all", "any"):
        for number, item in enumerate(tree.get(key, ())):
            yield from leaves(item, f"{path}.{key}[{number}]")
    if "not" in tree:
        yield from leaves(tree["not"], f"{path}.not")
    elif "all" not in tree and "any" not in tree:
        yield tree, path


def all_leaves(tree: Mapping[str, Any]) -> Iterator[Leaf]:
    """The leaves of a checked definition and of the segments it names."""
    for leaf, _ in leaves(tree):
        inner = kind_of(leaf).inner(leaf)
        if inner is None:
            yield leaf
        else:
            yield from all_leaves(inner)


def find_wakes(tree: Mapping[str, Any]) -> frozenset[str]:
    """The changes that may turn a checked definition."""
    return frozenset(wake for leaf, _ in leaves(tree) for wake in kind_of(leaf).wakes(leaf))


def find_reads(tree: Mapping[str, Any], path: str = "$") -> list[Read]:
    """The data that a checked definition reads, through other segments too."""
    return [read for leaf, place in leaves(tree, path) for read in kind_of(leaf).reads(leaf, place)]


def is_timed(tree: Mapping[str, Any]) -> bool:
    """Whether membership may change by time alone."""
    return any(kind_of(leaf).is_timed(leaf) for leaf, _ in leaves(tree))


def compile_tree(tree: Mapping[str, Any], leaf: Callable[[Leaf, bool], Sql], *, positive: bool = True) -> Sql:
    """A checked definition as SQL, its leaves by a function of the leaf and of whether it stands under an even number of `not`."""
    if "all" in tree:
        return all_of(compile_tree(item, leaf, positive=positive) for item in tree["all"])
    if "any" in tree:
        return any_of(compile_tree(item, leaf, positive=positive) for item in tree["any"])
    if "not" in tree:
        return opposite(compile_tree(tree["not"], leaf, positive=not positive))
    return leaf(tree, positive)
