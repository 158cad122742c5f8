"""Operators on a value inside a JSON column, as SQL for both databases: what `conditions.OPERATORS` says in Python. A property test holds the two equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from troth.kernel.json_text import encode
from troth.kernel.sql import is_sqlite
from troth.segments.sql import Sql, all_of, any_of, opposite

_ORDER = {"greater": ">", "at_least": ">=", "less": "<", "at_most": "<="}


class Place(NamedTuple):
    """A named value in a JSON column, e.g. `plan` in `p.attributes`; a name with dots is a path, unless that very name is there."""

    column: str
    name: str

    @property
    def path(self) -> Sql:
        """SQLite's path to the value."""
        whole = f'$."{self.name}"'
        if "." not in self.name:
            return Sql("%s", (whole,))
        nested = "$." + ".".join(f'"{part}"' for part in self.name.split("."))
        return Sql(f"CASE WHEN json_type({self.column}, %s) IS NULL THEN %s ELSE %s END", (whole, nested, whole))

    @property
    def json(self) -> Sql:
        """PostgreSQL's value, as jsonb."""
        whole = Sql(f"({self.column} -> %s)", (self.name,))
        if "." not in self.name:
            return whole
        parts = self.name.split(".")
        nested = f"({self.column}{' -> %s' * len(parts)})"
        return Sql(f"(CASE WHEN {whole.text} IS NULL THEN {nested} ELSE {whole.text} END)", (self.name, *parts, self.name))


def compare(place: Place, op: str, value: Any) -> Sql:
    """A checked operator on a value: true or false, whatever is stored."""
    if op in ("not_equals", "is_not_set"):
        return opposite(compare(place, "equals" if op == "not_equals" else "is_set", value))
    if op == "in":
        return any_of(_among(place, items) for items in _by_type(value))
    return _in_sqlite(place, op, value) if is_sqlite() else _in_postgresql(place, op, value)


def _by_type(values: Sequence[Any]) -> list[list[Any]]:
    """Truths, texts and numbers apart: like is compared with like."""
    kinds: dict[type, list[Any]] = {}
    for value in values:
        kinds.setdefault(bool if isinstance(value, bool) else str if isinstance(value, str) else float, []).append(value)
    return list(kinds.values())


def _among(place: Place, items: list[Any]) -> Sql:
    """Whether a value is one of some of one type: it is looked up once, however many there are."""
    if len(items) == 1 or isinstance(items[0], bool):
        return any_of(compare(place, "equals", item) for item in items)
    if not is_sqlite():
        found, names = place.json
        marks = ", ".join(["%s::jsonb"] * len(items))
        return Sql(f"COALESCE({found} IN ({marks}), FALSE)", (*names, *(encode(item) for item in items)))
    column, (path, names) = place.column, place.path
    types = "('text')" if isinstance(items[0], str) else "('integer', 'real')"
    marks = ", ".join(["%s"] * len(items))
    found = f"json_extract({column}, {path}) IN ({marks}) AND json_type({column}, {path}) IN {types}"
    return Sql(f"COALESCE({found}, 1 = 0)", (*names, *items, *names))


def compile_properties(tree: Mapping[str, Any], column: str) -> Sql:
    """A checked condition on the properties of an event (`conditions`), over the column that holds them."""
    if "all" in tree:
        return all_of(compile_properties(item, column) for item in tree["all"])
    if "any" in tree:
        return any_of(compile_properties(item, column) for item in tree["any"])
    if "not" in tree:
        return opposite(compile_properties(tree["not"], column))
    return compare(Place(column, tree["property"]), tree["op"], tree.get("value"))


def in_list(column: str, value: str) -> Sql:
    """Whether a JSON column that holds a list of texts has this one."""
    if is_sqlite():
        return Sql(f"EXISTS (SELECT 1 FROM json_each({column}) j WHERE j.value = %s)", (value,))
    return Sql(f"COALESCE({column} @> %s::jsonb, FALSE)", (encode([value]),))


