"""Campaigns as they were published: each version is kept beside its template, so that what is queued is judged by what it was queued under."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from troth.campaigns.models import Campaign, CampaignState, Version
from troth.campaigns.rules import Rules, Trigger, read_rules, read_trigger
from troth.kernel.json_text import decode, encode


class Rule(NamedTuple):
    """A campaign as what people do is held against it, whatever its draft says meanwhile."""

    campaign_id: int
    workspace_id: int
    template_id: int
    event: str
    """The triggering one, folded; empty where something else triggers."""
    conditions: dict[str, Any] | None
    purpose: str
    trigger: Trigger | None
    rules: Rules


def plain_rule(campaign: Campaign) -> dict[str, Any]:
    """The draft as it would be published."""
    return {
        "trigger_event": campaign.trigger_event,
        "conditions": campaign.conditions,
        "purpose": campaign.purpose,
        "trigger": campaign.trigger,
        "rules": campaign.rules,
    }


def make_rule(campaign_id: int, workspace_id: int, template_id: int, plain: dict[str, Any]) -> Rule:
    """From what is stored; what was published before a rule existed has none."""
    trigger, rules = _read(encode([plain.get("trigger"), plain.get("rules") or {}]))
    return Rule(campaign_id, workspace_id, template_id, plain["trigger_event"], plain["conditions"], plain["purpose"], trigger, rules)


@lru_cache(maxsize=2_000)
def _read(text: str) -> tuple[Trigger | None, Rules]:
    trigger, rules = decode(text)
    return read_trigger(trigger), read_rules(rules)


def rule_of_draft(campaign: Campaign) -> Rule:
    """The draft as a rule. Raises what checking it raises."""
    return make_rule(campaign.pk or 0, campaign.workspace_id, campaign.template_id or 0, plain_rule(campaign))


def load_versions(template_ids: Iterable[int]) -> dict[int, Rule]:
    """Published versions by template."""
    rows = Version.objects.filter(template_id__in=set(template_ids))
    return {row.template_id: make_rule(row.campaign_id, row.workspace_id, row.template_id, row.rule) for row in rows}


def keep_version(campaign: Campaign, now: int, author: int) -> None:
    """Keep what was just published, by whom."""
    Version.objects.create(
        template_id=campaign.template_id or 0,
        workspace_id=campaign.workspace_id,
        campaign_id=campaign.pk,
        rule=campaign.published,
        published_at=now,
        author=author,
    )


def list_published(workspace_ids: Iterable[int]) -> list[Rule]:
    """What is published now in some workspaces."""
    rows = Campaign.objects.filter(state=CampaignState.PUBLISHED, workspace_id__in=set(workspace_ids), published__isnull=False)
    columns: Any = rows.values_list("pk", "workspace_id", "template_id", "published")
    return [make_rule(pk, workspace_id, template_id or 0, published) for pk, workspace_id, template_id, published in columns]
