"""The versions of campaigns: what was published, how it differs, and writing it into the draft again."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from troth.api.access import WRITE_CAMPAIGNS, workspace_of
from troth.api.campaigns import show_campaign
from troth.api.schemas import CampaignOut, Time, problems
from troth.api.template_schemas import DiffOut
from troth.campaigns.editing import find_campaign
from troth.campaigns.models import Campaign
from troth.campaigns.published import (
    Published,
    compare_published,
    compare_with_draft,
    find_published,
    list_published_versions,
    restore_published,
)
from troth.campaigns.sentence import tell_campaign
from troth.campaigns.versions import make_rule
from troth.kernel.clock import iso

router = Router(tags=["campaigns"])


class CampaignVersionRow(Schema):
    """A publishing of a campaign; they are counted from 1."""

    version: int
    published_at: Time
    author: int | None = Field(description="The number of the member who published it; null: a key, or the command line.")


class CampaignVersionOut(CampaignVersionRow):
    """A campaign as it was published. Name and goal take effect at once, so they are in no version."""

    is_latest: bool = Field(description="Whether it is what was published last.")
    trigger_event: str
    conditions: dict[str, Any] | None
    trigger: dict[str, Any] | None
    rules: dict[str, Any]
    purpose: str
    also_for: list[str]
    topic: str
    template_key: str
    template_version: int | None = Field(description="Which version of the stored template is sent; null: the mail stands here.")
    subject: str
    html: str
    text: str
    says: str = Field(description="What it does, in plain words.")


@router.get("/campaigns/{campaign_id}/versions", auth=WRITE_CAMPAIGNS, response={200: list[CampaignVersionRow], **problems(404)})
def list_campaign_versions(request: HttpRequest, campaign_id: int) -> list[CampaignVersionRow]:
    """The latest 200 publishings, the last first."""
    found = list_published_versions(_find(request, campaign_id))
    return [CampaignVersionRow(version=one.number, published_at=iso(one.at), author=one.author or None) for one in found]


@router.get("/campaigns/{campaign_id}/versions/{version}", auth=WRITE_CAMPAIGNS, response={200: CampaignVersionOut, **problems(404)})
def get_campaign_version(request: HttpRequest, campaign_id: int, version: int) -> CampaignVersionOut:
    """The campaign as it was published once."""
    own = _find(request, campaign_id)
    return _show(own, find_published(own, version))


@router.get("/campaigns/{campaign_id}/versions/{version}/diff", auth=WRITE_CAMPAIGNS, response={200: DiffOut, **problems(404)})
def diff_campaign_version(
    request: HttpRequest,
    campaign_id: int,
    version: int,
    against: Annotated[int | None, Query(description="Another version, instead of the draft.")] = None,
) -> DiffOut:
    """What the draft, or another version, changes against a version: the lines that differ, by field."""
    own = _find(request, campaign_id)
    before = find_published(own, version)
    changes = compare_with_draft(own, before) if against is None else compare_published(before, find_published(own, against))
    return DiffOut(changes=changes)


@router.post("/campaigns/{campaign_id}/versions/{version}/restore", auth=WRITE_CAMPAIGNS, response={200: CampaignOut, **problems(404)})
def restore_campaign_version(request: HttpRequest, campaign_id: int, version: int) -> CampaignOut:
    """Write a version into the draft again; nothing is published. Refused as a change would be where it cannot be kept any more."""
    return show_campaign(restore_published(_find(request, campaign_id), version))


def _find(request: HttpRequest, campaign_id: int) -> Campaign:
    return find_campaign(workspace_of(request), campaign_id)


def _show(own: Campaign, found: Published) -> CampaignVersionOut:
    return CampaignVersionOut(
        version=found.number,
        published_at=iso(found.published_at),
        author=found.author or None,
        is_latest=found.is_latest,
        template_version=found.template_version or None,
        says=tell_campaign(make_rule(own.pk, own.workspace_id, own.template_id or 0, found.rule)),
        **found.written,
    )
