"""Why somebody got a campaign's message, or did not: the chain of decisions, in words."""

from __future__ import annotations

from typing import Annotated

import msgspec
from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from troth.api.access import READ_MESSAGES, workspace_of
from troth.api.errors import NotFound
from troth.api.persons import resolve
from troth.api.schemas import PersonRef, problems
from troth.campaigns.publishing import CampaignUnknown, find_campaign
from troth.campaigns.why import Story, tell_all, tell_why
from troth.kernel.clock import iso, now_ms

router = Router(tags=["why"])


class LinkOut(Schema):
    """One link of the chain."""

    what: str = Field(
        description="What decided: `trigger`, `reentry`, `consent`, `unless`, `segment`, `cap`, `quiet_hours`, `hand_over`, …"
    )
    allow: bool | None = Field(description="null: neither for nor against.")
    says: str
    at: str | None


class StoryOut(Schema):
    """What became of one occasion, or would of one now."""

    campaign: int
    about: str = Field(description="`message`, `event` (it came and led to none), `nothing` (none came), or `now`.")
    at: str | None
    says: str
    message_id: str | None
    state: str
    links: list[LinkOut]


@router.get("/people/{person}/why", auth=READ_MESSAGES, response={200: list[StoryOut], **problems(404, 409)})
def why(
    request: HttpRequest, person: PersonRef, campaign: Annotated[int | None, Query(description="The number of the campaign.")] = None
) -> list[StoryOut]:
    """The latest that became of a campaign for a person, sent or not, the newest first; at the end what would happen now.

    Without a campaign, of all that were published, at most twenty.
    """
    workspace_id, now = workspace_of(request), now_ms()
    subject = resolve(workspace_id, person)
    if campaign is None:
        return [_show(own.pk, story) for own, stories in tell_all(subject, now) for story in stories]
    try:
        found = find_campaign(workspace_id, campaign)
    except CampaignUnknown as unknown:
        raise NotFound(str(unknown)) from None
    return [_show(found.pk, story) for story in tell_why(subject, found, now)]


def _show(campaign_id: int, story: Story) -> StoryOut:
    return StoryOut(
        campaign=campaign_id,
        about=story.about,
        at=None if story.at is None else iso(story.at),
        says=story.says,
        message_id=None if story.message_id is None else str(story.message_id),
        state=story.state,
        links=[LinkOut(**{**msgspec.to_builtins(link), "at": None if link.at is None else iso(link.at)}) for link in story.links],
    )
