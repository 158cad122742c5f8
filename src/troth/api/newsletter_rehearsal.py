"""What sending a newsletter would come to, as things stand; nothing is sent or stored."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from troth.api.access import WRITE_CAMPAIGNS, may, workspace_of
from troth.api.schemas import Input, Time, problems, show_time
from troth.api.why import LinkOut, show_links
from troth.campaigns.newsletter_rehearsal import MOST, WOULD, rehearse_newsletter
from troth.campaigns.newsletters.editing import find_newsletter
from troth.kernel.clock import HOUR, iso, now_ms

router = Router(tags=["newsletters"])
FARTHEST = 100_000
"""People that one call looks at; the command looks at any number."""


class NewsletterRehearsalIn(Input):
    """How many people are looked at."""

    most: int = Field(MOST, ge=1, le=FARTHEST, description="Of more people, some are looked at, as chance has them.")


class WouldSampleOut(Schema):
    """One person and what would become of their mail."""

    person_id: str
    due_at: Time | None = Field(description="When it would go out.")
    says: str
    links: list[LinkOut] = Field(description="The chain of decisions, as *why* tells it.")


class WouldOut(Schema):
    """How many people it would come to this for."""

    outcome: str = Field(description="`sent`, or the reason.")
    people: int
    samples: list[WouldSampleOut] = Field(description="Only for keys that may read people.")


class NewsletterRehearsalOut(Schema):
    """What would be; nothing was sent or stored."""

    begins: Time
    people: int = Field(description="Who are in its segment, or everybody.")
    looked_at: int
    is_whole: bool = Field(description="false: only some of them were looked at, as chance has them.")
    outcomes: list[WouldOut] = Field(description="They add up to the people looked at.")
    variants: dict[str, int] = Field(description="What would be sent, by variant; `waits`: the better one, once it is known.")
    put_off: int = Field(description="Of what would be sent, what hours put off.")
    by_hour: dict[str, int] = Field(description="What would go out, by hour (UTC), of the first fourteen days.")
    later: int = Field(description="What would go out after these.")
    decides: Time | None = Field(description="When the test of the variants would be over.")
    ends: Time | None = Field(description="When the last would go out, by its times and by the pace of the way out.")
    waits_for: str = Field(description="What it would wait for if it began now; empty: nothing.")
    held: str = Field(
        description="Why nothing would go out to the persons as the workspace is now: `sending_off`, `test_mode`, `stopped:…`."
    )


@router.post("/newsletters/{newsletter_id}/rehearsal", auth=WRITE_CAMPAIGNS, response={200: NewsletterRehearsalOut, **problems(404, 409)})
def rehearse(request: HttpRequest, newsletter_id: int, wanted: NewsletterRehearsalIn) -> NewsletterRehearsalOut:
    """Who would get it, at which hour, and why others would not, as things stand. Nothing is sent or stored.

    Refused with what starting it would be refused for.
    """
    told = rehearse_newsletter(find_newsletter(workspace_of(request), newsletter_id), now=now_ms(), most=wanted.most)
    shows = may(request, "people:read")
    return NewsletterRehearsalOut(
        begins=iso(told.begins),
        people=told.people,
        looked_at=told.looked_at,
        is_whole=told.is_whole,
        outcomes=[
            WouldOut(
                outcome="sent" if outcome == WOULD else outcome,
                people=number,
                samples=[
                    WouldSampleOut(
                        person_id=str(one.person_id), due_at=show_time(one.due_at), says=one.story.says, links=show_links(one.story.links)
                    )
                    for one in (told.samples[outcome] if shows else ())
                ],
            )
            for outcome, number in told.outcomes.most_common()
        ],
        variants=dict(told.variants),
        put_off=told.put_off,
        by_hour={f"{iso(hour * HOUR)[:13]}:00Z": number for hour, number in sorted(told.by_hour.items())},
        later=told.later,
        decides=show_time(told.decides),
        ends=show_time(told.ends),
        waits_for=told.waits_for,
        held=told.held,
    )
