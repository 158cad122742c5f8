"""Which attributes, properties, events and tags a workspace has, and of which types: told from a bounded look at what is stored.

A condition that compares with another type than was ever seen would hold for nobody, which whoever writes it learns at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db import connection

from troth.kernel.json_text import decode
from troth.people.event_names import fold_event_name
from troth.people.models import Person
from troth.segments import dates
from troth.segments.conditions import WITHOUT_VALUE, read_leaves, value_at
from troth.segments.definition import leaves
from troth.segments.horizons import read_moment
from troth.segments.kinds import refuse_unless

LOOKED_AT = 300
"""People, the newest first, and events of a name."""
MOST_NAMES = 300
_ARTICLES = {"text": "a text", "number": "a number", "boolean": "true or false", "list": "a list", "object": "an object", "date": "a date"}


def type_of(value: Any) -> str:
    """The type of a stored value: text, number, boolean, date, list or object."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list):
        return "list"
    if isinstance(value, Mapping):
        return "object"
    return "date" if read_moment(value) else "text"


def sample_profiles(workspace_id: int) -> list[tuple[dict[str, Any], list[str]]]:
    """Attributes and tags of the newest people of a workspace."""
    newest = Person.objects.filter(workspace_id=workspace_id).order_by("-created_at", "-bucket", "-person_id")
    return list(newest.values_list("attributes", "tags")[:LOOKED_AT])


def sample_properties(workspace_id: int, name: str) -> list[dict[str, Any]]:
    """The properties of some events of a name. Reads the index on names, over all buckets."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT properties FROM people_event WHERE workspace_id = %s AND name = %s LIMIT %s",
            [workspace_id, fold_event_name(name), LOOKED_AT],
        )
        return [decode(row[0]) for row in cursor.fetchall()]


def list_names(samples: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    """The names of values in samples, objects by path, each with its types; the commonest are there."""
    found: dict[str, set[str]] = {}
    for sample in samples:
        for name, value in _flatten(sample, ""):
            if name in found or len(found) < MOST_NAMES:
                found.setdefault(name, set()).add(type_of(value))
    return dict(sorted(found.items()))


def _flatten(value: Mapping[str, Any], above: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    for name, own in value.items():
        if isinstance(own, Mapping) and own and depth < 3:
            yield from _flatten(own, f"{above}{name}.", depth + 1)
        elif own is not None:
            yield f"{above}{name}", own


def list_event_names(workspace_id: int) -> list[str]:
    """The names of events of a workspace: one step through the index for each. Over all buckets."""
    found: list[str] = []
    with connection.cursor() as cursor:
        while len(found) < MOST_NAMES:
            cursor.execute(
                "SELECT name FROM people_event WHERE workspace_id = %s AND name > %s ORDER BY name LIMIT 1",
                [workspace_id, found[-1] if found else ""],
            )
            row = cursor.fetchone()
            if row is None:
                break
            found.append(row[0])
    return found


def find_unseen(workspace_id: int, definition: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Events of a definition that never came, and attributes that none of the newest people has: perhaps misspelt. Reads the index on names, over all buckets."""
    read = [leaf for leaf, _place in leaves(definition, "$")]
    events = dict.fromkeys(step["event"] for leaf in read for step in (leaf, *leaf.get("sequence", ())) if "event" in step)
    names = dict.fromkeys(leaf["attribute"] for leaf in read if "attribute" in leaf)
    with connection.cursor() as cursor:
        unseen = []
        for name in events:
            cursor.execute(
                "SELECT 1 FROM people_event WHERE workspace_id = %s AND name = %s LIMIT 1", [workspace_id, fold_event_name(name)]
            )
            if cursor.fetchone() is None:
                unseen.append(name)
    profiles = [own for own, _tags in sample_profiles(workspace_id)] if names else []
    return unseen, [name for name in names if profiles and all(value_at(own, name) is None for own in profiles)]


def check_types(workspace_id: int, definition: Mapping[str, Any], path: str = "$") -> None:
    """Make sure that conditions compare with types that were seen, where anything was. Raises DefinitionInvalid with the place."""
    profiles: list[dict[str, Any]] | None = None
    for leaf, at in leaves(definition, path):
        if "attribute" in leaf:
            profiles = [own for own, _ in sample_profiles(workspace_id)] if profiles is None else profiles
            _check(profiles, leaf["attribute"], leaf, at)
        steps = [(leaf, at)] if "event" in leaf else [(step, f"{at}.sequence[{n}]") for n, step in enumerate(leaf.get("sequence", ()))]
        for step, place in steps:
            if "where" in step:
                samples = sample_properties(workspace_id, step["event"])
                for condition, where in read_leaves(step["where"], f"{place}.where"):
                    _check(samples, condition["property"], condition, where)


def _check(samples: list[dict[str, Any]], name: str, leaf: Mapping[str, Any], path: str) -> None:
    wanted = _accepted(leaf)
    if not wanted:
        return
    seen = {type_of(value) for sample in samples if (value := value_at(sample, name)) is not None}
    known = seen | ({"text"} if "date" in seen else set())
    told = " or ".join(sorted(_ARTICLES[one] for one in seen))
    needs = " or ".join(sorted(_ARTICLES[one] for one in wanted))
    refuse_unless(not seen or bool(wanted & known), f"{path}.value", f"`{name}` has been {told} so far; this compares it with {needs}.")


def _accepted(leaf: Mapping[str, Any]) -> set[str]:
    """The types that an operator can hold for; none: any."""
    op, value = leaf["op"], leaf.get("value")
    if op in WITHOUT_VALUE or op in ("not_equals", "is_set"):
        return set()
    if op in dates.OPERATORS:
        return {"date"}
    if op == "contains":
        return {"list", "text"} if isinstance(value, str) else {"list"}
    return {_plain(item) for item in (value if isinstance(value, list) else [value])}


def _plain(value: Any) -> str:
    return "text" if isinstance(value, str) else type_of(value)
