"""Drafts of campaigns: made, changed, and deleted while they are nothing else. What cannot be kept is refused with the field.

The fields of a campaign are its draft; what was published goes on beside it (`publishing`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from troth.campaigns.goals import keep_goal
from troth.campaigns.models import Campaign
from troth.campaigns.rules import read_rules, read_trigger, to_plain
from troth.campaigns.versions import plain_rule
from troth.consent.catalog import load_catalog
from troth.content.email_template import EmailTemplate
from troth.content.library import find_version_id
from troth.content.models import Template
from troth.kernel.errors import TrothError
from troth.people.event_names import fold_event_name
from troth.segments.conditions import check_condition

DRAFT = (
    "name",
    "trigger_event",
    "conditions",
    "trigger",
    "rules",
    "purpose",
    "also_for",
    "topic",
    "goal",
    "template_key",
    "subject",
    "html",
    "text",
)
"""What can be edited."""
LONGEST_NAME = 200
LONGEST_EVENT = 255
LONGEST_SUBJECT = 2000
LONGEST_KEY = 64


class CampaignInvalid(TrothError):
    """A campaign that cannot be saved; the message names the field."""


class CampaignUnknown(TrothError):
    """There is no such campaign in the workspace."""


class CampaignStateWrong(TrothError):
    """What cannot be done with a campaign in the state it is in."""


def find_campaign(workspace_id: int, campaign_id: int) -> Campaign:
    """A campaign by its id. Raises CampaignUnknown, also for one of another workspace."""
    found = Campaign.objects.filter(workspace_id=workspace_id, pk=campaign_id).first() if 0 < campaign_id < 2**63 else None
    if found is None:
        raise CampaignUnknown("There is no such campaign in this workspace: check its number.")
    return found


def create_campaign(
    workspace_id: int,
    *,
    name: str,
    trigger_event: str = "",
    purpose: str,
    subject: str = "",
    html: str = "",
    text: str = "",
    template_key: str = "",
    conditions: dict[str, Any] | None = None,
    trigger: dict[str, Any] | None = None,
    rules: dict[str, Any] | None = None,
    also_for: Sequence[str] = (),
    topic: str = "",
    goal: dict[str, Any] | None = None,
) -> Campaign:
    """A draft, triggered by an event unless `trigger` says by what else. Raises CampaignInvalid, RulesInvalid, ConditionInvalid, PurposeUnknown."""
    campaign = Campaign(
        workspace_id=workspace_id,
        name=name,
        trigger_event=trigger_event,
        conditions=conditions,
        trigger=trigger,
        rules=rules or {},
        purpose=purpose,
        also_for=list(also_for),
        topic=topic,
        goal=goal,
        template_key=template_key,
        subject=subject,
        html=html,
        text=text,
    )
    _tidy(campaign)
    campaign.save()
    return campaign


def update_campaign(campaign: Campaign, **changes: Any) -> Campaign:
    """Change the draft; what was published goes on as it is until it is published again. `changes` are fields of DRAFT.

    Raises CampaignInvalid, GoalInvalid, ConditionInvalid, PurposeUnknown.
    """
    unknown = set(changes) - set(DRAFT)
    if unknown:
        raise CampaignInvalid(f"$.{min(unknown)}: this is no field of a draft.")
    with transaction.atomic():
        row = _lock(campaign)
        for field, value in changes.items():
            setattr(row, field, value)
        _tidy(row)
        row.has_changes = _differs(row)
        row.save()
    return row


def delete_campaign(campaign: Campaign) -> None:
    """Remove a draft. Raises CampaignStateWrong for one that was published: its messages name it, so it can only be paused."""
    with transaction.atomic():
        row = _lock(campaign)
        if row.template_id is not None:
            raise CampaignStateWrong("This campaign was published and its messages name it, so it cannot be deleted: pause it.")
        row.delete()


def mark_behind(workspace_id: int, key: str) -> None:
    """A template was published anew: the campaigns that are made with it go on with the version they have until they are published, too."""
    Campaign.objects.filter(workspace_id=workspace_id, template_key=key, template_id__isnull=False).update(has_changes=True)


def _lock(campaign: Campaign) -> Campaign:
    """The row as it is now, so that two members who save at once do not undo each other's state."""
    return Campaign.objects.select_for_update().get(pk=campaign.pk, workspace_id=campaign.workspace_id)


def _tidy(campaign: Campaign) -> None:
    """Bring the draft into its form, or refuse it."""
    campaign.name = campaign.name.strip()
    campaign.trigger_event = fold_event_name(campaign.trigger_event)
    if not campaign.name or len(campaign.name) > LONGEST_NAME:
        raise CampaignInvalid(f"$.name: give the campaign a name of at most {LONGEST_NAME} characters.")
    trigger, rules = read_trigger(campaign.trigger), read_rules(campaign.rules or {})
    campaign.trigger, campaign.rules = to_plain(trigger), to_plain(rules)
    if trigger is not None:
        campaign.trigger_event, campaign.conditions = "", None
    elif not campaign.trigger_event or len(campaign.trigger_event) > LONGEST_EVENT:
        raise CampaignInvalid(f"$.trigger_event: name the event that triggers it, with at most {LONGEST_EVENT} characters.")
    if len(campaign.template_key) > LONGEST_KEY:
        raise CampaignInvalid("$.template_key: the key of a stored template, or nothing.")
    if len(campaign.subject) > LONGEST_SUBJECT:
        raise CampaignInvalid(f"$.subject: write at most {LONGEST_SUBJECT} characters.")
    if campaign.conditions is not None and "\\u0000" in json.dumps(campaign.conditions):
        raise CampaignInvalid("$.conditions: a text holds the character NUL: remove it.")
    if any("\0" in getattr(campaign, field) for field in ("name", "trigger_event", "template_key", "subject", "html", "text")):
        raise CampaignInvalid("$: a text holds the character NUL, which no mail may: remove it.")
    campaign.goal = keep_goal(campaign.goal)
    check_purpose(campaign)
    campaign.also_for = sorted({purpose for purpose in campaign.also_for if purpose != campaign.purpose})
    check_conditions(campaign)


def check_purpose(campaign: Campaign) -> None:
    """Raises PurposeUnknown, CampaignInvalid for a topic of another purpose."""
    catalog = load_catalog(campaign.workspace_id)
    for purpose in (campaign.purpose, *campaign.also_for):
        catalog.require(purpose)
    topic = catalog.topics.get(campaign.topic)
    if campaign.topic and (topic is None or topic.archived or topic.purpose != campaign.purpose):
        raise CampaignInvalid("$.topic: choose a topic of the campaign's purpose that is in use, or none.")


def check_conditions(campaign: Campaign) -> None:
    """Raises ConditionInvalid with the place."""
    if campaign.conditions is not None:
        check_condition(campaign.conditions, "$.conditions")


def template_of(campaign: Campaign) -> Template | None:
    """What its messages are rendered from; None: it was never published."""
    return Template.objects.filter(pk=campaign.template_id, workspace_id=campaign.workspace_id).first() if campaign.template_id else None


def _differs(campaign: Campaign) -> bool:
    """Whether events would meet something else if the draft were published."""
    if campaign.template_id is None:
        return False
    template = template_of(campaign)
    if template is None or campaign.published != plain_rule(campaign):
        return True
    if (template.also_for, template.topic) != (campaign.also_for, campaign.topic):
        return True
    if campaign.template_key:
        return template.made_from != find_version_id(campaign.workspace_id, campaign.template_key)
    return template.made_from is not None or template.written_mail != EmailTemplate(campaign.subject, campaign.html, campaign.text)
