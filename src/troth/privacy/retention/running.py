"""Carrying schedules out: a range of buckets a step, each step one transaction; a run ends with a signed proof in numbers."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Collection
from typing import Any

from django.db import connection, transaction

from troth.kernel.clock import DAY, iso
from troth.kernel.ids import BUCKETS
from troth.kernel.json_text import encode
from troth.kernel.personal_data import Subject
from troth.people.lookup import PersonNotFound
from troth.people.queries import Profile, load_whole_profiles
from troth.privacy.certificate import certify
from troth.privacy.contested import check_schedule, contested_schedules
from troth.privacy.erasure.erasing import Erasure, erase_many
from troth.privacy.inventory.counting import ATTRIBUTE, EVENT
from troth.privacy.inventory.storing import forget_events
from troth.privacy.models import RetentionRule, RetentionRun
from troth.privacy.retention.finding import DueAttribute, DueEvent, due_attributes, due_events, due_people
from troth.privacy.retention.holds import Holds
from troth.privacy.retention.rules import PERSON, Datum, RetentionUnknown, cutoff_for, data_of, plain_rule
from troth.privacy.retention.stores import STORE, count_due, take_due
from troth.segments.changes import Changed, mark

EVERY = DAY
STEP_SECONDS = 0.1
ERASED_AT_ONCE = 100
HELD = "held"
_step = {"buckets": 64}


def preview(rule: RetentionRule, now: int) -> dict[str, int]:
    """What would go now: the number of attributes, events, properties, persons or records of a store, and of those that a hold keeps. Changes nothing; reads everybody."""
    counts: Counter[str] = Counter()
    cutoff, data, holds = cutoff_for(rule, now), data_of(rule), Holds(rule.workspace_id, now)
    for first in range(0, BUCKETS, 256):
        counts.update(_look(rule, data, cutoff, holds, first, first + 256)[0])
    return dict(counts)


def run_next(now: int) -> bool:
    """Worker duty: begin what is due, and do one step of a run; True while there is more to do."""
    contested = contested_schedules()
    run = RetentionRun.objects.filter(ended_at=None).exclude(rule_id__in=contested).order_by("started_at").first() or _begin_due(
        now, contested
    )
    if run is None:
        return False
    begun = time.monotonic()
    rule = RetentionRule.objects.filter(pk=run.rule_id, is_active=True).first()
    if rule is None:
        _finish(run, now, "the schedule was deleted or stopped")
        return True
    until = min(BUCKETS, run.bucket + _step["buckets"])
    is_done = _do_step(rule, run, until, now)
    if is_done and until >= BUCKETS:
        _finish(run, now, "")
    _adapt(time.monotonic() - begun)
    return True


def _adapt(seconds: float) -> None:
    """Make the next step as large as it may be without holding others up."""
    is_quick = seconds < STEP_SECONDS
    _step["buckets"] = min(BUCKETS, _step["buckets"] * 4) if is_quick else max(1, _step["buckets"] // 2)


def run_now(rule: RetentionRule, now: int) -> RetentionRun:
    """Carry a schedule out at once, to its end. Raises Contested."""
    check_schedule(rule.pk)
    run = RetentionRun.objects.filter(rule_id=rule.pk, ended_at=None).first() or _begin(rule, now)
    while RetentionRun.objects.filter(pk=run.pk, ended_at=None).exists():
        run_next(now)
    run.refresh_from_db()
    return run


def _begin_due(now: int, contested: Collection[int]) -> RetentionRun | None:
    rule = RetentionRule.objects.filter(is_active=True, due_at__lte=now).exclude(pk__in=contested).order_by("due_at").first()
    return _begin(rule, now) if rule else None


def _begin(rule: RetentionRule, now: int) -> RetentionRun:
    """A run is over what the schedule covered when it began."""
    with transaction.atomic():
        rule.due_at = now + EVERY
        rule.save(update_fields=["due_at"])
        return RetentionRun.objects.create(
            id=uuid.uuid4(),
            workspace_id=rule.workspace_id,
            rule_id=rule.pk,
            rule=plain_rule(rule),
            data=[list(datum) for datum in data_of(rule)],
            cutoff=cutoff_for(rule, now),
            started_at=now,
        )


def _do_step(rule: RetentionRule, run: RetentionRun, until: int, now: int) -> bool:
    """Delete what is due in the next buckets; False when there is more in them."""
    data = [Datum(*datum) for datum in run.data]
    if rule.target == PERSON:
        return _erase_step(rule, run, until, now)
    holds = Holds(rule.workspace_id, now)
    with transaction.atomic():
        counts, attributes, events = _look(rule, data, run.cutoff, holds, run.bucket, until)
        if rule.target == STORE and not holds.covers_everybody:
            take_due(rule.name, rule.workspace_id, run.cutoff, holds.whole_people, run.bucket, until)
        _delete_attributes(rule.workspace_id, attributes)
        _delete_events(rule.workspace_id, events)
        run.counts = dict(Counter(run.counts) + counts)
        run.bucket = until
        run.save(update_fields=["counts", "bucket"])
    return True


def _look(
    rule: RetentionRule, data: list[Datum], cutoff: int, holds: Holds, first: int, until: int
) -> tuple[Counter[str], list[DueAttribute], list[DueEvent]]:
    """What of a range of buckets goes, what a hold keeps is only counted."""
    counts: Counter[str] = Counter()
    if rule.target == PERSON:
        for person_id in due_people(rule, cutoff, first, until):
            counts[HELD if holds.covers_person(person_id) else PERSON] += 1
        return counts, [], []
    if rule.target == STORE:
        free, kept = count_due(rule.name, rule.workspace_id, cutoff, holds.whole_people, first, until)
        all_kept = holds.covers_everybody
        return +Counter({rule.name: 0 if all_kept else free, HELD: free + kept if all_kept else kept}), [], []
    attributes, events = [], []
    for due in due_attributes(rule, data, cutoff, first, until):
        if holds.covers(due.person_id, due.datum):
            counts[HELD] += 1
        else:
            counts[ATTRIBUTE] += 1
            attributes.append(due)
    for event in due_events(rule, data, cutoff, first, until):
        going = tuple(datum for datum in event.data if not holds.covers(event.person_id, datum))
        counts[HELD] += len(event.data) - len(going)
        if going:
            whole = any(datum.kind == EVENT for datum in going)
            counts.update([EVENT] if whole else [datum.kind for datum in going])
            events.append(event._replace(data=going))
    return +counts, attributes, events


def _delete_attributes(workspace_id: int, due: list[DueAttribute]) -> None:
    """Take them from the profiles. When a profile last changed stays what it was: this is no act of the person."""
    profiles = load_whole_profiles({one.person_id for one in due})
    for one in due:
        profiles[one.person_id].attributes.pop(one.datum.name, None)
        profiles[one.person_id].origins.pop(one.datum.name, None)
    _write_profiles(profiles)
    mark(Changed(workspace_id, one.person_id, f"attribute:{one.datum.name}") for one in due)


def _write_profiles(profiles: dict[int, Profile]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE people_person SET attributes = %s, origins = %s WHERE bucket = %s AND person_id = %s",
            [(encode(own.attributes), encode(own.origins), person_id % BUCKETS, person_id) for person_id, own in profiles.items()],
        )


def _delete_events(workspace_id: int, due: list[DueEvent]) -> None:
    gone: list[DueEvent] = []
    kept: list[DueEvent] = []
    for one in due:
        (gone if any(datum.kind == EVENT for datum in one.data) else kept).append(one)
    forget_events((workspace_id, one.name, one.received_at, one.source, encode(one.properties)) for one in gone)
    forget_events(
        ((workspace_id, one.name, one.received_at, one.source, encode({d.name: one.properties[d.name] for d in one.data})) for one in kept),
        only_properties=True,
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM people_event WHERE bucket = %s AND person_id = %s AND seq = %s",
            [(one.bucket, one.person_id, one.seq) for one in gone],
        )
        cursor.executemany(
            "UPDATE people_event SET properties = %s WHERE bucket = %s AND person_id = %s AND seq = %s",
            [(encode(_without(one)), one.bucket, one.person_id, one.seq) for one in kept],
        )
    mark(Changed(workspace_id, one.person_id, f"event:{one.name}") for one in due)


def _without(one: DueEvent) -> dict[str, Any]:
    names = {datum.name for datum in one.data}
    return {name: value for name, value in one.properties.items() if name not in names}


def _erase_step(rule: RetentionRule, run: RetentionRun, until: int, now: int) -> bool:
    """Erase persons as a request of theirs would, each with its own entry in the erasure ledger."""
    holds = Holds(rule.workspace_id, now)
    due = due_people(rule, run.cutoff, run.bucket, until)
    going = [person_id for person_id in due if not holds.covers_person(person_id)]
    erasures = [Erasure(subjects=[Subject(rule.workspace_id, person_id)], source="retention") for person_id in going[:ERASED_AT_ONCE]]
    erased = 0
    for outcome in erase_many(erasures, now=now):
        if isinstance(outcome, PersonNotFound):
            continue  # erased by somebody else meanwhile
        if isinstance(outcome, Exception):
            raise outcome
        erased += 1
    is_done = len(going) <= ERASED_AT_ONCE
    counts = Counter({PERSON: erased, HELD: len(due) - len(going) if is_done else 0})
    run.counts = dict(Counter(run.counts) + counts)
    run.bucket = until if is_done else run.bucket
    run.save(update_fields=["counts", "bucket"])
    return is_done


def _finish(run: RetentionRun, now: int, stopped: str) -> None:
    """End a run with its proof: what the schedule said and how much went, signed as certificates of erasure are. No person is in it."""
    run.ended_at = now
    run.certificate = certify(
        {
            "type": "retention",
            "version": 1,
            "issuer": "troth",
            "run_id": str(run.pk),
            "workspace_id": run.workspace_id,
            "schedule": run.rule,
            "covered": [" ".join(part for part in datum if part) for datum in run.data],
            "cutoff": iso(run.cutoff),
            "started_at": iso(run.started_at),
            "ended_at": iso(now),
            "deleted": {name: number for name, number in run.counts.items() if name != HELD},
            "held": run.counts.get(HELD, 0),
            **({"stopped": stopped} if stopped else {}),
        }
    )
    run.save(update_fields=["ended_at", "certificate"])


def list_runs(workspace_id: int, most: int = 50) -> list[RetentionRun]:
    """The runs of a workspace, the latest first."""
    return list(RetentionRun.objects.filter(workspace_id=workspace_id).order_by("-started_at")[:most])


def find_run(workspace_id: int, run_id: str) -> RetentionRun:
    """One of them. Raises RetentionUnknown."""
    try:
        return RetentionRun.objects.get(workspace_id=workspace_id, pk=uuid.UUID(run_id))
    except (ValueError, RetentionRun.DoesNotExist):
        raise RetentionUnknown("There is no such run in this workspace.") from None
