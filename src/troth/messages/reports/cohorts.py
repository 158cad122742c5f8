"""Cohorts: people by the week of their first message, and how many did something in each week after it. Statements over all buckets: reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection

from troth.kernel.clock import DAY
from troth.messages.reports.counting import within
from troth.messages.reports.goals import ARRIVED, permitted_profiling
from troth.messages.reports.grouping import day_of
from troth.messages.reports.shapes import FEWEST, Span

WEEK = 7 * DAY
WEEKS = 8
MONDAY = 3
"""1970-01-01 was a Thursday."""
_STATES = ", ".join(f"'{state}'" for state in ARRIVED)


@dataclass(frozen=True)
class Cohort:
    """People whose first message of the source, in the span, came in one week (from Monday, in the zone of the report)."""

    week: date
    people: int | None
    """None: fewer than five, of whom nothing is told."""
    did: tuple[int | None, ...]
    """How many did it in the first, second, … seven days after their message; None: for nobody of them have these begun."""


def count_cohorts(workspace_id: int, span: Span, event: str, *, source: str, now: int) -> list[Cohort]:
    """Of who agreed to be looked at by behaviour; `now` in milliseconds."""
    where, inside = within(workspace_id, span, source)
    may, asked = permitted_profiling(workspace_id, now)
    day = day_of("f.at", span)
    first = (
        "WITH first AS (SELECT m.bucket, m.person_id, MIN(m.settled_at) AS at FROM messages_message m JOIN people_person p"
        f" ON p.bucket = m.bucket AND p.person_id = m.person_id WHERE {where} AND m.state IN ({_STATES}) AND {may}"
        " GROUP BY m.bucket, m.person_id)"
    )
    week = f"({day.text} + {MONDAY}) / 7"
    with connection.cursor() as cursor:
        cursor.execute(f"{first} SELECT {week}, COUNT(*), MIN(f.at) FROM first f GROUP BY 1 ORDER BY 1", [*inside, *asked, *day.values])
        sizes = [(int(number), int(people), int(earliest)) for number, people, earliest in cursor.fetchall()]
        cursor.execute(
            f"{first} SELECT one.week, one.after, COUNT(*) FROM (SELECT DISTINCT {week} AS week, (v.ts - f.at) / {WEEK} AS after, f.bucket,"
            " f.person_id FROM first f JOIN people_event v ON v.workspace_id = %s AND v.name = %s AND v.bucket = f.bucket"
            f" AND v.person_id = f.person_id AND v.ts >= f.at AND v.ts < f.at + {WEEKS * WEEK}) AS one GROUP BY one.week, one.after",
            [*inside, *asked, *day.values, workspace_id, event],
        )
        did = {(int(number), int(after)): int(people) for number, after, people in cursor.fetchall()}
    return [_cohort(number, people, earliest, did, now) for number, people, earliest in sizes]


def _cohort(number: int, people: int, earliest: int, did: dict[tuple[int, int], int], now: int) -> Cohort:
    monday = date(1970, 1, 1) + timedelta(days=number * 7 - MONDAY)
    if people < FEWEST:
        return Cohort(monday, None, (None,) * WEEKS)
    return Cohort(monday, people, tuple(did.get((number, after), 0) if earliest + after * WEEK <= now else None for after in range(WEEKS)))
