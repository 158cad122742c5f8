"""Who entered and left a segment in the past, as far as the past is recorded: the same conditions, held against the facts as they were at each instant.

Events and what became of messages are stored with their moments, and dates come at moments that can be told. What is stored only as it is now
(attributes, tags, decisions) is taken as it is now; `find_unrecorded` says which conditions those are.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from django.db import connection

from troth.kernel.personal_data import Subject
from troth.people.models import PersonState
from troth.segments.definition import all_leaves
from troth.segments.evaluate import holds, load_facts_of
from troth.segments.kinds import Facts, Leaf, Moment, kind_of, kinds
from troth.segments.live import make_live
from troth.segments.models import Segment
from troth.segments.sql import ALWAYS, Sql

PAGE = 200
MOST_PEOPLE = 5_000
"""Whose past is gone through for one rehearsal."""


class Turn(NamedTuple):
    """Somebody entered, or left."""

    person_id: int
    at: int
    """Milliseconds."""
    entered: bool


def replay(definition: Mapping[str, Any], facts: Facts, since: int, until: int) -> Iterator[tuple[int, bool]]:
    """When one person entered (True) or left after `since` and up to `until`; pure."""
    instants = {
        at
        for leaf in all_leaves(definition)
        for at in kind_of(leaf).turns(leaf, facts, since, until)
        if at is not None and since < at <= until
    }
    was_in = holds(definition, facts_at(facts, since), since)
    for at in sorted(instants):
        is_in = holds(definition, facts_at(facts, at), at)
        if is_in is not was_in:
            yield at, is_in
        was_in = is_in


def facts_at(facts: Facts, at: int) -> Facts:
    """What was known of a person at an instant, as far as it is recorded."""
    return replace(
        facts,
        events=facts.events[: bisect_right(facts.events, at, key=lambda event: event.ts)],
        further={key: kinds()[key].as_of(told, at) for key, told in facts.further.items()},
    )


def find_unrecorded(definition: Mapping[str, Any]) -> list[str]:
    """The conditions, in words, whose past is not recorded."""
    return list(dict.fromkeys(kind_of(leaf).describe(leaf) for leaf in all_leaves(definition) if not kind_of(leaf).is_recorded(leaf)))


def has_past(definition: Mapping[str, Any]) -> bool:
    """Whether anything in the past can have turned it that is recorded."""
    return any(_may_turn(leaf) for leaf in all_leaves(definition))


class Past:
    """The turns of a segment's people from `since` to `until`, all of a person together, at most `MOST_PEOPLE` people."""

    def __init__(self, segment: Segment, since: int, until: int) -> None:
        self.segment, self.since, self.until = segment, since, until
        self.is_whole = True
        """False, once it was gone through: there were more people."""

    def __iter__(self) -> Iterator[Turn]:
        after, looked_at = (-1, 0), 0
        while True:
            people = self._read_people(after)
            if looked_at + len(people) > MOST_PEOPLE:
                self.is_whole = False
                return
            facts = load_facts_of(people, self.segment.definition)
            for subject in people:
                own = facts[subject.person_id]
                for at, entered in replay(self.segment.definition, own, self.since, self.until):
                    yield Turn(subject.person_id, at, entered)
            if len(people) < PAGE:
                return
            looked_at += len(people)
            after = (people[-1].bucket, people[-1].person_id)

    def _read_people(self, after: tuple[int, int]) -> list[Subject]:
        """Who may be looked at at all, as things stand now, and did what its conditions ask about. Goes over all buckets, page by page."""
        permitted = make_live(self.segment).permitted(Moment(self.segment.workspace_id, self.until))
        did = _did_any(self.segment)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT p.person_id FROM people_person p WHERE p.workspace_id = %s AND p.state = {int(PersonState.ACTIVE)}"
                f" AND (p.bucket, p.person_id) > (%s, %s) AND {permitted.text} AND {did.text} ORDER BY p.bucket, p.person_id LIMIT {PAGE}",
                [self.segment.workspace_id, *after, *permitted.values, *did.values],
            )
            return [Subject(self.segment.workspace_id, person_id) for (person_id,) in cursor.fetchall()]


def _may_turn(leaf: Leaf) -> bool:
    kind = kind_of(leaf)
    return kind.is_recorded(leaf) or kind.is_timed(leaf)


def _did_any(segment: Segment) -> Sql:
    """Where only events turn it: that somebody did one of them. Of all others nothing changed."""
    turning = [leaf for leaf in all_leaves(segment.definition) if _may_turn(leaf)]
    names = sorted({name for leaf in turning for name in kind_of(leaf).events(leaf)})
    if not all(any(kind_of(leaf).events(leaf)) for leaf in turning):
        return ALWAYS
    marks = ", ".join(["%s"] * len(names))
    return Sql(
        f"EXISTS (SELECT 1 FROM people_event e WHERE e.workspace_id = %s AND e.name IN ({marks}) AND e.bucket = p.bucket AND e.person_id = p.person_id)",
        (segment.workspace_id, *names),
    )
