"""A definition as nested boxes of a form, and back: each node of the tree has a path (`0`, `0.1`, …), which begins the names of its fields.

Groups hold all, any or none of their conditions. What the fields of a kind cannot say (nested conditions on properties) is written as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from troth.console.written_values import read_list, read_value, write_list, write_value
from troth.segments.conditions import WITHOUT_VALUE
from troth.segments.dates import OPERATORS as DATE_OPERATORS

GROUP, AS_JSON = "group", "json"
FIELDS: Mapping[str, tuple[str, ...]] = {
    "attribute": ("name", "op", "value", "zone"),
    "tag": ("name",),
    "event": ("name", "op", "counts", "times", "within", "older_than", "since", "until", "property", "property_op", "property_value"),
    "sequence": ("first", "op", "second", "gap", "within"),
    "message": ("what", "op", "source", "within"),
    "consent": ("purpose", "op"),
    "topic": ("topic", "op"),
    "segment": ("segment",),
    AS_JSON: ("json",),
}
BLANK: Mapping[str, Mapping[str, str]] = {
    "attribute": {"op": "equals"},
    "event": {"op": "did", "counts": "at_least", "times": "1", "property_op": "equals"},
    "sequence": {"op": "without", "gap": "PT1H", "within": "P7D"},
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
        value = _write_operand(leaf["op"], leaf.get("value"))
        return None if value is None else {"name": leaf["attribute"], "op": leaf["op"], "value": value, "zone": leaf.get("zone")}
    if "tag" in leaf:
        return {"name": leaf["tag"]}
    if "event" in leaf:
        return _write_event(leaf)
    if "sequence" in leaf:
        if len(leaf["sequence"]) != 2:
            return None
        first, second = leaf["sequence"]
        plain = not ({*first, *second} - {"event"}) and not ({*leaf} - {"sequence", "op", "gap", "within"})
        names = {"first": first["event"], "second": second["event"]}
        return {**names, "op": leaf["op"], "gap": leaf.get("gap"), "within": leaf.get("within")} if plain else None
    if "message" in leaf:
        plain = not ({*leaf} - {"message", "op", "source", "within"})
        return {"what": leaf["message"], **{key: leaf.get(key) for key in ("op", "source", "within")}} if plain else None
    if "consent" in leaf:
        return {"purpose": leaf["consent"], "op": leaf["op"]}
    return {"topic": leaf["topic"], "op": leaf["op"]} if "topic" in leaf else {"segment": leaf["segment"]}


def _write_event(leaf: Mapping[str, Any]) -> dict[str, Any] | None:
    if "zone" in leaf:
        return None
    fields = {"name": leaf["event"], **{key: leaf.get(key) for key in ("op", "within", "older_than", "since", "until")}}
    if "count" in leaf:
        ((fields["counts"], fields["times"]),) = leaf["count"].items()
    if "where" in leaf:
        where = leaf["where"]
        value = _write_operand(where["op"], where.get("value")) if "property" in where else None
        if value is None:
            return None
        fields |= {"property": where["property"], "property_op": where["op"], "property_value": value}
    return {**BLANK["event"], **{key: value for key, value in fields.items() if value is not None}}


def _write_operand(op: str, value: Any) -> str | None:
    if op in WITHOUT_VALUE:
        return ""
    if op in ("on_day", "anniversary") and isinstance(value, list):
        return ", ".join(map(str, value))
    return write_list(value) if op == "in" else value if op in DATE_OPERATORS and isinstance(value, str) else write_value(value)


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
        return {"attribute": own["name"], "op": own["op"], **_read_operand(own["op"], own["value"]), **zone}
    if node.kind == "event":
        return _read_event(own)
    if node.kind == "sequence":
        steps = [{"event": own["first"]}, {"event": own["second"]}]
        return {"sequence": steps, "op": own["op"], **_said(own, "gap", "within")}
    if node.kind == "message":
        return {"message": own["what"], "op": own["op"], **_said(own, "source", "within")}
    if node.kind == "segment":
        return {"segment": int(own["segment"]) if own["segment"].isascii() and own["segment"].isdigit() else 0}
    key = {"tag": "name", "consent": "purpose", "topic": "topic"}[node.kind]
    return {node.kind: own[key], **({} if node.kind == "tag" else {"op": own["op"]})}


def _read_event(own: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"event": own["name"], "op": own["op"], **_said(own, "within", "older_than", "since", "until")}
    if own["op"] == "did" and (own["counts"], own["times"]) != ("at_least", "1") and own["times"]:
        found["count"] = {own["counts"]: read_value(own["times"])}
    if own["property"]:
        op = own["property_op"]
        found["where"] = {"property": own["property"], "op": op, **_read_operand(op, own["property_value"])}
    return found


def _said(own: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: own[name] for name in names if own[name]}


def _read_operand(op: str, text: str) -> dict[str, Any]:
    if op in WITHOUT_VALUE:
        return {}
    if op == "in":
        return {"value": read_list(text)}
    if op in ("on_day", "anniversary"):
        days = read_list(text)
        return {"value": days[0] if len(days) == 1 else days}
    return {"value": text if op in DATE_OPERATORS else read_value(text)}
