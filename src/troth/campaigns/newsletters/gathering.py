"""The worker's part of a newsletter: person by person in batches, who gets which mail and when, and who does not and why.

Each person looked at becomes one message, queued or skipped with its reason, so that the audience is always the sum of its messages. A batch and the
mark how far it went are one transaction: a worker that dies goes on where it was, and the same person is never queued twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db import connection, transaction

from troth.campaigns.models import Audience, NewsletterRun, RunState
from troth.campaigns.newsletters.drawing import HELD_OUT, WAITS, assign
from troth.campaigns.newsletters.plan import RunPlan, Test, read_plan
from troth.campaigns.newsletters.running import source_of
from troth.campaigns.newsletters.schedule import Schedule, due_for, read_schedule
from troth.consent.catalog import PROFILING, Catalog, load_catalog
from troth.consent.decisions import FactsKey, load_all_facts
from troth.consent.gate import Facts, Operation, Verdict, decide
from troth.content.models import Template
from troth.kernel.clock import HOUR
from troth.kernel.ids import BUCKETS
from troth.kernel.personal_data import Subject
from troth.messages.decisions import HOLDOUT, Decision
from troth.messages.enqueue import NewMessage, enqueue
from troth.messages.models import UNDECIDED
from troth.messages.needs import NEWSLETTER, READS, Asked, ask_for
from troth.people.models import PersonState
from troth.people.queries import load_profiles
from troth.segments.membership import members_where

BATCH = 1_000
AWAITS_WINNER = UNDECIDED
"""What is due from here on waits for the better variant; the run's number is added."""
TIMEZONE = "timezone"
"""The attribute that holds a person's zone."""
LOOKED_AT = "looked_at"
LATEST = "latest_due"


def gather_next(now: int) -> bool:
    """Worker duty: one batch of the people of a run that gathers; True when there may be more."""
    run = NewsletterRun.objects.filter(state=RunState.GATHERING).order_by("pk").first()
    if run is None:
        return False
    # Read outside the transaction: looking for the few of a small segment among all people must not keep others from writing.
    people = next_people(run, read_plan(run.plan), now)
    with transaction.atomic():
        row = NewsletterRun.objects.select_for_update().get(pk=run.pk)
        if row.state == RunState.GATHERING and row.after == run.after:
            _gather(row, people, now)
    return True


def next_people(run: NewsletterRun, plan: RunPlan, now: int, buckets: int = BUCKETS) -> list[tuple[int, int, int]]:
    """Who was known when it began and is in the segment, in the order of the index on age; over all buckets, or the first so many."""
    created_at, bucket, person_id = run.after or (-1, -1, -1)
    where, params = in_segment(plan, now)
    if buckets < BUCKETS:
        where, params = f"{where} AND p.bucket < %s", [*params, buckets]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.created_at, p.bucket, p.person_id FROM people_person p WHERE p.workspace_id = %s AND p.created_at <= %s"
            f" AND (p.created_at, p.bucket, p.person_id) > (%s, %s, %s) AND p.state = {int(PersonState.ACTIVE)}{where} ORDER BY p.created_at, p.bucket, p.person_id LIMIT %s",
            [run.workspace_id, run.begun_at, created_at, bucket, person_id, *params, BATCH],
        )
        return list(cursor.fetchall())


def in_segment(plan: RunPlan, now: int) -> tuple[str, list[Any]]:
    """Being among those it goes to, as a condition on `p` (people_person) that begins with AND, with its values; empty: everybody."""
    if plan.segment_id is None:
        return "", []
    where, values = members_where(plan.segment_id, now=now)
    return f" AND {where}", values


def _gather(run: NewsletterRun, people: Sequence[tuple[int, int, int]], now: int) -> None:
    plan = read_plan(run.plan)
    counts = dict(run.counts)
    templates = Template.objects.in_bulk(list(plan.templates.values()))
    enqueue(list(make_messages(run, plan, templates, [person_id for _, _, person_id in people], counts, now)), now)
    counts[LOOKED_AT] = counts.get(LOOKED_AT, 0) + len(people)
    run.counts = counts
    if people:
        run.after = list(people[-1])
    if len(people) < BATCH:
        run.gathered_at = now
        run.state = RunState.TESTING if plan.test else RunState.SENDING
        if plan.test and plan.test.decide != "hand":
            run.decide_at = when_decided(run, plan.test, counts, now)
    run.save(update_fields=["counts", "after", "gathered_at", "state", "decide_at"])


def when_decided(run: NewsletterRun, test: Test, counts: Mapping[str, int], now: int) -> int:
    """When the better variant is known, in milliseconds: after the last of those who try them was due."""
    return max(counts.get(LATEST, 0), run.starts_at, now) + test.hours * HOUR


def draw_variant(run: NewsletterRun, plan: RunPlan, person_id: int) -> str:
    """The key of the variant that is drawn for a person; HELD_OUT or WAITS."""
    return assign(
        newsletter_id=run.newsletter_id,
        run_id=run.pk,
        person_id=person_id,
        shares=plan.variants,
        holdout=plan.holdout,
        tested=plan.test.share if plan.test else None,
    )


