"""Who is in segments, and when time alone may change that: asked of some people or of a range of them, for many segments in one statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.db import connection

from troth.kernel.sql import is_sqlite
from troth.segments.compiler import compile_flips, compile_supposed
from troth.segments.definition import compile_tree
from troth.segments.kinds import Flip, Leaf, Moment, kind_of
from troth.segments.live import Live
from troth.segments.scopes import Scope
from troth.segments.sql import ALWAYS, NEVER, Sql, all_of, opposite

MOST_COLUMNS = 200
MOST_VALUES = 4_000
"""What one statement may hold; both databases bear more."""
_PERSON = ("bucket", "attributes", "tags")
"""What conditions look at of a person, beside the id."""


class State(NamedTuple):
    """What holds for some people and one segment, or what is kept of it."""

    members: dict[int, None]
    """In the order of their keys, where they were found in it."""
    timers: dict[str, dict[int, int]]
    """By the key of a horizon: by person what it has to reach."""


class Question(NamedTuple):
    """What is asked about each person for one segment: whether they are in it, and what the horizons have to reach to change that."""

    live: Live
    possible: Sql
    """Who might be in it at some time. Nobody else is, or gets a timer."""
    witnesses: dict[Sql, str]
    """What is looked up once, since it tells both: each with the name of its column."""
    inside: Sql
    flips: tuple[tuple[Flip, Sql], ...]
    """Each with the expression of its value."""

    @property
    def columns(self) -> list[Sql]:
        """The expressions that are selected, in order."""
        return [Sql(f"CASE WHEN {self.inside.text} THEN 1 ELSE 0 END", self.inside.values), *(value for _, value in self.flips)]


def ask(lives: Sequence[Live], scope: Scope, moment: Moment) -> Iterator[tuple[Live, State]]:
    """What holds of people for segments of one workspace: of everybody in the scope who may be chosen."""
    by_rule: dict[Sql, list[Question]] = {}
    for live in lives:
        by_rule.setdefault(live.permitted(moment), []).append(_make_question(live, moment))
    for permitted, questions in by_rule.items():
        for together in _portions(questions):
            rows = _look(permitted, together, scope, moment)
            place = 1
            for question in together:
                yield question.live, _read_answers(question, rows, place, moment.until)
                place += 1 + len(question.flips)


def _portions(questions: Sequence[Question]) -> Iterator[list[Question]]:
    """As many questions together as a statement may hold."""
    together: list[Question] = []
    columns = values = 0
    for question in questions:
        own = [*question.columns, *question.witnesses]
        size = sum(len(column.values) for column in own)
        if together and (columns + len(own) > MOST_COLUMNS or values + size > MOST_VALUES):
            yield together
            together, columns, values = [], 0, 0
        together.append(question)
        columns, values = columns + len(own), values + size
    yield together


def _make_question(live: Live, moment: Moment) -> Question:
    witnesses: dict[Sql, str] = {}

    def holds(leaf: Leaf, _: bool) -> Sql:
        kind = kind_of(leaf)
        found = kind.witness(leaf, moment)
        if found is None:
            return kind.compile(leaf, moment)
        name = witnesses.setdefault(found.flip.value, f"w{live.segment_id}_{len(witnesses)}")
        return Sql(f"p.{name} IS NOT NULL" if found.holds else f"p.{name} IS NULL")

    inside = compile_tree(live.definition, holds)
    flips: list[tuple[Flip, Sql]] = []
    possible = inside
    if live.is_timed:
        possible = compile_supposed(live.definition, moment, best=True)
        undecided = all_of([possible, opposite(compile_supposed(live.definition, moment, best=False))])
        for flip in compile_flips(live.definition, moment) if undecided != NEVER else ():
            name = witnesses.get(flip.value)
            flips.append((flip, _where(undecided, Sql(f"p.{name}") if name else flip.value)))
    flips += [(flip, _where(possible, flip.value)) for flip in live.gate_flips(moment)]
    return Question(live, possible, witnesses, inside, tuple(flips))


def _where(condition: Sql, value: Sql) -> Sql:
    if condition == ALWAYS:
        return value
    return Sql(f"CASE WHEN {condition.text} THEN {value.text} END", (*condition.values, *value.values))


def _look(permitted: Sql, questions: Sequence[Question], scope: Scope, moment: Moment) -> list[tuple[Any, ...]]:
    """A row for each person who may be chosen: their id, and the columns of the questions."""
    people = scope.rows("people_person", "p")
    # The plus keeps SQLite from the index of workspaces: it would read everybody for each range.
    conditions = [Sql("+p.workspace_id = %s", (moment.workspace_id,)), permitted]
    is_alone = len(questions) == 1
    if is_alone:
        conditions.append(questions[0].possible)
    where = all_of(conditions)
    if where == NEVER:
        return []
    columns = [column for question in questions for column in question.columns]
    if is_alone and questions[0].possible == questions[0].inside:
        # Whoever is chosen is in it.
        columns[0] = Sql("1")
    chosen = Sql(f"{people.text} AND {where.text}", (*people.values, *where.values))
    looked_up = [
        (name, value if is_alone else _where(question.possible, value))
        for question in questions
        for value, name in question.witnesses.items()
    ]
    if looked_up:
        read = " ".join(column.text for column in columns)
        own = ["p.person_id", *(f"p.{name}" for name in _PERSON if f"p.{name}" in read)]
        inner = ", ".join([*own, *(f"{value.text} AS {name}" for name, value in looked_up)])
        chosen = Sql(f"FROM (SELECT {inner} {chosen.text} {_once()}) p", (*_values([value for _, value in looked_up]), *chosen.values))
    asked = ", ".join(f"{column.text} AS c{number}" for number, column in enumerate(columns))
    told = Sql(f"SELECT p.person_id, {asked} {chosen.text} {_once()}", (*_values(columns), *chosen.values))
    if not is_alone or columns == [Sql("1")]:
        return select(told.text, told.values)
    # Of most people there is nothing to tell.
    limits = [flip.horizon.cutoff(moment.until) if flip.turns is None else None for flip, _ in questions[0].flips]
    anything = " OR ".join(
        [
            "q.c0 = 1",
            *(
                f"q.c{number} <= {limit}" if limit is not None else f"q.c{number} IS NOT NULL"
                for number, limit in enumerate(limits, start=1)
            ),
        ]
    )
    return select(f"SELECT * FROM ({told.text}) q WHERE {anything}", told.values)


def _once() -> str:
    """An end that keeps both databases from writing the columns of a part into every place that uses them, and computing them there again."""
    return "LIMIT -1 OFFSET 0" if is_sqlite() else "OFFSET 0"


def _values(parts: Sequence[Sql]) -> tuple[Any, ...]:
    return tuple(value for part in parts for value in part.values)


def select(text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return list(cursor.fetchall())


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
