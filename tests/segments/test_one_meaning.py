"""The compiler means what the plain evaluator says, at any time; and time alone changes nothing before the instant that was foretold."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.segments.definitions import LEAVES, PEOPLE, T0, TREES
from troth.consent.decisions import INSERT_STANCE
from troth.kernel.clock import DAY, MINUTE
from troth.kernel.ids import bucket_of, new_person_id
from troth.kernel.json_text import encode
from troth.kernel.personal_data import Subject
from troth.kernel.sql import insert_rows
from troth.messages.limit_settings import Limits, save_limits
from troth.people.queries import INSERT_EVENT, Profile, insert_persons
from troth.segments.compiler import compile_flips, compile_where
from troth.segments.definition import check_definition
from troth.segments.evaluate import explain, holds, load_facts
from troth.segments.kinds import REACH, Moment

EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
OWN_ZONE = Limits(zone="America/New_York")
"""The clock of people without one."""


def make_people(workspace_id: int, people: list[Any]) -> list[Subject]:
    """Write made-up people straight into the tables."""
    subjects = [Subject(workspace_id, new_person_id()) for _ in people]
    insert_persons([(s.person_id, workspace_id, Profile(own[0], {}, own[1]), T0) for s, own in zip(subjects, people, strict=True)])
    events, stances = [], []
    for subject, (_, _, history, decided) in zip(subjects, people, strict=True):
        key = (bucket_of(subject.person_id), subject.person_id)
        for seq, (name, ts, properties) in enumerate(history, start=1):
            events.append((*key, seq, workspace_id, name, ts, ts, "test", "service", encode(properties), None))
        for purpose, (standing, until) in decided.items():
            stances.append((*key, purpose, workspace_id, standing, 1, T0 - DAY, until, 1))
    insert_rows(INSERT_EVENT, events)
    insert_rows(INSERT_STANCE, stances)
    return subjects


def select(definition: Any, workspace_id: int, now: int) -> set[int]:
    where, values = compile_where(definition, workspace_id, now)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT p.person_id FROM people_person p WHERE p.workspace_id = %s AND {where}", [workspace_id, *values])
        return {row[0] for row in cursor.fetchall()}


class Undo(Exception):
    """Leaves a transaction without a trace."""


def undone(function: Any) -> None:
    with pytest.raises(Undo), transaction.atomic():
        function()
        raise Undo


@given(TREES, st.lists(PEOPLE, min_size=1, max_size=6), st.lists(st.integers(-90 * 24, 400 * 24), min_size=2, max_size=3))
@EXAMPLES
def test_the_database_chooses_whom_the_plain_evaluator_chooses_at_any_time(workspace: Any, tree: Any, people: Any, hours: Any) -> None:
    def check() -> None:
        check_definition(tree)
        save_limits(workspace.pk, OWN_ZONE)
        subjects = make_people(workspace.pk, people)
        facts = {subject.person_id: load_facts(subject, tree) for subject in subjects}
        for now in (T0, *(T0 + hour * 3_600_000 for hour in hours)):
            expected = {person_id for person_id, own in facts.items() if holds(tree, own, now)}
            assert select(tree, workspace.pk, now) == expected
            assert {person_id for person_id, own in facts.items() if explain(tree, own, now).holds} == expected

    undone(check)


def next_flip(tree: Any, subject: Subject, now: int) -> list[tuple[Any, int]]:
    """The horizons and values that a timer would keep for a person."""
    found = []
    for flip in compile_flips(tree, Moment(subject.workspace_id, now)):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {flip.value.text} FROM people_person p WHERE p.bucket = %s AND p.person_id = %s",
                [*flip.value.values, subject.bucket, subject.person_id],
            )
            value = flip.read(cursor.fetchone()[0], now + REACH)
        if value is not None:
            assert value > flip.horizon.cutoff(now), "a timer lies ahead"
            found.append((flip.horizon, value))
    return found


@given(LEAVES, PEOPLE, st.integers(-40 * 24 * 60, 40 * 24 * 60), st.lists(st.integers(0, REACH // MINUTE), min_size=1, max_size=6))
@EXAMPLES
def test_time_alone_changes_nothing_before_the_foretold_instant(workspace: Any, leaf: Any, person: Any, start: int, later: Any) -> None:
    def check() -> None:
        check_definition(leaf)
        save_limits(workspace.pk, OWN_ZONE)
        (subject,) = make_people(workspace.pk, [person])
        facts = load_facts(subject, leaf)
        now = T0 + start * 60_000
        before = holds(leaf, facts, now)
        flips = next_flip(leaf, subject, now)
        for minutes in later:
            at = now + minutes * MINUTE
            is_due = any(horizon.cutoff(at) >= value for horizon, value in flips)
            assert is_due or holds(leaf, facts, at) is before

    undone(check)
