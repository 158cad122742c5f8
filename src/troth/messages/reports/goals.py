"""What people are hoped to do after a message, and how far they did: of who agreed to be looked at by behaviour. Statements over all buckets: reports.

What a person did is put down to one message of the source, the last that had come by then, so that nothing is counted twice. It is *direct* where
the person had followed a link of that message before, as far as that may be known; else the message *assisted*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection

from troth.consent.catalog import PROFILING, load_catalog
from troth.consent.gate import Operation, permitted_where
from troth.kernel.clock import DAY
from troth.kernel.sql import is_sqlite
from troth.messages.models import State
from troth.messages.reports.counting import within
from troth.messages.reports.grouping import key_of, name_key
from troth.messages.reports.shapes import LONGEST_DAYS, MOST_GROUPS, By, Goal, Span
from troth.segments.values_in_sql import Place, text_at

ARRIVED = (State.SENT.value, State.DELIVERED.value, State.COMPLAINED.value)
"""States in which a message came to its person, as far as is known."""
MOST_CURRENCIES = 20
LONGEST_CURRENCY = 10
HELD_OUT = "holdout:drawn"
"""The reason of a message that was not sent so that it can be seen what sending does."""
_STATES = ", ".join(f"'{state}'" for state in ARRIVED)


@dataclass(frozen=True)
class Converted:
    """How many of the messages that arrived led to the goal. `key` as in a report's lines."""

    key: str
    arrived: int
    """Of persons who may be looked at by behaviour."""
    converted: int
    direct: int
    still_open: int
    """Messages whose days are not over: more may follow."""

    @property
    def assisted(self) -> int:
        """Whose person only had the message."""
        return self.converted - self.direct


@dataclass(frozen=True)
class Revenue:
    """The sum of the amounts in one currency; empty where none is told. What is no number is in no sum."""

    currency: str
    amount: float
    direct: float
    events: int


@dataclass(frozen=True)
class Conversions:
    """Towards one goal. `not_counted`: messages that arrived at persons who did not agree to be looked at by behaviour."""

    goal: Goal
    lines: tuple[Converted, ...]
    whole: Converted
    not_counted: int
    revenue: tuple[Revenue, ...]


class Counted(NamedTuple):
    """Of so many people, so many did it."""

    among: int
    happened: int


def count_conversions(workspace_id: int, span: Span, goal: Goal, *, source: str, by: By = By.ALL, now: int) -> Conversions:
    """Of the messages of a source that were made in a span; `now` in milliseconds."""
    whole = _count(workspace_id, span, goal, source, By.ALL, now)
    total = whole[0] if whole else Converted("", 0, 0, 0, 0)
    where, values = within(workspace_id, span, source)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM messages_message m WHERE {where} AND m.state IN ({_STATES})", values)
        arrived = int(cursor.fetchone()[0])
    return Conversions(
        goal,
        () if by is By.ALL else tuple(_count(workspace_id, span, goal, source, by, now)),
        total,
        arrived - total.arrived,
        tuple(_sum_revenue(workspace_id, span, goal, source, now)) if goal.revenue else (),
    )


def _count(workspace_id: int, span: Span, goal: Goal, source: str, by: By, now: int) -> list[Converted]:
    credited, values = _credited(workspace_id, span, goal, source, by, now)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{credited} SELECT r.k, COUNT(*), SUM(CASE WHEN g.message_id IS NULL THEN 0 ELSE 1 END), SUM(COALESCE(g.is_direct, 0)),"
            f" SUM(CASE WHEN r.at > %s THEN 1 ELSE 0 END) FROM reached r LEFT JOIN (SELECT d.message_id, MAX(d.is_direct) AS is_direct"
            " FROM credited d GROUP BY d.message_id) g ON g.message_id = r.message_id GROUP BY r.k ORDER BY 2 DESC, 1 LIMIT %s",
            [*values, now - goal.days * DAY, LONGEST_DAYS if by is By.DAY else MOST_GROUPS],
        )
        return [Converted(name_key(by, key), *(int(number) for number in numbers)) for key, *numbers in cursor.fetchall()]


def _sum_revenue(workspace_id: int, span: Span, goal: Goal, source: str, now: int) -> list[Revenue]:
    credited, values = _credited(workspace_id, span, goal, source, By.ALL, now)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{credited} SELECT UPPER(SUBSTR(COALESCE(d.currency, ''), 1, {LONGEST_CURRENCY})), SUM(d.amount),"
            " SUM(CASE WHEN d.is_direct = 1 THEN d.amount ELSE 0 END), COUNT(*) FROM credited d WHERE d.amount IS NOT NULL"
            " GROUP BY 1 ORDER BY 4 DESC, 1 LIMIT %s",
            [*values, MOST_CURRENCIES],
        )
        return [
            Revenue(currency, round(float(amount), 2), round(float(direct), 2), events)
            for currency, amount, direct, events in cursor.fetchall()
        ]


