"""Memberships and timers brought up to date: one statement asks for many segments at once, and only what differs from what is kept is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connection

from troth.kernel.ids import bucket_of
from troth.kernel.sql import insert_rows
from troth.segments.compiler import compile_flips, compile_sql, compile_supposed
from troth.segments.kinds import Flip, Moment
from troth.segments.live import Live
from troth.segments.membership import Cause, Change
from troth.segments.scopes import Scope
from troth.segments.sql import ALWAYS, NEVER, Sql, all_of, opposite

INSERT_MEMBERSHIP = "INSERT INTO segments_membership (bucket, person_id, segment_id, workspace_id, since)"
INSERT_TIMER = "INSERT INTO segments_timer (bucket, person_id, segment_id, horizon, value, workspace_id)"
MOST_COLUMNS = 200
MOST_VALUES = 4_000
"""What one statement may hold; both databases bear more."""

CauseOf = Callable[[Live, int], Cause]
"""Why a person is looked at for a segment."""


class Question(NamedTuple):
    """What is asked about each person for one segment: whether they are in it, and what the horizons have to reach to change that."""

    live: Live
    possible: Sql
    """Who might be in it at some time. Nobody else is, or gets a timer."""
    inside: Sql
    flips: tuple[tuple[Flip, Sql], ...]
    """Each with the expression of its value."""

    @property
    def columns(self) -> list[Sql]:
        """The expressions that are selected, in order."""
        return [Sql(f"CASE WHEN {self.inside.text} THEN 1 ELSE 0 END", self.inside.values), *(value for _, value in self.flips)]


class State(NamedTuple):
    """What holds for some people and one segment, or what is kept of it."""

    members: dict[int, None]
    """In the order of their keys, where they were found in it."""
    timers: dict[str, dict[int, int]]
    """By the key of a horizon: by person what it has to reach."""


def update_memberships(lives: Sequence[Live], scope: Scope, cause_of: CauseOf, now: int, *, fresh: bool = False) -> list[Change]:
    """Bring memberships and timers of segments of one workspace up to date for some people, inside the caller's transaction.

    `fresh`: there are no timers of them yet. Bounded by the people in the scope.
    """
    moment = Moment(lives[0].workspace_id, now)
    kept = _read_kept(lives, scope, fresh=fresh)
    changes: list[Change] = []
    for permitted, questions in _group(lives, moment):
        for question, found in _ask(permitted, questions, scope, moment):
            changes += _write(question.live, found, kept[question.live.segment_id], cause_of, now)
    return changes


def _group(lives: Sequence[Live], moment: Moment) -> Iterator[tuple[Sql, list[Question]]]:
    """The segments with the same rule of who may be chosen, as many together as a statement may hold."""
    by_rule: dict[Sql, list[Question]] = {}
    for live in lives:
        by_rule.setdefault(live.permitted(moment), []).append(_make_question(live, moment))
    for permitted, questions in by_rule.items():
        together: list[Question] = []
        columns = values = 0
        for question in questions:
            own = question.columns
            size = sum(len(column.values) for column in own)
            if together and (columns + len(own) > MOST_COLUMNS or values + size > MOST_VALUES):
                yield permitted, together
                together, columns, values = [], 0, 0
            together.append(question)
            columns, values = columns + len(own), values + size
        yield permitted, together


def _make_question(live: Live, moment: Moment) -> Question:
    inside = compile_sql(live.definition, moment)
    possible = compile_supposed(live.definition, moment, best=True) if live.is_timed else inside
    open_ = all_of([possible, opposite(compile_supposed(live.definition, moment, best=False))]) if live.is_timed else NEVER
    flips = [(flip, _where(open_, flip.value)) for flip in compile_flips(live.definition, moment)] if open_ != NEVER else []
    flips += [(flip, _where(possible, flip.value)) for flip in live.gate_flips(moment)]
    return Question(live, possible, inside, tuple(flips))


def _where(condition: Sql, value: Sql) -> Sql:
    if condition == ALWAYS:
        return value
    return Sql(f"CASE WHEN {condition.text} THEN {value.text} END", (*condition.values, *value.values))


def _ask(permitted: Sql, questions: Sequence[Question], scope: Scope, moment: Moment) -> Iterator[tuple[Question, State]]:
    """Put the questions about everybody in the scope who may be chosen."""
    people = scope.rows("people_person", "p")
    # The plus keeps SQLite from the index of workspaces: it would read everybody for each range.
    conditions = [Sql("+p.workspace_id = %s", (moment.workspace_id,)), permitted]
    if len(questions) == 1:
        conditions.append(questions[0].possible)
    columns = [column for question in questions for column in question.columns]
    where = all_of(conditions)
    text = f"SELECT p.person_id, {', '.join(column.text for column in columns)} {people.text} AND {where.text}"
    values = [*(value for column in columns for value in column.values), *people.values, *where.values]
    rows = _select(text, values) if where != NEVER else []
    place = 1
    for question in questions:
        yield question, _read_answers(question, rows, place, moment.until)
        place += 1 + len(question.flips)


def _read_answers(question: Question, rows: Sequence[tuple[Any, ...]], place: int, until: int) -> State:
    """The answers to one question stand in the columns from `place` on. Of two values for one horizon the first to be reached counts."""
    timers: dict[str, dict[int, int]] = {}
    for column, (flip, _) in enumerate(question.flips, start=place + 1):
        limit, turns = flip.horizon.cutoff(until), flip.turns
        told = [(row[0], row[column]) for row in rows if row[column] is not None]
        if turns is not None:
            told = [(person_id, turns[value]) for person_id, value in told if value in turns]
        found = {person_id: value for person_id, value in told if value <= limit}
        before = timers.get(flip.horizon.key)
        if before:
            found = {**before, **{person_id: min(value, before.get(person_id, value)) for person_id, value in found.items()}}
        timers[flip.horizon.key] = found
    return State(dict.fromkeys(row[0] for row in rows if row[place]), timers)


def _read_kept(lives: Sequence[Live], scope: Scope, *, fresh: bool) -> dict[int, State]:
    """The memberships and timers that are kept of these people, by segment."""
    marks = ", ".join(["%s"] * len(lives))
    ids = tuple(live.segment_id for live in lives)
    kept = {segment_id: State({}, {}) for segment_id in ids}
    members = scope.rows("segments_membership", "m")
    for person_id, segment_id in _select(
        f"SELECT m.person_id, m.segment_id {members.text} AND m.segment_id IN ({marks})", (*members.values, *ids)
    ):
        kept[segment_id].members[person_id] = None
    if not fresh:
        timers = scope.rows_by_person("segments_timer", "t")
        what = "t.person_id, t.segment_id, t.horizon, t.value"
        for person_id, segment_id, horizon, value in _select(
            f"SELECT {what} {timers.text} AND t.segment_id IN ({marks})", (*timers.values, *ids)
        ):
            kept[segment_id].timers.setdefault(horizon, {})[person_id] = value
    return kept


def _select(text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return list(cursor.fetchall())


def _write(live: Live, found: State, kept: State, cause_of: CauseOf, now: int) -> Iterator[Change]:
    """Write what differs, and tell who left and entered."""
    segment_id, workspace_id = live.segment_id, live.workspace_id
    entered = [person_id for person_id in found.members if person_id not in kept.members]
    left = sorted(kept.members.keys() - found.members.keys())
    insert_rows(INSERT_MEMBERSHIP, [(bucket_of(p), p, segment_id, workspace_id, now) for p in entered], "ON CONFLICT DO NOTHING")
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM segments_membership WHERE bucket = %s AND person_id = %s AND segment_id = %s",
            [(bucket_of(p), p, segment_id) for p in left],
        )
    for horizon in {**found.timers, **kept.timers}:
        _set_timers(live, horizon, found.timers.get(horizon, {}), kept.timers.get(horizon, {}))
    for people, is_in in ((left, False), (entered, True)):
        yield from (Change(workspace_id, person_id, segment_id, is_in, cause_of(live, person_id)) for person_id in people)


def _set_timers(live: Live, horizon: str, found: Mapping[int, int], kept: Mapping[int, int]) -> None:
    own = (live.segment_id, horizon)
    gone = kept.keys() - found.keys()
    insert_rows(
        INSERT_TIMER,
        [(bucket_of(p), p, *own, value, live.workspace_id) for p, value in found.items() if kept.get(p) != value],
        "ON CONFLICT (bucket, person_id, segment_id, horizon) DO UPDATE SET value = EXCLUDED.value",
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM segments_timer WHERE bucket = %s AND person_id = %s AND segment_id = %s AND horizon = %s",
            [(bucket_of(p), p, *own) for p in sorted(gone)],
        )
