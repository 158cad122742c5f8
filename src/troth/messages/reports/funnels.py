"""Funnels: how far people came through events that somebody chose, counted from the events themselves. Statements over all buckets: reports.

A person counts once: they begin with their first event of the first step in the span, and each further step is the first such event after the one
before, within so many days of the beginning. Only of who may be looked at by behaviour, for the purposes that the events were collected for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db import connection

from troth.consent.catalog import PROFILING, load_catalog
from troth.kernel.clock import DAY
from troth.kernel.errors import TrothError
from troth.messages.reports.goals import ARRIVED
from troth.messages.reports.grouping import day_of, name_key
from troth.messages.reports.shapes import FEWEST, By, Span
from troth.segments.definition import find_reads
from troth.segments.events import check_event, matching
from troth.segments.kinds import Moment
from troth.segments.live import make_live
from troth.segments.looking import count_left_out
from troth.segments.membership import members_where
from troth.segments.models import Segment
from troth.segments.purpose_checking import find_uncovered_reads
from troth.segments.registry import check_meaning
from troth.segments.seen import check_types
from troth.segments.sql import Sql, all_of

FEWEST_STEPS, MOST_STEPS = 2, 6
LONGEST_FUNNEL = 90
"""Days."""
_STATES = ", ".join(f"'{state}'" for state in ARRIVED)


class FunnelInvalid(TrothError):
    """A funnel that cannot be counted; the message begins with the place."""


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An event, and what holds of its properties (`segments.conditions`)."""

    event: str
    where: dict[str, Any] | None = None

    @property
    def leaf(self) -> dict[str, Any]:
        """As a condition of a segment: did it."""
        return {"event": self.event, "op": "did", **({"where": self.where} if self.where is not None else {})}


class Funnel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is counted."""

    steps: tuple[Step, ...]
    days: int = 7
    """From the first step to the last."""
    segment: int | None = None
    """Whose members alone count, as they are now; None: everybody."""
    source: str = ""
    """A campaign or newsletter, such as `campaign:7`, whose recipients are told apart from who got nothing of it."""
    also_for: tuple[str, ...] = ()
    """Further purposes that looking serves: data collected for them may be used, and only who agreed to each of those is counted."""


@dataclass(frozen=True)
class Course:
    """How many came to each step, of one group. None: fewer than five began, of whom nothing is told."""

    key: str
    """A day of beginning (ISO 8601), or what the person was sent: a template's number, empty where nothing came."""
    people: tuple[int, ...] | None


@dataclass(frozen=True)
class Counted:
    """A funnel with its figures; days and variants add up to the whole."""

    funnel: Funnel
    span: Span
    people: tuple[int, ...] | None
    still_open: int | None
    """Of them, who did not come to the end and has days left."""
    left_out: int
    """People of the workspace who may not be looked at so; what they did is not known here."""
    days: tuple[Course, ...]
    variants: tuple[Course, ...]


def read_funnel(workspace_id: int, given: Any) -> Funnel:
    """A funnel from plain values. Raises FunnelInvalid, DefinitionInvalid, ConditionInvalid, PurposeUnknown, PurposeNotCovered, naming the place."""
    try:
        funnel = msgspec.convert(given, Funnel)
    except msgspec.ValidationError as error:
        said, _, where = str(error).partition(" - at `$")
        raise FunnelInvalid(f"${where.rstrip('`')}: {said}.") from None
    if not FEWEST_STEPS <= len(funnel.steps) <= MOST_STEPS:
        raise FunnelInvalid(f"$.steps: choose from {FEWEST_STEPS} to {MOST_STEPS} events.")
    if not 1 <= funnel.days <= LONGEST_FUNNEL:
        raise FunnelInvalid(f"$.days: choose from 1 to {LONGEST_FUNNEL}.")
    for number, step in enumerate(funnel.steps):
        check_event(step.leaf, f"$.steps[{number}]")
        check_types(workspace_id, step.leaf, f"$.steps[{number}]")
    if funnel.segment is not None:
        check_meaning(workspace_id, {"segment": funnel.segment})
    catalog = load_catalog(workspace_id)
    for purpose in funnel.also_for:
        catalog.require(purpose)
    reads = [read for number, step in enumerate(funnel.steps) for read in find_reads(step.leaf, f"$.steps[{number}]")]
    reads += find_reads({"segment": funnel.segment}) if funnel.segment is not None else []
    for fault in find_uncovered_reads(workspace_id, reads, PROFILING, funnel.also_for, reader="funnel"):
        raise fault
    return funnel


