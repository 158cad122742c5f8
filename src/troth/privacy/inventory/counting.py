"""What a number of events or profiles holds, as counts by name: types, shapes, doors and days. A pure fold; no value outlives it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from troth.kernel.clock import DAY
from troth.privacy.inventory.recognising import recogniser
from troth.privacy.inventory.rules import category_of_value, safe_name, shape_of

ATTRIBUTE, EVENT, PROPERTY = "attribute", "event", "property"
KINDS = (ATTRIBUTE, EVENT, PROPERTY)
LOOKED_AT = 5
"""Values of one name whose shape is told, of one batch: types are counted of all."""
DEEPEST = 3
"""How far objects within objects are told apart, as `address.city`."""
OFTEN, MOST_KNOWN = 16, 8
"""A form that was read so often is recognised by its text from then on; so many of one event at most."""
MOST_NAMES = 300
"""Names of one event, or attributes of a workspace, that are told apart; what comes beyond is counted as `OTHERS`."""
OTHERS = "‹others›"
LONGEST_NAME = 255
_decode = msgspec.json.Decoder(dict).decode
_TYPES = {str: "text", int: "number", float: "number", bool: "yes or no", list: "list", dict: "object", type(None): "empty"}


class Key(NamedTuple):
    """Of what is counted: `event` and `name` for a property, `event` alone for events themselves, `name` alone for an attribute."""

    workspace_id: int
    kind: str
    event: str
    name: str


class Tally:
    """What was seen under one name. Days count from 1970-01-01 UTC; 0: not known."""

    __slots__ = ("count", "doors", "first", "last", "looked_at", "shapes", "types", "votes")

    def __init__(self) -> None:
        self.count = 0
        self.first = self.last = 0
        self.looked_at = 0
        self.types: Counter[str] = Counter()
        self.doors: Counter[str] = Counter()
        self.shapes: Counter[str] = Counter()
        self.votes: Counter[str] = Counter()

    def add(self, number: int, day: int, door: str, kind: type | None = None) -> None:
        """So many more, on a day, through a door, whose values were of a type."""
        self.count += number
        self.doors[door] += number
        if kind is not None:
            self.types[_TYPES[kind]] += number
        self.last = max(self.last, day)
        if day and (day < self.first or not self.first):
            self.first = day

    def join(self, other: Tally) -> None:
        """Count what was seen under another name here as well."""
        self.count += other.count
        self.last = max(self.last, other.last)
        self.first = min((day for day in (self.first, other.first) if day), default=0)
        self.looked_at += other.looked_at
        for name in ("doors", "types", "shapes", "votes"):
            getattr(self, name).update(getattr(other, name))

    def look(self, value: Any) -> None:
        """Tell the shape of a value, of the first few."""
        if self.looked_at < LOOKED_AT:
            self.looked_at += 1
            if shape := shape_of(value):
                self.shapes[shape] += 1
            if category := category_of_value(value):
                self.votes[category] += 1


Row = tuple[int, str, int, str, str]
"""An event: workspace, name, when it was received in milliseconds, the door, and the properties as JSON text."""


Path = tuple[tuple[str, ...], type]
"""The names that lead to a value that lies deeper, and the value's type."""


Seen = dict[tuple[int, str], int]
"""How many events, by day and door."""


class _Form:
    """Events of one form: the same names, with values of the same types, and the same below them."""

    __slots__ = ("event", "paths", "read", "seen", "types", "workspace_id")

    def __init__(self, workspace_id: int, event: str, types: Mapping[str, type], paths: Sequence[Path]) -> None:
        self.workspace_id, self.event, self.types, self.paths = workspace_id, event, types, paths
        self.seen: Seen = {}
        self.read = 0
        """How many of them had to be read, and were not recognised by their text."""


class _ProfileForm:
    """Profiles of one form: attributes of the same names, with values of the same types, and the same below them."""

    __slots__ = ("paths", "read", "seen", "types", "workspace_id")

    def __init__(self, workspace_id: int, types: Mapping[str, type], paths: Sequence[Path]) -> None:
        self.workspace_id, self.types, self.paths = workspace_id, types, paths
        self.seen: dict[tuple[str, int, str], int] = {}
        """How many, by attribute, day and door."""
        self.read = 0


