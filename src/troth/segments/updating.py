"""Memberships and timers brought up to date: one statement asks for many segments at once, and only what differs from what is kept is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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

TimerKey = tuple[int, int, str]
"""Person, segment, and the key of a horizon."""
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


class Found(NamedTuple):
    """What was found out about some people, or what is kept of them."""

    members: set[tuple[int, int]]
    """Person and segment."""
    timers: dict[TimerKey, int]


def update_memberships(lives: Sequence[Live], scope: Scope, cause_of: CauseOf, now: int, *, fresh: bool = False) -> list[Change]:
    """Bring memberships and timers of segments of one workspace up to date for some people, inside the caller's transaction.

    `fresh`: there are no timers of them yet. Bounded by the people in the scope.
    """
    found, kept = Found(set(), {}), Found(set(), {})
    moment = Moment(lives[0].workspace_id, now)
    for permitted, questions in _group(lives, moment):
        _ask(permitted, questions, scope, moment, found)
    for table, rows in _read_kept(lives, scope, fresh=fresh):
        if table == "segments_membership":
            kept.members.update(rows)
        else:
            kept.timers.update(((person, segment, horizon), value) for person, segment, horizon, value in rows)
    _write(found, kept, moment)
    by_id = {live.segment_id: live for live in lives}
    changed = [(kept.members - found.members, False), (found.members - kept.members, True)]
    return [
        Change(moment.workspace_id, person_id, segment_id, entered, cause_of(by_id[segment_id], person_id))
        for pairs, entered in changed
        for person_id, segment_id in sorted(pairs, key=lambda pair: (pair[1], pair[0]))
    ]


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


def _ask(permitted: Sql, questions: Sequence[Question], scope: Scope, moment: Moment, found: Found) -> None:
    """Put the questions about everybody in the scope who may be chosen."""
    if permitted == NEVER:
        return
    people = scope.rows("people_person", "p")
    # The plus keeps SQLite from the index of workspaces: it would read everybody for each range.
    conditions = [Sql("+p.workspace_id = %s", (moment.workspace_id,)), permitted]
    if len(questions) == 1:
        conditions.append(questions[0].possible)
    columns = [column for question in questions for column in question.columns]
    where = all_of(conditions)
    text = f"SELECT p.person_id, {', '.join(column.text for column in columns)} {people.text} AND {where.text}"
    values = [*(value for column in columns for value in column.values), *people.values, *where.values]
    rows = _select(text, values)
    place = 1
    for question in questions:
        _note(question, rows, place, found)
        place += 1 + len(question.flips)


def _note(question: Question, rows: Sequence[tuple[Any, ...]], place: int, found: Found) -> None:
    """The answers to one question stand in the columns from `place` on. Of two values for one horizon the first to be reached counts."""
    segment_id = question.live.segment_id
    found.members.update((row[0], segment_id) for row in rows if row[place])
    for column, (flip, _) in enumerate(question.flips, start=place + 1):
        horizon, read, timers = flip.horizon.key, flip.read, found.timers
        for row in rows:
            value = row[column]
            if value is not None and (value := read(value)) is not None:
                key = (row[0], segment_id, horizon)
                if key not in timers or value < timers[key]:
                    timers[key] = value


def _read_kept(lives: Sequence[Live], scope: Scope, *, fresh: bool) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """The memberships and timers that are kept of these people, by table. Those of one segment: memberships by its index, timers person by person."""
    marks = ", ".join(["%s"] * len(lives))
    ids = tuple(live.segment_id for live in lives)
    members = scope.rows("segments_membership", "m")
    timers = scope.rows_by_person("segments_timer", "t")
    yield (
        "segments_membership",
        _select(f"SELECT m.person_id, m.segment_id {members.text} AND m.segment_id IN ({marks})", members.values + ids),
    )
    if not fresh:
        what = "t.person_id, t.segment_id, t.horizon, t.value"
        yield "segments_timer", _select(f"SELECT {what} {timers.text} AND t.segment_id IN ({marks})", timers.values + ids)


def _select(text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return list(cursor.fetchall())


def _write(found: Found, kept: Found, moment: Moment) -> None:
    """Write what differs, in the order of the keys."""
    entered, left = found.members - kept.members, kept.members - found.members
    own = (moment.workspace_id, moment.now)
    insert_rows(INSERT_MEMBERSHIP, sorted((bucket_of(p), p, segment, *own) for p, segment in entered), "ON CONFLICT DO NOTHING")
    set_anew = _differing(found.timers, kept.timers)
    rows = sorted((bucket_of(p), p, segment, horizon, value, moment.workspace_id) for (p, segment, horizon), value in set_anew)
    insert_rows(INSERT_TIMER, rows, "ON CONFLICT (bucket, person_id, segment_id, horizon) DO UPDATE SET value = EXCLUDED.value")
    gone = kept.timers.keys() - found.timers.keys()
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM segments_membership WHERE bucket = %s AND person_id = %s AND segment_id = %s",
            sorted((bucket_of(p), p, segment) for p, segment in left),
        )
        cursor.executemany(
            "DELETE FROM segments_timer WHERE bucket = %s AND person_id = %s AND segment_id = %s AND horizon = %s",
            sorted((bucket_of(p), p, segment, horizon) for p, segment, horizon in gone),
        )


def _differing(found: Mapping[TimerKey, int], kept: Mapping[TimerKey, int]) -> Iterable[tuple[TimerKey, int]]:
    return found.items() if not kept else ((key, value) for key, value in found.items() if kept.get(key) != value)
