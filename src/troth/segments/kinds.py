"""The kinds of conditions. Each is one object that checks, compiles, evaluates and explains its leaf of a definition.

A package that lies above registers its own kind in its `apps.py` (messages do): calls go down, so nothing here knows it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from troth.consent.coverage import Datum
from troth.consent.decisions import Stood
from troth.kernel.clock import DAY
from troth.kernel.errors import TrothError
from troth.kernel.personal_data import Subject
from troth.kernel.speech import ENGLISH, Said, Speech
from troth.segments.horizons import Horizon
from troth.segments.sql import Sql

Leaf = Mapping[str, Any]


class DefinitionInvalid(TrothError):
    """A definition that cannot be evaluated; the message begins with the JSON path of the place."""


REACH = 8 * DAY
"""How far ahead timers are set. Before it is over everybody is looked at again (`computing`), so that most of what may happen in a year needs none."""


class Moment(NamedTuple):
    """What a definition is compiled for."""

    workspace_id: int
    now: int
    """Milliseconds."""

    @property
    def until(self) -> int:
        """Through when it has to be known what time alone may change, in milliseconds."""
        return self.now + REACH


class Read(NamedTuple):
    """A datum that a definition reads, with the JSON path of the place."""

    datum: Datum
    path: str


class Flip(NamedTuple):
    """When a leaf may change by time alone: as soon as the horizon reaches the value of a scalar SQL expression over `p`, where that is not NULL.

    What the horizon does not reach until `Moment.until` may be left out.
    """

    horizon: Horizon
    value: Sql
    turns: Mapping[Any, int] | None = None
    """What the expression's values stand for, where they are not what the horizon is compared with."""

    def read(self, found: Any, until: int) -> int | None:
        """What the horizon has to reach, of a value of the expression; None: it does not until then."""
        value = found if self.turns is None or found is None else self.turns.get(found)
        return value if value is not None and value <= self.horizon.cutoff(until) else None


class Witness(NamedTuple):
    """A flip whose value is there exactly while the leaf holds, or exactly while it does not: one look tells both."""

    flip: Flip
    holds: bool


class Happening(NamedTuple):
    """An event of a person."""

    name: str
    ts: int
    seq: int
    properties: Mapping[str, Any]


class Answer(NamedTuple):
    """Whether a leaf holds for a person, and what decided it."""

    holds: bool
    evidence: tuple[str | Said, ...] = ()
    """Stored values as they are, else words; instants as RFC 3339."""


@dataclass(frozen=True)
class Facts:
    """Everything known of a person that a definition may look at."""

    attributes: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()
    events: Sequence[Happening] = ()
    """In the order of (ts, seq)."""
    decisions: Mapping[str, Stood] = field(default_factory=dict)
    """By purpose or wish."""
    workspace_id: int = 0
    further: Mapping[str, Any] = field(default_factory=dict)
    """What kinds of other packages loaded, by kind."""


class Kind(ABC):
    """One kind of condition; its leaf is the JSON object that has `key`."""

    key: str
    fields: frozenset[str]
    """What may stand beside the key."""

    @abstractmethod
    def check(self, leaf: Leaf, path: str) -> None:
        """Make sure that the leaf can be evaluated. Raises DefinitionInvalid."""

    @abstractmethod
    def wakes(self, leaf: Leaf) -> Iterator[str]:
        """The changes that may turn the leaf: `attribute:plan`, `event:bought`, `tags`, …"""

    @abstractmethod
    def compile(self, leaf: Leaf, moment: Moment) -> Sql:
        """The leaf as a condition on a row `p` of people_person; never NULL."""

    @abstractmethod
    def judge(self, leaf: Leaf, facts: Facts, now: int) -> Answer:
        """Whether the leaf holds, plainly in Python: what `compile` must agree with."""

    @abstractmethod
    def describe(self, leaf: Leaf, say: Speech = ENGLISH) -> str:
        """The leaf in words of a language; names and values stay as they are."""

    def reads(self, leaf: Leaf, path: str) -> Iterator[Read]:
        """The data that it reads, for purpose checking."""
        return iter(())

    def is_timed(self, leaf: Leaf) -> bool:
        """Whether it may change by time alone."""
        return False

    def flips(self, leaf: Leaf, moment: Moment) -> list[Flip]:
        """When it may change next by time alone; none for a leaf that is not timed."""
        return []

    def witness(self, leaf: Leaf, moment: Moment) -> Witness | None:
        """One of its flips that tells whether the leaf holds as well, if one does."""
        return None

    def is_recorded(self, leaf: Leaf) -> bool:
        """Whether what it looks at is stored with its moments, so that it can be judged at an earlier instant."""
        return False

    def turns(self, leaf: Leaf, facts: Facts, since: int, until: int) -> Iterator[int | None]:
        """All instants of a span at which it may have changed for a person, of what is recorded; some may lie outside, or be none."""
        return iter(())

    def as_of(self, told: Any, at: int) -> Any:
        """What `load` found, as it was at an instant."""
        return told

    def events(self, leaf: Leaf) -> Iterator[str]:
        """The names of the events that `judge` looks at."""
        return iter(())

    def inner(self, leaf: Leaf) -> Mapping[str, Any] | None:
        """The definition that the leaf stands for, if it stands for one."""
        return None

    def load(self, subject: Subject, leaves: Sequence[Leaf]) -> Any:
        """What `judge` needs of a person beyond profile, events and decisions; found in `Facts.further`."""
        return None


_kinds: dict[str, Kind] = {}


def register_kind(kind: Kind) -> None:
    """Have leaves with this kind's key understood."""
    _kinds[kind.key] = kind


def kinds() -> Mapping[str, Kind]:
    """All kinds by key."""
    return _kinds


def kind_of(leaf: Leaf) -> Kind:
    """The kind of a checked leaf."""
    return next(kind for key, kind in _kinds.items() if key in leaf)


def refuse_unless(holds: bool, path: str, says: str) -> None:
    """Raise DefinitionInvalid, naming the place, unless something holds."""
    if not holds:
        raise DefinitionInvalid(f"{path}: {says}")