def count_funnel(workspace_id: int, span: Span, funnel: Funnel, *, now: int) -> Counted:
    """Count a checked funnel for those who began in a span; `now` in milliseconds. One statement, and one for each reason of being left out."""
    live = make_live(_as_segment(workspace_id, funnel))
    moment = Moment(workspace_id, now)
    allowed = [Sql("p.workspace_id = %s", (workspace_id,)), live.permitted(moment)]
    if funnel.segment is not None:
        text, values = members_where(funnel.segment, now=now)
        allowed.append(Sql(text, tuple(values)))
    chain = _chain(funnel, span, all_of(allowed), moment)
    day, got = day_of("c.began", span), _received(funnel, workspace_id)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{chain.text} SELECT g.day, g.got, g.reached, SUM(CASE WHEN g.began > %s THEN 1 ELSE 0 END), COUNT(*) FROM"
            f" (SELECT {day.text} AS day, {got.text} AS got, c.reached, c.began FROM c{len(funnel.steps)} c) g GROUP BY 1, 2, 3",
            [*chain.values, now - funnel.days * DAY, *day.values, *got.values],
        )
        rows = [
            (int(began), str(got), int(reached), int(is_open), int(people)) for began, got, reached, is_open, people in cursor.fetchall()
        ]
    last = len(funnel.steps)
    people = _come(((reached, number) for _, _, reached, _, number in rows), last)
    return Counted(
        funnel=funnel,
        span=span,
        people=people,
        still_open=None if people is None else sum(is_open for _, _, reached, is_open, _ in rows if reached < last),
        left_out=sum(one.people for one in count_left_out(live, now)),
        days=_courses(((name_key(By.DAY, began), reached, number) for began, _, reached, _, number in rows), last),
        variants=_courses(((got, reached, number) for _, got, reached, _, number in rows), last) if funnel.source else (),
    )


def _as_segment(workspace_id: int, funnel: Funnel) -> Segment:
    """What the gate is asked about: as if somebody chose people by these events."""
    leaves = [step.leaf for step in funnel.steps] + ([{"segment": funnel.segment}] if funnel.segment is not None else [])
    return Segment(
        workspace_id=workspace_id, name="funnel", purpose=PROFILING, also_for=list(funnel.also_for), definition={"all": leaves}, version=0
    )


def _chain(funnel: Funnel, span: Span, allowed: Sql, moment: Moment) -> Sql:
    """Named sets `c1`, `c2`, …: of each person who began, when they did, the last step they came to, and its event."""
    first, *further = (matching(step.leaf, "v", moment) for step in funnel.steps)
    found = _earliest(all_of([first, Sql("v.ts >= %s AND v.ts < %s", (span.since, span.until))]))
    event = "people_event e ON e.bucket = w.bucket AND e.person_id = w.person_id AND e.seq = w.seq"
    text = (
        f"WITH w1 AS MATERIALIZED (SELECT p.bucket, p.person_id, {found.text} AS seq FROM people_person p WHERE {allowed.text}),"
        f" c1 AS MATERIALIZED (SELECT w.bucket, w.person_id, e.ts AS began, 1 AS reached, e.ts, e.seq FROM w1 w JOIN {event})"
    )
    values = [*found.values, *allowed.values]
    after = "v.ts < p.began + %s AND v.ts >= p.ts AND (v.ts > p.ts OR v.seq > p.seq)"
    for number, step in enumerate(further, start=2):
        found = _earliest(all_of([step, Sql(after, (funnel.days * DAY,))]))
        text += (
            f", w{number} AS MATERIALIZED (SELECT p.bucket, p.person_id, p.began, p.reached, {found.text} AS seq FROM c{number - 1} p),"
            f" c{number} AS MATERIALIZED (SELECT w.bucket, w.person_id, w.began, CASE WHEN e.seq IS NULL THEN w.reached ELSE {number} END AS reached,"
            f" e.ts, e.seq FROM w{number} w LEFT JOIN {event})"
        )
        values += found.values
    return Sql(text, tuple(values))


def _earliest(condition: Sql) -> Sql:
    """The number of the first of a person's events that are meant; NULL where there is none, or nothing came before."""
    return Sql(f"(SELECT v.seq FROM people_event v WHERE {condition.text} ORDER BY v.ts, v.seq LIMIT 1)", condition.values)


def _received(funnel: Funnel, workspace_id: int) -> Sql:
    """The template of the last message of the source that came to a person of `c` in their days, or in as many before; else nothing."""
    if not funnel.source:
        return Sql("''")
    around = "m.settled_at >= c.began - %s AND m.settled_at < c.began + %s"
    last = (
        f"SELECT CAST(m.template_id AS TEXT) FROM messages_message m WHERE m.bucket = c.bucket AND m.person_id = c.person_id"
        f" AND m.workspace_id = %s AND m.source = %s AND m.state IN ({_STATES}) AND {around} ORDER BY m.settled_at DESC, m.message_id DESC LIMIT 1"
    )
    return Sql(f"COALESCE(({last}), '')", (workspace_id, funnel.source, funnel.days * DAY, funnel.days * DAY))


def _come(rows: Iterable[tuple[int, int]], steps: int) -> tuple[int, ...] | None:
    """People by the last step they came to, as how many came to each; None: too few to be told."""
    by_reached = list(rows)
    came = tuple(sum(people for reached, people in by_reached if reached >= step) for step in range(1, steps + 1))
    return came if came[0] == 0 or came[0] >= FEWEST else None


def _courses(rows: Iterable[tuple[str, int, int]], steps: int) -> tuple[Course, ...]:
    groups: dict[str, list[tuple[int, int]]] = {}
    for key, reached, number in rows:
        groups.setdefault(key, []).append((reached, number))
    return tuple(Course(key, _come(own, steps)) for key, own in sorted(groups.items()))