def make_messages(
    run: NewsletterRun, plan: RunPlan, templates: Mapping[int, Template], people: Sequence[int], counts: dict[str, int], now: int
) -> Iterator[NewMessage]:
    """One for each person, in their order, with the verdicts on it; stores nothing. `counts`: the places that are taken so far, to be kept."""
    asked = _find_asked(run, plan, templates)
    facts = _load_facts(run.workspace_id, people, asked)
    zones = _load_zones(people) if plan.schedule["kind"] == "local" else {}
    schedule, begins, catalog = read_schedule(plan.schedule), max(run.starts_at, now), load_catalog(run.workspace_id)
    rule, context = catalog.rule(plan.purpose), context_of(run, plan)
    for person_id in people:
        key = draw_variant(run, plan, person_id)
        shown = plan.first if key in (WAITS, HELD_OUT) else key
        verdicts: list[Verdict | Decision] = list(_ask_gate(asked[shown], facts, run.workspace_id, person_id, now))
        if key == HELD_OUT and all(verdict.allow for verdict in verdicts):
            verdicts.append(_held_out(plan, now))
        permitted = all(verdict.allow for verdict in verdicts)
        due_at = _due(run, plan, schedule, begins, zones.get(person_id), counts, waits=key == WAITS, counted=permitted)
        yield NewMessage(
            subject=Subject(run.workspace_id, person_id),
            source=source_of(run.newsletter_id),
            occurrence=run.pk,
            channel=plan.medium,
            purpose=plan.purpose,
            is_marketing=rule is None or rule.is_marketing,
            template_id=plan.templates[shown],
            due_at=due_at,
            expires_at=due_at + plan.expires_hours * HOUR,
            context=context,
            verdicts=verdicts,
        )


def context_of(run: NewsletterRun, plan: RunPlan) -> dict[str, Any]:
    """What a message of a run carries along: where it is from, and what choosing its people read."""
    live = plan.segment_id if plan.audience == Audience.LIVE else None
    about = {"id": run.newsletter_id, "run": run.pk, "name": plan.name, "segment": plan.segment_id, "only_in": live}
    return {NEWSLETTER: about, READS: plan.reads}


def _due(
    run: NewsletterRun,
    plan: RunPlan,
    schedule: Schedule,
    begins: int,
    zone: str | None,
    counts: dict[str, int],
    *,
    waits: bool,
    counted: bool,
) -> int:
    """When a person's mail is due, spaced where only so many go an hour; `counted`: it takes a place in that hour."""
    if waits:
        return AWAITS_WINNER + run.pk
    base = due_for(schedule, begins, zone)
    if plan.per_hour is None or not counted:
        due = base
    else:
        # What begins at the same time shares the pace; the first of a later batch comes after the last of the one before.
        begin = due_for(schedule, run.starts_at, zone)
        place = counts.get(f"at:{begin}", 0)
        counts[f"at:{begin}"] = place + 1
        due = max(base, begin + place * HOUR // plan.per_hour)
    counts[LATEST] = max(counts.get(LATEST, 0), due)
    return due


def _held_out(plan: RunPlan, now: int) -> Decision:
    """The person was drawn to get nothing, so that what the mail does can be seen."""
    return Decision(allow=False, purpose=HOLDOUT, operation="choose", at=now, reason="drawn", told={"per_cent": plan.holdout})


def _find_asked(run: NewsletterRun, plan: RunPlan, templates: Mapping[int, Template]) -> dict[str, Asked]:
    """What each variant has to be asked for, once for all persons."""
    catalog: Catalog = load_catalog(run.workspace_id)
    context = context_of(run, plan)
    return {key: ask_for(templates.get(pk), plan.purpose, context, catalog, plan.medium) for key, pk in plan.templates.items()}


def _load_facts(workspace_id: int, people: Sequence[int], asked: Mapping[str, Asked]) -> dict[FactsKey, Facts]:
    keys = {key for own in asked.values() for key in (*own.purposes, *own.wishes)}
    return load_all_facts((workspace_id, key, person_id) for key in keys for person_id in people)


def _ask_gate(asked: Asked, facts: Mapping[FactsKey, Facts], workspace_id: int, person_id: int, now: int) -> Iterator[Verdict]:
    for purpose in asked.purposes:
        operation = Operation.PROFILE if purpose == PROFILING else Operation.MESSAGE
        yield decide(facts[workspace_id, purpose, person_id], purpose=purpose, operation=operation, at=now)
    for wish in asked.wishes:
        said = decide(facts[workspace_id, wish, person_id], purpose=wish, operation=Operation.MESSAGE, at=now)
        if not said.allow:
            yield said
    yield from asked.refusals(Operation.MESSAGE, now)


def _load_zones(people: Sequence[int]) -> dict[int, str]:
    found = {}
    for person_id, (attributes, _) in load_profiles(people).items():
        zone = attributes.get(TIMEZONE)
        if isinstance(zone, str):
            found[person_id] = zone
    return found