def _credited(workspace_id: int, span: Span, goal: Goal, source: str, by: By, now: int) -> tuple[str, list[Any]]:
    """Two named sets: `reached`, the messages of who may be looked at, and `credited`, what was done after them, each to one message."""
    key = key_of(by, span)
    where, inside = within(workspace_id, span, source)
    may, asked = permitted_profiling(workspace_id, now)
    amount, places = _amount(goal.revenue)
    currency = text_at(Place("v.properties", goal.currency)) if goal.currency else None
    followed = (
        "SELECT 1 FROM messages_engagement e WHERE e.bucket = r.bucket AND e.person_id = r.person_id AND e.message_id = r.message_id"
        " AND e.kind = 'click' AND e.link <> '' AND e.times > 0 AND e.first_at <= v.ts"
    )
    later = (
        "SELECT 1 FROM messages_message n WHERE n.bucket = r.bucket AND n.person_id = r.person_id AND n.workspace_id = %s AND n.source = %s"
        f" AND n.state IN ({_STATES}) AND n.settled_at <= v.ts AND (n.settled_at > r.at OR (n.settled_at = r.at AND n.message_id > r.message_id))"
    )
    text = (
        f"WITH reached AS (SELECT {key.text} AS k, m.bucket, m.person_id, m.message_id, m.settled_at AS at FROM messages_message m"
        f" JOIN people_person p ON p.bucket = m.bucket AND p.person_id = m.person_id {key.join}"
        f" WHERE {where} AND m.state IN ({_STATES}) AND {may}), credited AS (SELECT r.message_id,"
        f" {amount} AS amount, {currency.text if currency else 'NULL'} AS currency, CASE WHEN EXISTS ({followed}) THEN 1 ELSE 0 END AS is_direct"
        " FROM reached r JOIN people_event v ON v.workspace_id = %s AND v.name = %s AND v.bucket = r.bucket AND v.person_id = r.person_id"
        f" AND v.ts >= r.at AND v.ts < r.at + %s WHERE NOT EXISTS ({later}))"
    )
    values = [*key.values, *inside, *asked, *places, *(currency.values if currency else ()), workspace_id, goal.event, goal.days * DAY]
    return text, [*values, workspace_id, source]


def permitted_profiling(workspace_id: int, now: int) -> tuple[str, list[Any]]:
    """Whether a person `p` agreed to be looked at by behaviour."""
    return permitted_where(load_catalog(workspace_id).rule(PROFILING), Operation.PROFILE, at=now)


def _amount(name: str) -> tuple[str, tuple[Any, ...]]:
    """The number at a property of an event `v`; NULL where there is something else."""
    if not name:
        return "NULL", ()
    place = Place("v.properties", name)
    if is_sqlite():
        path = place.path
        kind = f"json_type(v.properties, {path.text}) IN ('integer', 'real')"
        return f"CASE WHEN {kind} THEN json_extract(v.properties, {path.text}) END", (*path.values, *path.values)
    value = place.json
    number = f"CAST({value.text} #>> '{{}}' AS DOUBLE PRECISION)"
    return f"CASE WHEN jsonb_typeof({value.text}) = 'number' THEN {number} END", (*value.values, *value.values)


def count_with_holdout(workspace_id: int, span: Span, goal: Goal, *, source: str, now: int) -> tuple[Counted, Counted] | None:
    """People who were drawn to get it, and people drawn to get nothing, each with how many reached the goal; None: nobody was held out.

    All who were drawn count, whatever became of their message: leaving out those whom it did not reach would make the two unlike. The days begin for
    both when their message was due. Of who may be looked at by behaviour; a person counts once, however many messages were made for them.
    """
    where, values = within(workspace_id, span, source)
    may, asked = permitted_profiling(workspace_id, now)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT one.held, COUNT(*), SUM(one.did) FROM (SELECT CASE WHEN m.reason = %s THEN 1 ELSE 0 END AS held, MAX(CASE WHEN EXISTS"
            " (SELECT 1 FROM people_event v WHERE v.workspace_id = m.workspace_id AND v.name = %s AND v.bucket = m.bucket"
            " AND v.person_id = m.person_id AND v.ts >= m.due_at AND v.ts < m.due_at + %s) THEN 1 ELSE 0 END) AS did"
            " FROM messages_message m JOIN people_person p ON p.bucket = m.bucket AND p.person_id = m.person_id"
            f" WHERE {where} AND m.due_at <= %s AND {may}"
            # What was skipped as it was chosen was not drawn for anything; what was skipped later, was.
            " AND (m.reason = %s OR NOT (m.state = 'skipped' AND m.settled_at = m.created_at))"
            " GROUP BY m.bucket, m.person_id, CASE WHEN m.reason = %s THEN 1 ELSE 0 END) AS one GROUP BY one.held",
            [HELD_OUT, goal.event, goal.days * DAY, *values, now, *asked, HELD_OUT, HELD_OUT],
        )
        found = {int(held): Counted(int(among), int(happened)) for held, among, happened in cursor.fetchall()}
    return (found.get(0, Counted(0, 0)), found[1]) if 1 in found else None
