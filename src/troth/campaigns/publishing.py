"""Creating, publishing and pausing campaigns. What is broken is refused at publish, never found at send."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from troth.campaigns.models import Campaign, CampaignState
from troth.consent.catalog import load_catalog
from troth.content.email_template import EmailTemplate
from troth.content.models import Template
from troth.kernel.errors import TrothError
from troth.people.event_names import fold_event_name
from troth.segments.conditions import check_condition


class CampaignInvalid(TrothError):
    """A campaign that cannot be saved; the message names the field."""


def create_campaign(
    workspace_id: int,
    *,
    name: str,
    trigger_event: str,
    purpose: str,
    subject: str,
    html: str,
    text: str = "",
    conditions: dict[str, Any] | None = None,
) -> Campaign:
    """A draft. Raises CampaignInvalid, ConditionInvalid, PurposeUnknown."""
    event = fold_event_name(trigger_event)
    if not name.strip():
        raise CampaignInvalid("$.name: give the campaign a name.")
    if not event or len(event) > 255:
        raise CampaignInvalid("$.trigger_event: name the event that triggers it, with at most 255 characters.")
    load_catalog(workspace_id).require(purpose)
    if conditions is not None:
        check_condition(conditions, "$.conditions")
    return Campaign.objects.create(
        workspace_id=workspace_id,
        name=name.strip(),
        trigger_event=event,
        conditions=conditions,
        purpose=purpose,
        subject=subject,
        html=html,
        text=text,
    )


def publish_campaign(campaign: Campaign) -> Campaign:
    """Check the template and let the campaign react to events from now on. Raises TemplateInvalid with line and column."""
    EmailTemplate(subject=campaign.subject, html=campaign.html, text=campaign.text).check()
    with transaction.atomic():
        template = Template.objects.create(
            workspace_id=campaign.workspace_id, subject=campaign.subject, html=campaign.html, text=campaign.text
        )
        campaign.template_id = template.pk
        campaign.state = CampaignState.PUBLISHED
        campaign.save()
    return campaign


def pause_campaign(campaign: Campaign) -> Campaign:
    """Stop reacting to events; what is queued goes out."""
    campaign.state = CampaignState.PAUSED
    campaign.save()
    return campaign
