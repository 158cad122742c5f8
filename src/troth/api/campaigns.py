"""Triggered campaigns: list, create, edit, publish, pause, resume, delete."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router, Status

from troth.api.access import WRITE_CAMPAIGNS, workspace_of
from troth.api.errors import Conflict
from troth.api.schemas import CampaignIn, CampaignOut, CampaignPatch, PlaceOut, ReadingOut, problems
from troth.campaigns.editing import CampaignStateWrong, create_campaign, delete_campaign, find_campaign, update_campaign
from troth.campaigns.models import Campaign
from troth.campaigns.publishing import pause_campaign, plan_of, publish_campaign, resume_campaign
from troth.campaigns.purpose_checking import Reading, find_readings
from troth.campaigns.sentence import tell_campaign
from troth.campaigns.versions import rule_of_draft
from troth.consent.catalog import load_catalog

router = Router(tags=["campaigns"])


@router.get("/campaigns", auth=WRITE_CAMPAIGNS, response={200: list[CampaignOut], **problems()})
def list_campaigns(request: HttpRequest) -> list[CampaignOut]:
    """All campaigns of the workspace."""
    return [show_campaign(row) for row in Campaign.objects.filter(workspace_id=workspace_of(request)).order_by("pk")]


@router.post("/campaigns", auth=WRITE_CAMPAIGNS, response={201: CampaignOut, **problems()})
def create(request: HttpRequest, campaign: CampaignIn) -> Status[CampaignOut]:
    """A draft; it does nothing before it is published."""
    return Status(201, show_campaign(create_campaign(workspace_of(request), **campaign.dict())))


@router.get("/campaigns/{campaign_id}", auth=WRITE_CAMPAIGNS, response={200: CampaignOut, **problems(404)})
def get_campaign(request: HttpRequest, campaign_id: int) -> CampaignOut:
    """One campaign."""
    return show_campaign(find_campaign(workspace_of(request), campaign_id))


@router.patch("/campaigns/{campaign_id}", auth=WRITE_CAMPAIGNS, response={200: CampaignOut, **problems(404)})
def update(request: HttpRequest, campaign_id: int, campaign: CampaignPatch) -> CampaignOut:
    """Change the draft. What was published goes on as it is until it is published again."""
    return show_campaign(update_campaign(find_campaign(workspace_of(request), campaign_id), **campaign.dict(exclude_unset=True)))


@router.delete("/campaigns/{campaign_id}", auth=WRITE_CAMPAIGNS, response={204: None, **problems(404, 409)})
def delete(request: HttpRequest, campaign_id: int) -> Status[None]:
    """Remove a draft. One that was published can only be paused: its messages name it."""
    try:
        delete_campaign(find_campaign(workspace_of(request), campaign_id))
    except CampaignStateWrong as wrong:
        raise Conflict(str(wrong)) from None
    return Status(204, None)


@router.post("/campaigns/{campaign_id}/publish", auth=WRITE_CAMPAIGNS, response={200: CampaignOut, **problems(404)})
def publish(request: HttpRequest, campaign_id: int) -> CampaignOut:
    """Check the draft and react to events from now on. A fault in the template is answered with part and line; so is data collected for another purpose."""
    return show_campaign(publish_campaign(find_campaign(workspace_of(request), campaign_id)))


@router.get("/campaigns/{campaign_id}/readings", auth=WRITE_CAMPAIGNS, response={200: list[ReadingOut], **problems(404)})
def list_readings(request: HttpRequest, campaign_id: int) -> list[ReadingOut]:
    """What the draft reads, what each of it is collected for, and whether the campaign's purposes cover it."""
    row = find_campaign(workspace_of(request), campaign_id)
    return [_show_reading(reading) for reading in find_readings(plan_of(row), load_catalog(row.workspace_id))]


@router.post("/campaigns/{campaign_id}/pause", auth=WRITE_CAMPAIGNS, response={200: CampaignOut, **problems(404)})
def pause(request: HttpRequest, campaign_id: int) -> CampaignOut:
    """Stop reacting to events; what is queued goes out."""
    return show_campaign(pause_campaign(find_campaign(workspace_of(request), campaign_id)))


@router.post("/campaigns/{campaign_id}/resume", auth=WRITE_CAMPAIGNS, response={200: CampaignOut, **problems(404, 409)})
def resume(request: HttpRequest, campaign_id: int) -> CampaignOut:
    """React to events again, as it was published last; refused when it reads data that was assigned to another purpose meanwhile."""
    try:
        return show_campaign(resume_campaign(find_campaign(workspace_of(request), campaign_id)))
    except CampaignStateWrong as wrong:
        raise Conflict(str(wrong)) from None


def show_campaign(row: Campaign) -> CampaignOut:
    """A campaign as the API tells it."""
    return CampaignOut(
        id=row.pk,
        name=row.name,
        state=row.state,
        trigger_event=row.trigger_event,
        conditions=row.conditions,
        trigger=row.trigger,
        rules=row.rules,
        purpose=row.purpose,
        also_for=row.also_for,
        topic=row.topic,
        goal=row.goal,
        template_key=row.template_key,
        subject=row.subject,
        html=row.html,
        text=row.text,
        has_changes=row.has_changes,
        says=tell_campaign(rule_of_draft(row)),
    )


def _show_reading(reading: Reading) -> ReadingOut:
    use = reading.use
    return ReadingOut(
        kind=use.datum.kind.value,
        name=use.datum.name,
        collected_for=use.collected_for,
        covered=use.fault is None,
        fault=use.fault.value if use.fault else None,
        needs=use.needs or None,
        places=[PlaceOut(part=at.part, spelled=at.spelled, path=at.path, line=at.line, column=at.column) for at in reading.places],
    )
