"""Why somebody got a campaign's message, or did not, in words; and what a draft would have done in the past."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec
from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from troth.api.access import READ_MESSAGES, WRITE_CAMPAIGNS, may, workspace_of
from troth.api.persons import resolve
from troth.api.schemas import Input, PersonRef, problems
from troth.campaigns.editing import find_campaign
from troth.campaigns.newsletters.editing import find_newsletter
from troth.campaigns.rehearsal import MOST_DAYS, WOULD, rehearse
from troth.campaigns.why import Link, Story, tell_all, tell_message, tell_why
from troth.campaigns.why_newsletter import tell_newsletter
from troth.kernel.clock import DAY, iso, now_ms

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

    campaign: int | None
    newsletter: int | None
    about: str = Field(description="`message`, `event` (it came and led to none), `nothing` (none came), or `now`.")
    at: str | None
    says: str
    message_id: str | None
    state: str
    links: list[LinkOut]


@router.get("/people/{person}/why", auth=READ_MESSAGES, response={200: list[StoryOut], **problems(404, 409)})
def why(
    request: HttpRequest,
    person: PersonRef,
    campaign: Annotated[int | None, Query(description="The number of the campaign.")] = None,
    newsletter: Annotated[int | None, Query(description="The number of a newsletter, instead.")] = None,
    message: Annotated[int | None, Query(description="One message, whatever made it: a newsletter's too.", ge=1, lt=2**63)] = None,
) -> list[StoryOut]:
    """The latest that became of a campaign or newsletter for a person, sent or not, the newest first; at the end what would happen now.

    Without either, of all campaigns that were published, at most twenty.
    """
    workspace_id, now = workspace_of(request), now_ms()
    subject = resolve(workspace_id, person)
    if message is not None:
        return [_show(story) for story in tell_message(subject, message)]
    if newsletter is not None:
        own = find_newsletter(workspace_id, newsletter)
        return [_show(story, newsletter=own.pk) for story in tell_newsletter(subject, own, now)]
    if campaign is None:
        return [_show(story, campaign=own.pk) for own, stories in tell_all(subject, now) for story in stories]
    found = find_campaign(workspace_id, campaign)
    return [_show(story, campaign=found.pk) for story in tell_why(subject, found, now)]


def _show(story: Story, *, campaign: int | None = None, newsletter: int | None = None) -> StoryOut:
    return StoryOut(
        campaign=campaign,
        newsletter=newsletter,
        about=story.about,
        at=None if story.at is None else iso(story.at),
        says=story.says,
        message_id=None if story.message_id is None else str(story.message_id),
        state=story.state,
        links=show_links(story.links),
    )


def show_links(links: Iterable[Link]) -> list[LinkOut]:
    """A chain of decisions as the API tells it."""
    return [LinkOut(**{**msgspec.to_builtins(link), "at": None if link.at is None else iso(link.at)}) for link in links]


class RehearsalIn(Input):
    """How far back."""

    days: int = Field(30, ge=1, le=MOST_DAYS)


class SampleOut(Schema):
    """One person and what would have become of one occasion."""

    person_id: str
    at: str
    due_at: str | None = Field(description="When it would have gone out.")


class RehearsedOutcomeOut(Schema):
    """How many occasions would have come to this."""

    outcome: str = Field(description="`sent`, or the reason.")
    occasions: int
    samples: list[SampleOut] = Field(description="Only for keys that may read people.")


class RehearsalOut(Schema):
    """What would have been; nothing was sent or stored."""

    since: str
    until: str
    occasions: int
    people: int
    is_whole: bool = Field(description="false: only the first occasions were looked at, of people as chance has them.")
    is_known: bool = Field(description="false: the past of what triggers it is not recorded.")
    unrecorded: list[str] = Field(description="Conditions of the triggering segment whose past is not recorded: taken as they stand now.")
    outcomes: list[RehearsedOutcomeOut]
    by_day: dict[str, int] = Field(description="What would have gone out, by day (UTC).")


@router.post("/campaigns/{campaign_id}/rehearsal", auth=WRITE_CAMPAIGNS, response={200: RehearsalOut, **problems(404)})
def rehearsal(request: HttpRequest, campaign_id: int, wanted: RehearsalIn) -> RehearsalOut:
    """Run the draft on the recorded past: who would have got it, when, and why not. Nothing is sent or stored."""
    told = rehearse(find_campaign(workspace_of(request), campaign_id), days=wanted.days, now=now_ms())
    shows = may(request, "people:read")
    return RehearsalOut(
        since=iso(told.since),
        until=iso(told.until),
        occasions=told.occasions,
        people=told.people,
        is_whole=told.is_whole,
        is_known=told.is_known,
        unrecorded=told.unrecorded,
        outcomes=[
            RehearsedOutcomeOut(
                outcome="sent" if outcome == WOULD else outcome,
                occasions=number,
                samples=[
                    SampleOut(person_id=str(one.person_id), at=iso(one.at), due_at=None if one.due_at is None else iso(one.due_at))
                    for one in (told.samples[outcome] if shows else ())
                ],
            )
            for outcome, number in told.outcomes.most_common()
        ],
        by_day={iso(day * DAY)[:10]: number for day, number in sorted(told.by_day.items())},
    )