class Counts:
    """Tallies by key; `finish` has them. Events are counted by their form first."""

    def __init__(self, look_at: int = LOOKED_AT) -> None:
        self._look_at_most = look_at
        self._found: dict[Key, Tally] = {}
        self._forms: dict[tuple[Any, ...], _Form] = {}
        self._known: dict[tuple[int, str], list[tuple[Callable[[str], object], Seen]]] = {}
        """What recognises the usual forms of a workspace's event."""
        self._profiles: dict[tuple[Any, ...], _ProfileForm] = {}
        self._names: dict[str, str] = {}

    def add_events(self, rows: Iterable[Row]) -> None:
        """Events as they are stored."""
        known = self._known
        for workspace_id, name, at, door, properties in rows:
            for recognises, seen in known.get((workspace_id, name), ()):  # noqa: B007 -- it is used below, whichever it was
                if recognises(properties):
                    break
            else:
                seen = self._read(workspace_id, name, properties)
            when = (at // DAY, door)
            seen[when] = seen.get(when, 0) + 1

    def _read(self, workspace_id: int, name: str, properties: str) -> Seen:
        """Where events of this form are counted. The first are looked at; a form that comes often is recognised from then on."""
        values = _decode(properties)
        types = tuple(map(type, values.values()))
        paths = tuple(_paths(values, (), 1)) if dict in types or list in types else ()
        key = (workspace_id, name, *values, *types, paths)
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = _Form(workspace_id, name, dict(zip(values, types, strict=True)), paths)
        form.read += 1
        if form.read <= self._look_at_most:
            self._look_at(Key(workspace_id, PROPERTY, self._safe(name), ""), values)
        elif form.read % OFTEN == 0:
            known = self._known.setdefault((workspace_id, name), [])
            if len(known) < MOST_KNOWN and (recognises := recogniser(values)) and recognises(properties):
                known.append((recognises, form.seen))
        return form.seen

    def add_profile(self, workspace_id: int, attributes: Mapping[str, Any], origins: Mapping[str, Any]) -> None:
        """A person's attributes, each with the door and the moment it came from. They are counted by their form first, as events are."""
        types = tuple(map(type, attributes.values()))
        paths = tuple(_paths(attributes, (), 1)) if dict in types or list in types else ()
        key = (workspace_id, *attributes, *types, paths)
        form = self._profiles.get(key)
        if form is None:
            form = self._profiles[key] = _ProfileForm(workspace_id, dict(zip(attributes, types, strict=True)), paths)
        seen = form.seen
        for name in attributes:
            door, at = origins.get(name) or ("", 0)
            where = (name, at // DAY, door)
            seen[where] = seen.get(where, 0) + 1
        form.read += 1
        if form.read <= self._look_at_most:
            self._look_at(Key(workspace_id, ATTRIBUTE, "", ""), attributes)

    def finish(self) -> dict[Key, Tally]:
        """All tallies."""
        for form in self._forms.values():
            event = self._safe(form.event)
            for (day, door), number in form.seen.items():
                self._tally(Key(form.workspace_id, EVENT, event, "")).add(number, day, door)
                for name, kind in form.types.items():
                    self._tally(Key(form.workspace_id, PROPERTY, event, self._safe(name))).add(number, day, door, kind)
                for path, kind in form.paths:
                    self._tally(Key(form.workspace_id, PROPERTY, event, self._join(path))).add(number, day, door, kind)
        for profiles in self._profiles.values():
            above = Key(profiles.workspace_id, ATTRIBUTE, "", "")
            for (name, day, door), number in profiles.seen.items():
                self._tally(above._replace(name=self._safe(name))).add(number, day, door, profiles.types[name])
                for path, kind in profiles.paths:
                    if path[0] == name:
                        self._tally(above._replace(name=self._join(path))).add(number, day, door, kind)
        self._forms, self._known, self._profiles = {}, {}, {}
        return self._found

    def _look_at(self, above: Key, values: Mapping[str, Any], depth: int = 1) -> None:
        """Tell shapes, on top and deeper."""
        for name, value in values.items():
            key = above._replace(name=f"{above.name}{self._safe(name)}"[:LONGEST_NAME])
            self._tally(key).look(value)
            inner = _inner(value)
            if inner is not None and depth < DEEPEST:
                self._look_at(key._replace(name=f"{key.name}."), inner, depth + 1)

    def _join(self, path: Sequence[str]) -> str:
        """`address.city`, as it is kept."""
        joined = ""
        for name in path:
            joined = f"{joined}.{self._safe(name)}" if joined else self._safe(name)
            joined = joined[:LONGEST_NAME]
        return joined

    def _tally(self, key: Key) -> Tally:
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = Tally()
        return found

    def _safe(self, name: str) -> str:
        found = self._names.get(name)
        if found is None:
            found = self._names[name] = safe_name(name)
        return found


def _inner(value: Any) -> dict[str, Any] | None:
    """The object that lies in a value, or is the first of its list; None where there is none."""
    inner = value[0] if isinstance(value, list) and value else value
    return inner if isinstance(inner, dict) else None


def _paths(values: Mapping[str, Any], above: tuple[str, ...], depth: int) -> Iterator[Path]:
    """Every name below the uppermost, as far as names are told apart."""
    for name, value in values.items():
        if above:
            yield (*above, name), type(value)
        if depth < DEEPEST and (inner := _inner(value)) is not None:
            yield from _paths(inner, (*above, name), depth + 1)
