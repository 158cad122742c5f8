"""Which data campaigns, newsletters and funnels that are kept use, and for which purposes they send: for the data inventory, which asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from troth.campaigns.goals import read_goal
from troth.campaigns.models import AskingState, Campaign, CampaignState, Newsletter, NewsletterState, Repermission
from troth.campaigns.newsletters.editing import plans_of
from troth.campaigns.publishing import plan_of
from troth.campaigns.purpose_checking import Plan, find_read_beside
from troth.campaigns.rules import read_rules
from troth.campaigns.saved_funnels import list_funnels
from troth.consent.coverage import Kind
from troth.messages.channels.port import Medium
from troth.privacy.inventory.beside import Sending
from troth.privacy.inventory.counting import ATTRIBUTE, EVENT, PROPERTY
from troth.privacy.inventory.uses import Datum, Use, read_conditions, read_content


def find_uses(workspace_id: int) -> Iterator[Use]:
    """Everything that a workspace's campaigns, newsletters and funnels use, as they are written now."""
    for campaign in Campaign.objects.filter(workspace_id=workspace_id):
        data = {*_of_plan(plan_of(campaign)), *_of_goal(campaign.goal), *_of_unless(campaign.rules or {})}
        yield from (Use(*datum, "campaign", str(campaign.pk), campaign.name) for datum in sorted(data))
    for newsletter in Newsletter.objects.filter(workspace_id=workspace_id):
        data = {*_of_goal(newsletter.goal)}
        for plan in plans_of(newsletter):
            data.update(_of_plan(plan))
        yield from (Use(*datum, "newsletter", str(newsletter.pk), newsletter.name) for datum in sorted(data))
    for funnel in list_funnels(workspace_id):
        data = {*read_conditions(funnel.asked["steps"])}
        yield from (Use(*datum, "funnel", str(funnel.pk), funnel.name) for datum in sorted(data))


def find_sendings(workspace_id: int) -> Iterator[Sending]:
    """For which purposes messages go out, or went out, and by what; drafts send nothing."""
    for campaign in Campaign.objects.filter(workspace_id=workspace_id).exclude(state=CampaignState.DRAFT):
        yield Sending(campaign.purpose, read_rules(campaign.rules or {}).medium)
    for newsletter in Newsletter.objects.filter(workspace_id=workspace_id).exclude(state=NewsletterState.DRAFT):
        yield Sending(newsletter.purpose, newsletter.medium)
    for asking in Repermission.objects.filter(workspace_id=workspace_id).exclude(state=AskingState.DRAFT):
        yield Sending(asking.ground, Medium.EMAIL)


def _of_plan(plan: Plan) -> Iterator[Datum]:
    if plan.trigger_event:
        yield EVENT, plan.trigger_event, ""
        yield from read_conditions(plan.conditions, plan.trigger_event)
    for datum, _place in find_read_beside(plan.workspace_id, plan.trigger, plan.rules):
        yield (ATTRIBUTE, "", datum.name) if datum.kind is Kind.ATTRIBUTE else (EVENT, datum.name, "")
    yield from read_content(list(plan.reads), plan.trigger_event)


def _of_unless(rules: Mapping[str, Any]) -> Iterator[Datum]:
    for unless in read_rules(dict(rules)).unless:
        yield from read_conditions({"event": unless.event, "conditions": unless.conditions})


def _of_goal(goal: dict[str, Any] | None) -> Iterator[Datum]:
    own = read_goal(goal)
    if own:
        yield EVENT, own.event, ""
        yield from ((PROPERTY, own.event, name) for name in (own.revenue, own.currency) if name)
