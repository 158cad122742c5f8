"""Which variant is the better one, handing it to those who wait for it, and noticing that a newsletter is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from django.db import connection, transaction

from troth.campaigns.models import Newsletter, NewsletterRun, NewsletterState, RunState
from troth.campaigns.newsletters.gathering import AWAITS_WINNER
from troth.campaigns.newsletters.outcomes import count_trials
from troth.campaigns.newsletters.plan import RunPlan, read_plan
from troth.campaigns.newsletters.running import source_of
from troth.campaigns.significance import Trial, find_best, judge
from troth.kernel.clock import HOUR
from troth.messages.reconciling import WAITING

RELEASED = 2_000
LOOKED_AT_ONCE = 50


class Decision(NamedTuple):
    """The variant that goes to all others, and on what ground."""

    key: str
    ground: str


def decide_winner(plan: RunPlan, trials: Mapping[str, Trial]) -> Decision:
    """The better variant by the rule of the test. Pure. Where nothing was measured, or chance may well have done it, the first."""
    best = find_best(dict(trials))
    if best is None or plan.test is None:
        return Decision(plan.first, "nothing")
    if plan.test.decide == "highest":
        return Decision(best, "highest")
    return Decision(best, "significance") if judge(dict(trials))[best].is_significant else Decision(plan.first, "nothing")


def decide_next(now: int) -> bool:
    """Worker duty: decide the tests that are over, and release who waits; True when there may be more."""
    busy = False
    for pk in NewsletterRun.objects.filter(state=RunState.TESTING).order_by("pk").values_list("pk", flat=True)[:LOOKED_AT_ONCE]:
        with transaction.atomic():
            run = NewsletterRun.objects.select_for_update().get(pk=pk)
            if run.state != RunState.TESTING:
                continue
            plan = read_plan(run.plan)
            if not run.winner and run.decide_at is not None and run.decide_at <= now and plan.test:
                run.winner, run.decided_by = decide_winner(plan, count_trials(run, plan.test.metric, now))
                run.save(update_fields=["winner", "decided_by"])
            if run.winner:
                busy = _release(run, plan, now) or busy
    return busy


def when_released(plan: RunPlan, since: int, place: int) -> int:
    """When the mail of one who waited is due, where the better variant was known at `since` and so many go before. Pure."""
    return since if plan.per_hour is None else since + place * HOUR // plan.per_hour


def _release(run: NewsletterRun, plan: RunPlan, now: int) -> bool:
    """Give a batch of those who wait their mail; True when there may be more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bucket, person_id, message_id FROM messages_message WHERE state = 'queued' AND is_marketing IN (%s, %s)"
            " AND due_at = %s AND state IN ('queued', 'sending') LIMIT %s",
            [True, False, AWAITS_WINNER + run.pk, RELEASED],
        )
        rows = cursor.fetchall()
        place, since = int(run.counts.get("released", 0)), int(run.counts.get("released_at", now))
        template_id = plan.templates[run.winner]
        values = []
        for number, row in enumerate(rows):
            due = max(now, when_released(plan, since, place + number))
            values.append((template_id, due, due + plan.expires_hours * HOUR, *row))
        cursor.executemany(
            "UPDATE messages_message SET template_id = %s, due_at = %s, expires_at = %s"
            " WHERE bucket = %s AND person_id = %s AND message_id = %s AND state = 'queued'",
            values,
        )
    run.counts = {**run.counts, "released": place + len(rows), "released_at": since}
    if len(rows) < RELEASED:
        run.state = RunState.SENDING
    run.save(update_fields=["counts", "state"])
    return len(rows) == RELEASED


def finish_done(now: int) -> bool:
    """Worker duty: a run of which nothing waits any more is finished, and so is its newsletter when no further one follows."""
    for run in NewsletterRun.objects.filter(state=RunState.SENDING).order_by("pk")[:LOOKED_AT_ONCE]:
        if _has_waiting(run):
            continue
        with transaction.atomic():
            row = Newsletter.objects.select_for_update().get(pk=run.newsletter_id, workspace_id=run.workspace_id)
            done = NewsletterRun.objects.filter(pk=run.pk, state=RunState.SENDING).update(state=RunState.FINISHED, ended_at=now)
            others = NewsletterRun.objects.filter(newsletter_id=row.pk).exclude(state__in=(RunState.FINISHED, RunState.CANCELLED))
            if done and row.state == NewsletterState.SENDING and not others.exists():
                row.state, row.updated_at = NewsletterState.FINISHED, now
                row.save(update_fields=["state", "updated_at"])
    return False


def _has_waiting(run: NewsletterRun) -> bool:
    """Whether anything of a run is still to be sent. Over all buckets, from the index on sources."""
    with connection.cursor() as cursor:
        for state in WAITING:
            cursor.execute(
                "SELECT 1 FROM messages_message WHERE workspace_id = %s AND source = %s AND state = %s AND occurrence = %s LIMIT 1",
                [run.workspace_id, source_of(run.newsletter_id), state.value, run.pk],
            )
            if cursor.fetchone():
                return True
    return False
