"""Whether a definition holds for one person, and why: plainly in Python, from the facts, at any instant. What the compiler must agree with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from troth.consent.decisions import load_decisions
from troth.kernel.json_text import decode
from troth.kernel.personal_data import Subject
from troth.kernel.speech import ENGLISH, Speech
from troth.kernel.sql import PERSON_KEY, select_by_keys
from troth.people.queries import load_profiles
from troth.segments.definition import all_leaves
from troth.segments.kinds import Answer, Facts, Happening, kind_of


@dataclass(frozen=True)
class Explained:
    """A condition with its answer for one person, and the conditions inside it."""

    holds: bool
    says: str
    """The condition in words; `all`, `any` or `not` for a group."""
    evidence: tuple[str, ...] = ()
    """The stored values and events that decided it."""
    parts: tuple[Explained, ...] = ()


def holds(definition: Mapping[str, Any], facts: Facts, now: int) -> bool:
    """Whether a checked definition holds at an instant (milliseconds)."""
    if "all" in definition:
        return all(holds(item, facts, now) for item in definition["all"])
    if "any" in definition:
        return any(holds(item, facts, now) for item in definition["any"])
    if "not" in definition:
        return not holds(definition["not"], facts, now)
    return kind_of(definition).judge(definition, facts, now).holds


def explain(definition: Mapping[str, Any], facts: Facts, now: int, say: Speech = ENGLISH) -> Explained:
    """The whole tree with its answers, in words of a language: why somebody is in, or not."""
    for key in ("all", "any"):
        if key in definition:
            parts = tuple(explain(item, facts, now, say) for item in definition[key])
            return Explained(holds(definition, facts, now), key, parts=parts)
    if "not" in definition:
        part = explain(definition["not"], facts, now, say)
        return Explained(not part.holds, "not", parts=(part,))
    kind = kind_of(definition)
    inner = kind.inner(definition)
    answer: Answer = kind.judge(definition, facts, now)
    parts = () if inner is None else (explain(inner, facts, now, say),)
    return Explained(answer.holds, kind.describe(definition, say), tuple(say.put(one) for one in answer.evidence), parts)


def load_facts(subject: Subject, definition: Mapping[str, Any]) -> Facts:
    """What a definition looks at of one person, as it is stored now; an empty profile when nobody is there."""
    return load_facts_of([subject], definition)[subject.person_id]


def load_facts_of(people: Sequence[Subject], definition: Mapping[str, Any]) -> dict[int, Facts]:
    """The same of some persons of one workspace: four reads, and those of kinds that load by themselves."""
    found = list(all_leaves(definition))
    ids = [subject.person_id for subject in people]
    names = sorted({name for leaf in found for name in kind_of(leaf).events(leaf)})
    by_kind: dict[str, list[Any]] = {}
    for leaf in found:
        by_kind.setdefault(kind_of(leaf).key, []).append(leaf)
    profiles, decisions, events = load_profiles(ids), load_decisions(ids), _load_events(people, names)
    nothing: tuple[dict[str, Any], list[str]] = ({}, [])
    return {
        subject.person_id: Facts(
            attributes=profiles.get(subject.person_id, nothing)[0],
            tags=profiles.get(subject.person_id, nothing)[1],
            events=events.get(subject.person_id, ()),
            decisions=decisions.get(subject.person_id, {}),
            workspace_id=subject.workspace_id,
            further={key: kind_of(own[0]).load(subject, own) for key, own in by_kind.items()},
        )
        for subject in people
    }


def _load_events(people: Sequence[Subject], names: Sequence[str]) -> dict[int, list[Happening]]:
    """By person, in the order of (ts, seq)."""
    rows = select_by_keys(
        "SELECT e.person_id, e.ts, e.seq, e.name, e.properties",
        "JOIN people_event e ON e.workspace_id = k.column3 AND e.name = k.column4 AND e.bucket = k.column1 AND e.person_id = k.column2",
        [(one.bucket, one.person_id, one.workspace_id, name) for one in people for name in names],
        (*PERSON_KEY, "bigint", "text"),
    )
    # A row may come twice: the number of an event is its person's own.
    numbered = {(person_id, ts, seq): (name, properties) for person_id, ts, seq, name, properties in rows}
    found: dict[int, list[Happening]] = defaultdict(list)
    for (person_id, ts, seq), (name, properties) in sorted(numbered.items(), key=lambda row: row[0]):
        found[person_id].append(Happening(name, ts, seq, decode(properties) if isinstance(properties, str | bytes) else properties))
    return found


@dataclass(frozen=True)
class Described:
    """A condition in words, and the conditions inside it."""

    says: str
    """`all`, `any` or `not` for a group."""
    parts: tuple[Described, ...] = ()


def describe(definition: Mapping[str, Any]) -> Described:
    """A checked definition in words."""
    for key in ("all", "any"):
        if key in definition:
            return Described(key, tuple(describe(item) for item in definition[key]))
    if "not" in definition:
        return Described("not", (describe(definition["not"]),))
    return Described(kind_of(definition).describe(definition))
