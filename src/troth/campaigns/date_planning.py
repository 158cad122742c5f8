"""Campaigns that wait for a date: every half hour a walk through the people, bucket by bucket, queues what is due within the next hours.

The database picks those whose attribute holds one of a few days; which instant that is for each is decided purely (`dates.py`). A queued message
is looked at again when it is due: a date that was moved meanwhile takes its message with it, and leads to another one in its time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from django.db import connection, transaction

from troth.campaigns.dates import Coming, candidate_days, find_coming
from troth.campaigns.entering import Match, enter
from troth.campaigns.entry import Occasion
from troth.campaigns.models import Campaign, CampaignState, DatePlan
from troth.campaigns.rules import DateTrigger
from troth.campaigns.versions import Rule, make_rule
from troth.kernel.clock import HOUR, MINUTE, iso
from troth.kernel.ids import BUCKETS
from troth.kernel.json_text import decode
from troth.kernel.sql import has_rows, is_sqlite
from troth.messages.decisions import DATE, Decision
from troth.messages.limit_settings import load_limits
from troth.messages.limiting import zone_of
from troth.messages.queue import Claim
from troth.people.models import PersonState
from troth.people.queries import load_profiles

AHEAD = 2 * HOUR
"""How far ahead messages are queued."""
EVERY = 30 * MINUTE
AGAIN = HOUR
"""So far back each walk looks once more, for who got their date only since."""
AT_ONCE = 256
"""Buckets of one step."""


def begin_planning(campaign: Campaign, now: int) -> None:
    """Have a published campaign's dates looked for, from now on; what came before is not made up for. Without a date nothing is."""
    if ((campaign.published or {}).get("trigger") or {}).get("kind") != "date":
        DatePlan.objects.filter(campaign_id=campaign.pk).delete()
        return
    fresh = {"workspace_id": campaign.workspace_id, "begun_at": now, "planned_until": now, "due_at": now, "bucket": 0, "walk_until": None}
    DatePlan.objects.update_or_create(campaign_id=campaign.pk, defaults=fresh)


def plan_dates(now: int) -> bool:
    """Worker duty: one step of a walk that is due; True when there may be more."""
    if not has_rows("SELECT 1 FROM campaigns_dateplan WHERE due_at <= %s LIMIT 1", [now]):
        return False
    with transaction.atomic():
        plan = DatePlan.objects.select_for_update().filter(due_at__lte=now).order_by("due_at").first()
        if plan is None:
            return False
        campaign = Campaign.objects.filter(pk=plan.campaign_id, state=CampaignState.PUBLISHED).first()
        rule = (
            make_rule(campaign.pk, campaign.workspace_id, campaign.template_id or 0, campaign.published)
            if campaign and campaign.published
            else None
        )
        if rule is None or not isinstance(rule.trigger, DateTrigger):
            plan.delete()
            return True
        _step(plan, rule, rule.trigger, now)
    return True


def _step(plan: DatePlan, rule: Rule, trigger: DateTrigger, now: int) -> None:
    """Look at the next buckets; after the last one the walk is over until the next is due."""
    until = plan.walk_until or now + AHEAD
    since = max(plan.begun_at, plan.planned_until - AHEAD - AGAIN)
    buckets = range(plan.bucket, min(BUCKETS, plan.bucket + AT_ONCE))
    enter(
        [Match(rule, occasion_of(rule, person_id, coming)) for person_id, coming in find_comings(rule, trigger, buckets, since, until)], now
    )
    plan.bucket, plan.walk_until = plan.bucket + AT_ONCE, until
    if plan.bucket >= BUCKETS:
        plan.bucket, plan.walk_until, plan.planned_until, plan.due_at = 0, None, until, now + EVERY
    plan.save()


def occasion_of(rule: Rule, person_id: int, coming: Coming) -> Occasion:
    """A coming of a date as an occasion for a message."""
    context = {"date": {"day": coming.day.isoformat(), "at": iso(coming.at)}, "trigger": {"at": coming.at}}
    return Occasion(rule.workspace_id, person_id, coming.at, coming.occurrence, {}, context, "date")


def find_comings(rule: Rule, trigger: DateTrigger, buckets: Sequence[int], since: int, until: int) -> Iterator[tuple[int, Coming]]:
    """The persons of some buckets whose date comes in a window, each with its first coming then."""
    limits = load_limits(rule.workspace_id)
    for person_id, attributes in _load_candidates(rule.workspace_id, trigger, buckets, candidate_days(trigger, since, until)):
        coming = find_coming(trigger, attributes.get(trigger.attribute), zone_of(attributes, limits), since, until)
        if coming:
            yield person_id, coming


def _load_candidates(
    workspace_id: int, trigger: DateTrigger, buckets: Sequence[int], days: Sequence[date]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Persons of some buckets whose attribute begins with one of the days."""
    texts = sorted({day.isoformat()[5:] if trigger.yearly else day.isoformat() for day in days})
    if trigger.yearly and "02-28" in texts:
        texts.append("02-29")
    value = "json_extract(p.attributes, %s)" if is_sqlite() else "p.attributes ->> %s"
    name = f'$."{trigger.attribute}"' if is_sqlite() else trigger.attribute
    begins = f"SUBSTR(CAST(({value}) AS TEXT), %s, %s)"
    start, length = (6, 5) if trigger.yearly else (1, 10)
    marks, named = ", ".join(["%s"] * len(texts)), ", ".join(["%s"] * len(buckets))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT p.person_id, p.attributes FROM people_person p WHERE p.bucket IN ({named}) AND p.workspace_id = %s"
            f" AND p.state = {int(PersonState.ACTIVE)} AND {begins} IN ({marks})",
            [*buckets, workspace_id, name, start, length, *texts],
        )
        for person_id, attributes in cursor.fetchall():
            yield person_id, decode(attributes) if isinstance(attributes, str | bytes) else attributes


def find_moved(claims: Sequence[tuple[Claim, DateTrigger]], now: int) -> dict[int, Decision]:
    """Against messages of a date that became another one since they were queued; one read."""
    profiles = load_profiles({claim.subject.person_id for claim, _ in claims}) if claims else {}
    found = {}
    for claim, trigger in claims:
        attributes = profiles.get(claim.subject.person_id, ({}, []))[0]
        at = int(claim.context.get("trigger", {}).get("at", 0))
        zone = zone_of(attributes, load_limits(claim.subject.workspace_id))
        # By one day more on both sides: who moved to another zone keeps the occasion.
        coming = find_coming(trigger, attributes.get(trigger.attribute), zone, at - 26 * HOUR, at + 26 * HOUR)
        if coming is None or coming.occurrence != claim.occurrence:
            found[claim.message_id] = Decision(allow=False, purpose=DATE, operation="hand_over", at=now, reason="moved")
    return found
