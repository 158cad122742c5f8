"""How the variants of a run did: of whom may be told, and never of a machine. What consent left uncounted is no part of a rate, on either side."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection

from troth.campaigns.models import NewsletterRun
from troth.campaigns.newsletters.plan import Metric, RunPlan, read_plan
from troth.campaigns.newsletters.running import source_of
from troth.campaigns.significance import Trial
from troth.consent.catalog import PROFILING, load_catalog
from troth.consent.gate import Operation, permitted_where
from troth.kernel.clock import DAY
from troth.messages.models import Engaged
from troth.messages.reports.goals import ARRIVED
from troth.messages.reports.shapes import Goal


def count_trials(run: NewsletterRun, metric: Metric, now: int) -> dict[str, Trial]:
    """For each variant how many of those that are counted did it; over all buckets, a report of one run."""
    plan = read_plan(run.plan)
    if metric == "converted":
        found = _count_converted(run, plan, plan.goal, now) if plan.goal else {}
    else:
        found = _count_engaged(run, Engaged.OPEN if metric == "opened" else Engaged.CLICK)
    return {key: found.get(template_id, Trial(0, 0)) for key, template_id in plan.templates.items()}


def _count_engaged(run: NewsletterRun, kind: Engaged) -> Mapping[int, Trial]:
    """Of the mails that were measured, those that their person opened, or of which they followed a link."""
    did = "e.times > 0"
    if kind is Engaged.CLICK:
        did = (
            "EXISTS (SELECT 1 FROM messages_engagement c WHERE c.bucket = e.bucket AND c.person_id = e.person_id"
            " AND c.message_id = e.message_id AND c.kind = e.kind AND c.link <> '' AND c.times > 0)"
        )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT m.template_id, SUM(CASE WHEN {did} THEN 1 ELSE 0 END), COUNT(*) FROM messages_engagement e"
            " JOIN messages_message m ON m.bucket = e.bucket AND m.person_id = e.person_id AND m.message_id = e.message_id"
            " WHERE e.workspace_id = %s AND e.source = %s AND e.kind = %s AND e.link = '' AND m.occurrence = %s GROUP BY m.template_id",
            [run.workspace_id, source_of(run.newsletter_id), kind.value, run.pk],
        )
        return {template_id: Trial(int(happened), int(among)) for template_id, happened, among in cursor.fetchall()}


def _count_converted(run: NewsletterRun, plan: RunPlan, goal: Goal, now: int) -> Mapping[int, Trial]:
    """Of the mails that arrived, those whose person did what was hoped for within the days after; of who agreed to be looked at by behaviour."""
    catalog = load_catalog(run.workspace_id)
    where, params = permitted_where(catalog.rule(PROFILING), Operation.PROFILE, at=now)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.template_id, SUM(CASE WHEN EXISTS (SELECT 1 FROM people_event v WHERE v.workspace_id = m.workspace_id AND v.name = %s"
            " AND v.bucket = m.bucket AND v.person_id = m.person_id AND v.ts >= m.settled_at AND v.ts < m.settled_at + %s) THEN 1 ELSE 0 END),"
            " COUNT(*) FROM messages_message m JOIN people_person p ON p.bucket = m.bucket AND p.person_id = m.person_id"
            f" WHERE m.workspace_id = %s AND m.source = %s AND m.state IN ({', '.join(['%s'] * len(ARRIVED))}) AND m.occurrence = %s AND {where}"
            " GROUP BY m.template_id",
            [goal.event, goal.days * DAY, run.workspace_id, source_of(run.newsletter_id), *ARRIVED, run.pk, *params],
        )
        return {template_id: Trial(int(happened), int(among)) for template_id, happened, among in cursor.fetchall()}


def count_states(run: NewsletterRun) -> dict[tuple[str, str, str], int]:
    """The messages of a run by variant, state and reason: they add up to its audience. Over all buckets, a report of one run."""
    plan = read_plan(run.plan)
    keys = {template_id: key for key, template_id in plan.templates.items()}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT template_id, state, reason, COUNT(*) FROM messages_message WHERE workspace_id = %s AND source = %s AND occurrence = %s"
            " GROUP BY template_id, state, reason",
            [run.workspace_id, source_of(run.newsletter_id), run.pk],
        )
        return {(keys.get(template_id, ""), state, reason): number for template_id, state, reason, number in cursor.fetchall()}
