"""Whether a definition holds for one person, and why: plainly in Python, from the facts, at any instant. What the compiler must agree with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from troth.consent.decisions import load_decisions
from troth.kernel.json_text import decode
from troth.kernel.personal_data import Subject
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


def explain(definition: Mapping[str, Any], facts: Facts, now: int) -> Explained:
    """The whole tree with its answers: why somebody is in, or not."""
    for key in ("all", "any"):
        if key in definition:
            parts = tuple(explain(item, facts, now) for item in definition[key])
            return Explained(holds(definition, facts, now), key, parts=parts)
    if "not" in definition:
        part = explain(definition["not"], facts, now)
        return Explained(not part.holds, "not", parts=(part,))
    kind = kind_of(definition)
    inner = kind.inner(definition)
    answer: Answer = kind.judge(definition, facts, now)
    parts = () if inner is None else (explain(inner, facts, now),)
    return Explained(answer.holds, kind.describe(definition), answer.evidence, parts)


def load_facts(subject: Subject, definition: Mapping[str, Any]) -> Facts:
    """What a definition looks at of one person, as it is stored now; an empty profile when nobody is there."""
    found = list(all_leaves(definition))
    attributes, tags = load_profiles([subject.person_id]).get(subject.person_id, ({}, []))
    names = sorted({name for leaf in found for name in kind_of(leaf).events(leaf)})
    by_kind: dict[str, list[Any]] = {}
    for leaf in found:
        by_kind.setdefault(kind_of(leaf).key, []).append(leaf)
    return Facts(
        attributes=attributes,
        tags=tags,
        events=_load_events(subject, names) if names else (),
        decisions=load_decisions([subject.person_id]).get(subject.person_id, {}),
        workspace_id=subject.workspace_id,
        further={key: kind_of(own[0]).load(subject, own) for key, own in by_kind.items()},
    )


def _load_events(subject: Subject, names: list[str]) -> list[Happening]:
    marks = ", ".join(["%s"] * len(names))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT name, ts, seq, properties FROM people_event WHERE workspace_id = %s AND name IN ({marks}) AND bucket = %s AND person_id = %s"
            " ORDER BY ts, seq",
            [subject.workspace_id, *names, subject.bucket, subject.person_id],
        )
        return [Happening(name, ts, seq, decode(properties)) for name, ts, seq, properties in cursor.fetchall()]


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
