"""A definition as nested boxes of a form, and back: each node of the tree has a path (`0`, `0.1`, …), which begins the names of its fields.

Groups hold all, any or none of their conditions. What the fields of a kind cannot say (nested conditions on properties) is written as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from troth.console.operands import read_operand, read_property, write_operand, write_property
from troth.console.segments.steps import FIELDS as STEP_FIELDS
from troth.console.segments.steps import Step, list_steps, read_steps, write_steps
from troth.console.written_values import read_value
from troth.kernel.spoken_durations import read_duration, say_duration
from troth.segments.dates import OPERATORS as DATE_OPERATORS

GROUP, AS_JSON = "group", "json"
FIELDS: Mapping[str, tuple[str, ...]] = {
    "attribute": ("name", "op", "value", "zone"),
    "tag": ("name",),
    "event": ("name", "op", "counts", "times", "within", "older_than", "since", "until", "property", "property_op", "property_value"),
    "sequence": STEP_FIELDS,
    "message": ("what", "op", "source", "within"),
    "consent": ("purpose", "op"),
    "topic": ("topic", "op"),
    "segment": ("segment",),
    AS_JSON: ("json",),
}
BLANK: Mapping[str, Mapping[str, str]] = {
    "attribute": {"op": "equals"},
    "event": {"op": "did", "counts": "at_least", "times": "1", "property_op": "equals"},
    "sequence": {"op": "without", "gap": "1 hour", "within": "7 days", "steps": "2"},
    "message": {"what": "received", "op": "did"},
    "consent": {"op": "permits"},
    "topic": {"op": "wanted"},
}
MOST_NODES = 200
DEEPEST = 7


class TreeInvalid(ValueError):
    """A form that holds no definition."""


@dataclass
class Node:
    """A group, or a condition with what stands in its fields."""

    kind: str
    match: str = "all"
    fields: dict[str, str] = field(default_factory=dict)
    parts: list[Node] = field(default_factory=list)
    path: str = "0"
    error: str = ""

    @property
    def depth(self) -> int:
        """How deep it lies."""
        return self.path.count(".")

    @property
    def steps(self) -> list[Step]:
        """Of a sequence."""
        return list_steps(self.fields)


def blank(kind: str) -> Node:
    """A new group or condition."""
    return Node(GROUP) if kind == GROUP else Node(kind, fields=dict(BLANK.get(kind, {})))


def number(node: Node, path: str = "0") -> Node:
    """Give every node its path anew."""
    node.path = path
    for index, part in enumerate(node.parts):
        number(part, f"{path}.{index}")
    return node


def find(node: Node, path: str) -> Node | None:
    """The node of a path."""
    if node.path == path:
        return node
    return next((found for part in node.parts if (found := find(part, path))), None)


def remove(node: Node, path: str) -> None:
    """Take a node out of the group that holds it."""
    node.parts = [part for part in node.parts if part.path != path]
    for part in node.parts:
        remove(part, path)


# From a definition to boxes.


def write_tree(definition: Mapping[str, Any]) -> Node:
    """A checked definition as boxes; the outermost is a group."""
    node = _write(definition)
    return number(node if node.kind == GROUP else Node(GROUP, parts=[node]))


def _write(tree: Mapping[str, Any]) -> Node:
    for match in ("all", "any"):
        if match in tree:
            return Node(GROUP, match, parts=[_write(item) for item in tree[match]])
    if "not" in tree:
        inner = tree["not"]
        return Node(GROUP, "none", parts=[_write(item) for item in inner["any"]] if "any" in inner else [_write(inner)])
    fields = _write_leaf(tree)
    if fields is None:
        return Node(AS_JSON, fields={"json": json.dumps(tree, ensure_ascii=False)})
    kind = next(key for key in FIELDS if key in tree)
    return Node(kind, fields={name: str(value) for name, value in fields.items() if value is not None})


def _write_leaf(leaf: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of a condition; None where they cannot say it."""
    if "attribute" in leaf:
        value = write_operand(leaf["op"], leaf.get("value"))
        return None if value is None else {"name": leaf["attribute"], "op": leaf["op"], "value": value, "zone": leaf.get("zone")}
    if "tag" in leaf:
        return {"name": leaf["tag"]}
    if "event" in leaf:
        return _write_event(leaf)
    if "sequence" in leaf:
        return write_steps(leaf)
    if "message" in leaf:
        plain = not ({*leaf} - {"message", "op", "source", "within"})
        return {"what": leaf["message"], **{key: leaf.get(key) for key in ("op", "source")}, **_spans(leaf, "within")} if plain else None
    if "consent" in leaf:
        return {"purpose": leaf["consent"], "op": leaf["op"]}
    return {"topic": leaf["topic"], "op": leaf["op"]} if "topic" in leaf else {"segment": leaf["segment"]}


