"""What is told of a segment: how many it would have, who is left out and why, how fresh it is, how it grew, and why somebody is in or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection

from troth.consent.catalog import PurposeRule, load_catalog
from troth.consent.decisions import load_facts
from troth.consent.gate import CONSENT, Operation, Verdict, decide, permitted_where
from troth.consent.lacking import lack_in_sql
from troth.consent.models import EVERYTHING, Standing
from troth.kernel.clock import HOUR, SECOND
from troth.kernel.personal_data import Subject
from troth.kernel.speech import ENGLISH, Speech
from troth.people.models import PersonState
from troth.segments.evaluate import Explained, explain
from troth.segments.evaluate import load_facts as load_segment_facts
from troth.segments.kinds import REACH, Moment
from troth.segments.live import Live, make_live
from troth.segments.membership import segments_of
from troth.segments.models import Hour, Progress, Segment
from troth.segments.sql import Sql

LATE = 5 * SECOND
"""A segment that is farther behind is said to be."""


class LeftOut(NamedTuple):
    """People who may not be chosen, at the first reason that holds for them."""

    purpose: str
    """Empty: whatever the purpose."""
    reason: str
    """As the gate says it, or a state of `Lack`."""
    people: int


@dataclass(frozen=True)
class Preview:
    """What a definition would choose now."""

    count: int
    people: int
    """All people of the workspace."""
    left_out: list[LeftOut]
    sample: list[int]


def preview(segment: Segment, now: int, *, sample: int = 0) -> Preview:
    """What a checked segment, saved or not, would choose at an instant (milliseconds). Goes over all buckets of the workspace, as a report."""
    live = make_live(segment)
    found = live.compile(Moment(segment.workspace_id, now))
    where = f"FROM people_person p WHERE p.workspace_id = %s AND {found.text}"
    values = [segment.workspace_id, *found.values]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) {where}", values)
        count = int(cursor.fetchone()[0])
        ids: list[int] = []
        if sample and count:
            cursor.execute(f"SELECT p.person_id {where} LIMIT %s", [*values, sample])
            ids = [row[0] for row in cursor.fetchall()]
    left_out = count_left_out(live, now)
    return Preview(count, _count_people(segment.workspace_id), left_out, ids)


def _count_people(workspace_id: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COUNT(*) FROM people_person p WHERE p.workspace_id = %s AND p.state = {int(PersonState.ACTIVE)}", [workspace_id]
        )
        return int(cursor.fetchone()[0])


def count_left_out(live: Live, now: int) -> list[LeftOut]:
    """How many people may not be chosen, by reason. Goes over all buckets of the workspace, as a report; what they did is not looked at."""
    catalog = load_catalog(live.workspace_id)
    restricted = "EXISTS (SELECT 1 FROM consent_stance r WHERE r.bucket = p.bucket AND r.person_id = p.person_id AND r.purpose = %s AND r.standing = %s)"
    here = Sql(f"p.workspace_id = %s AND p.state = {int(PersonState.ACTIVE)}", (live.workspace_id,))
    is_restricted = Sql(restricted, (EVERYTHING, int(Standing.REFUSED)))
    found = _group(Sql("'restricted'"), "", [here, is_restricted])
    passed = [here, Sql(f"NOT {is_restricted.text}", is_restricted.values)]
    for purpose in live.gates(catalog):
        rule = catalog.rule(purpose)
        text, values = permitted_where(rule, Operation.PROFILE, at=now)
        found += _group(_reason(rule, now), purpose, [*passed, Sql(f"NOT ({text})", tuple(values))])
        passed.append(Sql(text, tuple(values)))
    return found


def _group(reason: Sql, purpose: str, conditions: Sequence[Sql]) -> list[LeftOut]:
    where = " AND ".join(one.text for one in conditions)
    values = [value for one in conditions for value in one.values]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT w.reason, COUNT(*) FROM (SELECT {reason.text} AS reason FROM people_person p WHERE {where}) w GROUP BY w.reason ORDER BY w.reason",
            [*reason.values, *values],
        )
        return [LeftOut(purpose, told, count) for told, count in cursor.fetchall()]


def _reason(rule: PurposeRule | None, now: int) -> Sql:
    if rule is None or rule.archived or rule.imbalance:
        return Sql("'unknown_purpose'" if rule is None else "'purpose_archived'" if rule.archived else "'imbalance'")
    if rule.basis != CONSENT:
        return Sql("'no_soft_opt_in'" if rule.soft_opt_in else "'objected'")
    state, values = lack_in_sql(rule, now)
    own = "FROM consent_stance s WHERE s.bucket = p.bucket AND s.person_id = p.person_id AND s.purpose = %s"
    return Sql(f"COALESCE((SELECT {state} {own}), 'missing')", (*values, rule.key))


class Freshness(NamedTuple):
    """Through when a segment is computed."""

    through: int | None
    """Milliseconds; everything up to then is in it. None: nobody has been looked at yet."""
    behind: int
    """Milliseconds between that and now."""
    computing: int | None
    """How much of a computation of everybody is done, in per cent; None: none is under way or due."""

    @property
    def is_late(self) -> bool:
        """Whether a send should rather wait."""
        return self.through is None or self.computing is not None or self.behind > LATE


def read_freshness(segment: Segment, now: int) -> Freshness:
    """How fresh a segment is: what changed and was not looked at yet is counted from the oldest mark of all."""
    progress = Progress.objects.get(segment_id=segment.pk)
    is_due = progress.due_at is not None and (progress.computed_version != segment.version or progress.computed_at is None)
    computing = progress.bucket * 100 // 4096 if is_due or progress.started_at else None
    oldest = oldest_mark()
    through = min(now, oldest) if oldest is not None else now
    if progress.computed_at is None:
        return Freshness(None, now - segment.created_at, computing or 0)
    if is_due:
        through = min(through, segment.updated_at)
    if make_live(segment).may_change_by_time(load_catalog(segment.workspace_id)):
        # No timer is set for what comes later: had nobody been looked at since, it would not be known.
        through = min(through, progress.computed_at + REACH)
    return Freshness(through, max(0, now - through), computing)


def oldest_mark() -> int | None:
    """When the oldest change happened that was not looked at yet, in milliseconds. The first row of the marks, over all buckets."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT mark_id FROM segments_mark ORDER BY mark_id LIMIT 1")
        row = cursor.fetchone()
    # A mark's number begins with the microsecond in which it was made (kernel.ids).
    return (row[0] >> 11) // 1000 if row else None


