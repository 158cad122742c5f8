"""Trying drafts: a campaign or a newsletter as a real or made-up person would get it, and a test of it to a member of the workspace."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field, StringConstraints

from troth.api.access import READ_PEOPLE, WRITE_CAMPAIGNS, may, workspace_of
from troth.api.errors import ScopeMissing
from troth.api.persons import resolve
from troth.api.schemas import Input, problems
from troth.campaigns.draft_trials import DraftTrial, find_hindrance, parts_of, subject_of, try_campaign, try_newsletter
from troth.campaigns.editing import find_campaign
from troth.campaigns.newsletters.editing import find_newsletter
from troth.campaigns.trials import Sample, TrialRefused, make_sample, send_trial_to_member
from troth.kernel.clock import now_ms
from troth.workspaces.models import Workspace

router = Router(tags=["campaigns", "newsletters"])
Address = Annotated[str, StringConstraints(min_length=3, max_length=320)]


class TrialIn(Input):
    """With whom a draft is tried: somebody real (needs `people:read`), made up, or both, where what is made up is laid over what is known."""

    person: Annotated[str, StringConstraints(max_length=320)] = Field("", description="Any identifier of a real person.")
    made_up: dict[str, Any] | None = Field(
        None, description="A person as templates know one.", examples=[{"first_name": "Dana", "plan": "pro"}]
    )


class CampaignTrialIn(TrialIn):
    """With which event, too."""

    properties: dict[str, Any] | None = Field(None, description="Of the triggering event; null: those of the real person's latest.")


class NewsletterTrialIn(TrialIn):
    """Which variant of it."""

    variant: Annotated[str, StringConstraints(max_length=20)] = Field("", description="Empty: the first.")


class CampaignTestIn(CampaignTrialIn):
    """Where to."""

    to: Address = Field(description="The address that a member of the workspace logs in with.")


class NewsletterTestIn(NewsletterTrialIn):
    """Where to."""

    to: Address = Field(description="The address that a member of the workspace logs in with.")


class DraftReadsOut(Schema):
    """Something that the draft reads."""

    kind: str
    name: str
    collected_for: str
    covered: bool
    places: str


class DraftTrialOut(Schema):
    """What the person would get, and whether. Nothing is stored."""

    subject: str = Field(description="The title, of what is no mail.")
    html: str
    text: str
    url: str
    faults: list[str] = Field(description="Why there is nothing to show, with part, line and column.")
    would_get_it: bool | None = Field(description="As things stand now; null: there is no such person, or nothing to show.")
    why_not: str = Field(
        description="`PURPOSE: REASON` as the gate says it, `segment: not in it`, `conditions: not met`, or `address: none`."
    )
    uncovered: list[str] = Field(
        description="What it reads that was collected for another purpose, which keeps it from being published or started."
    )
    reads: list[DraftReadsOut]


class TestSentOut(Schema):
    """A test that was handed over."""

    subject: str


@router.post("/campaigns/{campaign_id}/preview", auth=WRITE_CAMPAIGNS, response={200: DraftTrialOut, **problems(403, 404, 409)})
def preview_campaign(request: HttpRequest, campaign_id: int, trial: CampaignTrialIn) -> DraftTrialOut:
    """The draft of a campaign as a real or made-up person would get it. Its way to unsubscribe leads nowhere."""
    now = now_ms()
    return _show(_try_campaign(request, campaign_id, trial, now), now)


@router.post("/campaigns/{campaign_id}/test", auth=WRITE_CAMPAIGNS, response={200: TestSentOut, **problems(403, 404, 409)})
def test_campaign(request: HttpRequest, campaign_id: int, trial: CampaignTestIn) -> TestSentOut:
    """Send the draft to a member, `[Test]` before its subject. Its way to unsubscribe leads nowhere."""
    now = now_ms()
    return _send(request, _try_campaign(request, campaign_id, trial, now), trial.to, now)


@router.post("/newsletters/{newsletter_id}/preview", auth=WRITE_CAMPAIGNS, response={200: DraftTrialOut, **problems(403, 404, 409)})
def preview_newsletter(request: HttpRequest, newsletter_id: int, trial: NewsletterTrialIn) -> DraftTrialOut:
    """A variant of a newsletter as a real or made-up person would get it. Its way to unsubscribe leads nowhere."""
    now = now_ms()
    return _show(_try_newsletter(request, newsletter_id, trial, now), now)


@router.post("/newsletters/{newsletter_id}/test", auth=WRITE_CAMPAIGNS, response={200: TestSentOut, **problems(403, 404, 409)})
def test_newsletter(request: HttpRequest, newsletter_id: int, trial: NewsletterTestIn) -> TestSentOut:
    """Send a variant to a member, `[Test]` before its subject. Its way to unsubscribe leads nowhere."""
    now = now_ms()
    return _send(request, _try_newsletter(request, newsletter_id, trial, now), trial.to, now)


def _try_campaign(request: HttpRequest, campaign_id: int, trial: CampaignTrialIn, now: int) -> DraftTrial:
    campaign = find_campaign(workspace_of(request), campaign_id)
    return try_campaign(campaign, _sample(request, trial, now, event=campaign.trigger_event, properties=trial.properties), now)


def _try_newsletter(request: HttpRequest, newsletter_id: int, trial: NewsletterTrialIn, now: int) -> DraftTrial:
    newsletter = find_newsletter(workspace_of(request), newsletter_id)
    return try_newsletter(newsletter, trial.variant, _sample(request, trial, now), now)


def _sample(request: HttpRequest, trial: TrialIn, now: int, *, event: str = "", properties: dict[str, Any] | None = None) -> Sample:
    if trial.person and not may(request, READ_PEOPLE.scope):
        raise ScopeMissing(READ_PEOPLE.scope)
    subject = resolve(workspace_of(request), trial.person) if trial.person else None
    return make_sample(subject, trial.made_up, event=event, properties=properties, now=now)


def _show(trial: DraftTrial, now: int) -> DraftTrialOut:
    is_real = trial.rendered is not None and trial.sample is not None and trial.sample.subject is not None
    why_not = find_hindrance(trial, now) if is_real else ""
    return DraftTrialOut(
        **parts_of(trial.rendered),
        faults=trial.faults,
        uncovered=[str(fault) for fault in trial.uncovered],
        would_get_it=not why_not if is_real else None,
        why_not=why_not,
        reads=[
            DraftReadsOut(kind=one.kind, name=one.name, collected_for=one.purpose, covered=one.tone != "bad", places=one.places)
            for one in trial.readings
        ],
    )


def _send(request: HttpRequest, trial: DraftTrial, to: str, now: int) -> TestSentOut:
    if trial.rendered is None:
        raise TrialRefused(f"The test was not sent. {' '.join(trial.faults)}")
    send_trial_to_member(Workspace.objects.get(pk=workspace_of(request)), trial.rendered, to, now, subject=subject_of(trial))
    return TestSentOut(subject=parts_of(trial.rendered)["subject"])