def _write_event(leaf: Mapping[str, Any]) -> dict[str, Any] | None:
    if "zone" in leaf:
        return None
    fields = {"name": leaf["event"], **{key: leaf.get(key) for key in ("op", "since", "until")}, **_spans(leaf, "within", "older_than")}
    if "count" in leaf:
        ((fields["counts"], fields["times"]),) = leaf["count"].items()
    if "where" in leaf:
        where = write_property(leaf["where"])
        if where is None:
            return None
        fields |= where
    return {**BLANK["event"], **{key: value for key, value in fields.items() if value is not None}}


def _spans(leaf: Mapping[str, Any], *names: str) -> dict[str, str]:
    """Durations in words, where there are any."""
    return {name: say_duration(leaf[name]) for name in names if name in leaf}


# From boxes to a definition.


def read_form(posted: Mapping[str, str], paths: list[str]) -> Node:
    """The boxes of a form: `paths` are its nodes in the order in which they stand. Raises TreeInvalid."""
    nodes: dict[str, Node] = {}
    for path in paths[:MOST_NODES]:
        kind = posted.get(f"{path}-kind", "")
        if kind != GROUP and kind not in FIELDS:
            raise TreeInvalid
        fields = {name: posted.get(f"{path}-{name}", "").replace("\0", "") for name in FIELDS.get(kind, ())}
        match = posted.get(f"{path}-match", "all")
        nodes[path] = Node(kind, match if match in ("all", "any", "none") else "all", fields, path=path)
        above = nodes.get(path.rpartition(".")[0])
        if above is not None and above.kind == GROUP and nodes[path].depth <= DEEPEST:
            above.parts.append(nodes[path])
    root = nodes.get("0")
    if root is None or root.kind != GROUP:
        raise TreeInvalid
    return root


def read_tree(node: Node) -> dict[str, Any]:
    """Boxes as a definition, not checked yet. Raises TreeInvalid for JSON that is none."""
    if node.kind != GROUP:
        return _read_leaf(node)
    parts = [read_tree(part) for part in node.parts]
    if node.match == "none":
        return {"not": parts[0] if len(parts) == 1 else {"any": parts}}
    return {node.match: parts} if len(parts) != 1 else parts[0]


def _read_leaf(node: Node) -> dict[str, Any]:
    own = {name: node.fields.get(name, "").strip() for name in FIELDS[node.kind]}
    if node.kind == AS_JSON:
        try:
            found = json.loads(own["json"])
        except (ValueError, RecursionError):
            raise TreeInvalid from None
        return found if isinstance(found, dict) else {}
    if node.kind == "attribute":
        zone = {"zone": own["zone"]} if own["zone"] and own["op"] in DATE_OPERATORS else {}
        return {"attribute": own["name"], "op": own["op"], **read_operand(own["op"], own["value"]), **zone}
    if node.kind == "event":
        return _read_event(own)
    if node.kind == "sequence":
        return read_steps(own)
    if node.kind == "message":
        return {"message": own["what"], "op": own["op"], **_said(own, "source"), **_read_spans(own, "within")}
    if node.kind == "segment":
        return {"segment": int(own["segment"]) if own["segment"].isascii() and own["segment"].isdigit() else 0}
    key = {"tag": "name", "consent": "purpose", "topic": "topic"}[node.kind]
    return {node.kind: own[key], **({} if node.kind == "tag" else {"op": own["op"]})}


def _read_event(own: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "event": own["name"],
        "op": own["op"],
        **_read_spans(own, "within", "older_than"),
        **_said(own, "since", "until"),
    }
    if own["op"] == "did" and (own["counts"], own["times"]) != ("at_least", "1") and own["times"]:
        found["count"] = {own["counts"]: read_value(own["times"])}
    return found | read_property(own)


def _said(own: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: own[name] for name in names if own[name]}


def _read_spans(own: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: read_duration(text) for name, text in _said(own, *names).items()}