class Size(NamedTuple):
    """A segment at the end of an hour."""

    hour: int
    """Hours since 1970."""
    size: int
    entered: int
    left: int


def read_history(segment: Segment, now: int, hours: int) -> list[Size]:
    """The segment at the end of each of the last hours, the oldest first; hours before it was computed are left out."""
    first = now // HOUR - hours + 1
    rows = {row.hour: row for row in Hour.objects.filter(segment_id=segment.pk, hour__gte=first)}
    earlier = Hour.objects.filter(segment_id=segment.pk, hour__lt=first).order_by("-hour").first()
    size = earlier.size if earlier else None
    found = []
    for hour in range(first, now // HOUR + 1):
        row = rows.get(hour)
        size = row.size if row else size
        if size is not None:
            found.append(Size(hour, size, row.entered if row else 0, row.left if row else 0))
    return found


class Why(NamedTuple):
    """Why a person is in a segment, or not."""

    is_in: bool
    """By the conditions and the gate, now."""
    since: int | None
    """As the membership is kept; None: it is not."""
    verdicts: list[Verdict]
    """Of the gate, for each purpose under which they would be chosen."""
    tree: Explained

    @property
    def may_be_chosen(self) -> bool:
        """Whether the gate lets them be chosen."""
        return bool(self.verdicts) and all(verdict.allow for verdict in self.verdicts)


def explain_membership(segment: Segment, subject: Subject, now: int, say: Speech = ENGLISH) -> Why:
    """Why a person is in, or not: the gate's verdicts and the answer of every condition. The person is one of the segment's workspace."""
    live = make_live(segment)
    catalog = load_catalog(segment.workspace_id)
    verdicts = [_judge(subject, purpose, now) for purpose in live.gates(catalog)]
    tree = explain(segment.definition, load_segment_facts(subject, segment.definition), now, say)
    since = dict(segments_of(segment.workspace_id, subject.person_id)).get(segment.pk or 0)
    return Why(tree.holds and bool(verdicts) and all(verdict.allow for verdict in verdicts), since, verdicts, tree)


def _judge(subject: Subject, purpose: str, now: int) -> Verdict:
    facts = load_facts(subject.workspace_id, [subject.person_id], purpose)[subject.person_id]
    return decide(facts, purpose=purpose, operation=Operation.PROFILE, at=now)
