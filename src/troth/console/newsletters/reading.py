"""Newsletters as the room shows them. Values in, values out; no HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.campaigns.models import Newsletter, NewsletterRun, RunState
from troth.campaigns.newsletters.deciding import when_released
from troth.campaigns.newsletters.gathering import AWAITS_WINNER, LOOKED_AT
from troth.campaigns.newsletters.outcomes import count_states, count_trials
from troth.campaigns.newsletters.plan import RunPlan, read_plan
from troth.campaigns.significance import Difference, Trial, judge
from troth.consent.catalog import load_catalog
from troth.consent.gate import Operation, permitted_where
from troth.console.newsletters.spoken_schedules import say_schedule
from troth.console.reach import Reach, count_people
from troth.console.showing import format_moment, put_in_words
from troth.content.models import Template
from troth.kernel.clock import HOUR
from troth.messages.models import HANDED_OVER, State
from troth.messages.reconciling import WAITING
from troth.segments.membership import members_where
from troth.segments.models import Segment

SHOWN = 50
METRICS: Mapping[str, str | Promise] = {
    "opened": later("opened it"),
    "clicked": later("followed a link"),
    "converted": later("reached the goal"),
}


@dataclass(frozen=True)
class Row:
    """A newsletter in the list."""

    newsletter: Newsletter
    to: str
    purpose: str
    run: NewsletterRun | None


@dataclass(frozen=True)
class VariantResult:
    """How one variant did."""

    key: str
    subject: str
    """As it was written; of a short message its title or its text."""
    messages: int
    sent: int
    trial: Trial
    judged: Difference
    is_winner: bool

    @property
    def rate(self) -> float:
        """In per cent."""
        return self.trial.rate * 100


@dataclass(frozen=True)
class Progress:
    """How a sending goes: the numbers add up to the people looked at."""

    run: NewsletterRun
    plan: RunPlan
    looked_at: int
    states: list[tuple[str, int]]
    reasons: list[tuple[str, int]]
    """Why nothing was sent to people, the most frequent first."""
    variants: list[VariantResult]
    metric: str | Promise
    done: int
    is_live: bool
    waits_for_choice: bool
    ends_about: int | None
    """When the last is expected to go, in milliseconds; None: not to be told, or over."""


def find_newsletter(workspace_id: int, newsletter_id: int) -> Newsletter:
    """A newsletter of the workspace. Raises Http404."""
    found = Newsletter.objects.filter(workspace_id=workspace_id, pk=newsletter_id).first() if 0 < newsletter_id < 2**63 else None
    if found is None:
        raise Http404
    return found


def list_newsletters(workspace_id: int) -> list[Row]:
    """The latest, each with its last sending."""
    rows = list(Newsletter.objects.filter(workspace_id=workspace_id).order_by("-pk")[:SHOWN])
    runs = NewsletterRun.objects.filter(workspace_id=workspace_id, newsletter_id__in=[row.pk for row in rows]).order_by("number")
    last = {run.newsletter_id: run for run in runs}
    catalog = load_catalog(workspace_id)
    names = dict(Segment.objects.filter(workspace_id=workspace_id, pk__in=[row.segment_id for row in rows]).values_list("pk", "name"))
    return [
        Row(
            row,
            names.get(row.segment_id or 0, _("everybody")),
            rule.name if (rule := catalog.rule(row.purpose)) else row.purpose,
            last.get(row.pk),
        )
        for row in rows
    ]


def name_segment(newsletter: Newsletter) -> str:
    """Whom it goes to, in words."""
    found = Segment.objects.filter(workspace_id=newsletter.workspace_id, pk=newsletter.segment_id or 0).first()
    return found.name if found else _("everybody whom the purpose reaches")


def list_runs(newsletter: Newsletter) -> list[NewsletterRun]:
    """Its latest sendings, the newest first."""
    return list(NewsletterRun.objects.filter(workspace_id=newsletter.workspace_id, newsletter_id=newsletter.pk).order_by("-number")[:20])


def estimate_reach(newsletter: Newsletter, now: int) -> tuple[Reach, Reach]:
    """How many people are in the segment, and how many of them may be written to for the purpose, as things stand."""
    catalog = load_catalog(newsletter.workspace_id)
    inside, values = members_where(newsletter.segment_id, now=now) if newsletter.segment_id else ("p.state = 0", [])
    may, own = permitted_where(catalog.rule(newsletter.purpose), Operation.MESSAGE, at=now)
    workspace_id = newsletter.workspace_id
    return count_people(workspace_id, inside, values), count_people(workspace_id, f"{inside} AND {may}", [*values, *own])


def read_progress(run: NewsletterRun, now: int) -> Progress:
    """From its messages."""
    plan = read_plan(run.plan)
    counted = count_states(run)
    states: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    sent: Counter[str] = Counter()
    for (variant, state, reason), number in counted.items():
        states[state] += number
        sizes[variant] += number
        sent[variant] += number if state in HANDED_OVER else 0
        if state in (State.SKIPPED, State.FAILED, State.CANCELLED):
            reasons[reason or state] += number
    metric = plan.test.metric if plan.test else ("converted" if plan.goal else "clicked")
    trials = count_trials(run, metric, now)
    judged = judge(trials)
    subjects = _read_subjects(plan)
    variants = [
        VariantResult(key, subjects.get(key, ""), sizes[key], sent[key], trials[key], judged[key], is_winner=run.winner == key)
        for key in plan.templates
    ]
    total = sum(states.values())
    done = total - sum(states[state] for state in WAITING)
    is_over = run.state in (RunState.FINISHED, RunState.CANCELLED)
    return Progress(
        run=run,
        plan=plan,
        looked_at=int(run.counts.get(LOOKED_AT, 0)),
        states=[(state.value, states[state]) for state in State if states[state]],
        reasons=[(put_in_words(reason), number) for reason, number in reasons.most_common(12)],
        variants=variants,
        metric=METRICS[metric],
        done=done,
        is_live=not is_over and run.state != RunState.PAUSED,
        waits_for_choice=run.state == RunState.TESTING and not run.winner,
        ends_about=None if is_over or run.state == RunState.PAUSED else _estimate_end(run, plan, done, total, now),
    )


def _read_subjects(plan: RunPlan) -> dict[str, str]:
    """Each variant's subject as it was written; of a short message its title or its text."""
    issued = Template.objects.in_bulk(list(plan.templates.values()))
    found = {key: issued[pk] for key, pk in plan.templates.items() if pk in issued}
    return {key: one.subject or str(one.short.get("title") or one.short.get("body", ""))[:100] for key, one in found.items()}


def _estimate_end(run: NewsletterRun, plan: RunPlan, done: int, total: int, now: int) -> int | None:
    """The last time that anything is due, or by the pace so far, whichever is later; None where it hangs on a member's choice."""
    if run.state == RunState.TESTING and not run.winner:
        return when_released(plan, run.decide_at, total - done) if run.decide_at else None
    latest = int(run.counts.get("latest_due", 0))
    if not done or done >= total or latest >= AWAITS_WINNER:
        return latest or None
    pace = (now - run.starts_at) / done
    by_pace = now + round((total - done) * max(pace, HOUR / plan.per_hour if plan.per_hour else 0))
    return max(latest, by_pace)


def show_schedule(schedule: Mapping[str, Any]) -> str:
    """When it goes out, in words."""
    kind = schedule.get("kind")
    if kind == "at":
        return _("at %(at)s") % {"at": format_moment(round(datetime.fromisoformat(schedule["at"]).timestamp() * 1000))}
    if kind == "local":
        return _("on %(day)s at %(time)s by each person's clock") % schedule
    if kind == "recurring":
        return _("%(times)s (%(zone)s)") % {"times": say_schedule(schedule["cron"]), "zone": schedule["zone"]}
    return _("as soon as it is started")