def text_at(place: Place) -> Sql:
    """The text at a place; NULL where there is something else."""
    if is_sqlite():
        path = place.path
        return Sql(
            f"CASE WHEN json_type({place.column}, {path.text}) = 'text' THEN json_extract({place.column}, {path.text}) END",
            path.values * 2,
        )
    value = place.json
    return Sql(f"CASE WHEN jsonb_typeof({value.text}) = 'string' THEN {value.text} #>> '{{}}' END", value.values * 2)


def raw_text(place: Place) -> Sql:
    """The text at a place, as its bytes compare; something else where there is something else: only for a first, cheap look."""
    if is_sqlite():
        path = place.path
        return Sql(f"json_extract({place.column}, {path.text})", path.values)
    value = place.json
    return Sql(f"({value.text} #>> '{{}}') COLLATE \"C\"", value.values)


def _in_sqlite(place: Place, op: str, value: Any) -> Sql:
    column, (path, names) = place.column, place.path
    kind, found = f"json_type({column}, {path})", f"json_extract({column}, {path})"
    both = names * 2
    if op == "is_set":
        return Sql(f"COALESCE({kind} <> 'null', 1 = 0)", names)
    if op == "equals" and isinstance(value, bool):
        return Sql(f"COALESCE({kind} = '{str(value).lower()}', 1 = 0)", names)
    types = "('text')" if isinstance(value, str) else "('integer', 'real')"
    if op == "equals" or op in _ORDER:
        sign = "=" if op == "equals" else _ORDER[op]
        return Sql(f"COALESCE({found} {sign} %s AND {kind} IN {types}, 1 = 0)", (*names, value, *names))
    if op == "starts_with":
        return Sql(f"COALESCE({kind} = 'text' AND substr({found}, 1, length(%s)) = %s, 1 = 0)", (*both, value, value))
    item = Sql(f"j.type = '{str(value).lower()}'") if isinstance(value, bool) else Sql(f"j.type IN {types} AND j.value = %s", (value,))
    in_list = Sql(
        f"(COALESCE({kind}, '') = 'array' AND EXISTS (SELECT 1 FROM json_each({column}, {path}) j WHERE {item.text}))",
        (*both, *item.values),
    )
    if not isinstance(value, str):
        return in_list
    return any_of([in_list, Sql(f"COALESCE({kind} = 'text' AND instr({found}, %s) > 0, 1 = 0)", (*both, value))])


def _in_postgresql(place: Place, op: str, value: Any) -> Sql:
    found, names = place.json
    text = f"({found} #>> '{{}}')"
    both = names * 2
    if op == "is_set":
        return Sql(f"COALESCE({found} <> 'null'::jsonb, FALSE)", names)
    if op == "equals":
        return Sql(f"COALESCE({found} = %s::jsonb, FALSE)", (*names, encode(value)))
    if op in _ORDER and isinstance(value, str):
        return Sql(f"COALESCE(jsonb_typeof({found}) = 'string' AND {text} COLLATE \"C\" {_ORDER[op]} %s, FALSE)", (*both, value))
    if op in _ORDER:
        return Sql(f"COALESCE(jsonb_typeof({found}) = 'number' AND {found} {_ORDER[op]} %s::jsonb, FALSE)", (*both, encode(value)))
    if op == "starts_with":
        return Sql(f"COALESCE(jsonb_typeof({found}) = 'string' AND left({text}, length(%s)) = %s, FALSE)", (*both, value, value))
    in_list = Sql(f"COALESCE(jsonb_typeof({found}) = 'array' AND {found} @> %s::jsonb, FALSE)", (*both, encode([value])))
    if not isinstance(value, str):
        return in_list
    return any_of([in_list, Sql(f"COALESCE(jsonb_typeof({found}) = 'string' AND strpos({text}, %s) > 0, FALSE)", (*both, value))])
