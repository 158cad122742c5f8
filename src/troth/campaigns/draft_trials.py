"""A draft of a campaign or a newsletter, tried: what somebody would get, whether they would get it now, and what is read for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from troth.campaigns.models import Campaign, Newsletter
from troth.campaigns.newsletters.editing import plan_of_newsletter
from troth.campaigns.newsletters.plan import find_variant
from troth.campaigns.publishing import plan_of
from troth.campaigns.purpose_checking import Plan, find_further_purposes, find_readings, find_uncovered
from troth.campaigns.rules import read_rules
from troth.campaigns.trials import Rendered, Sample, ask_gate, render_sample
from troth.consent.catalog import load_catalog
from troth.consent.gate import Verdict
from troth.consent.refusing import PurposeNotCovered
from troth.content.email_template import RenderedEmail
from troth.content.publishing import compile_content
from troth.content.reading import Read
from troth.content.short_text import ShortTemplate
from troth.kernel.errors import TrothError
from troth.kernel.personal_data import Subject
from troth.messages.channels.port import Medium
from troth.segments.conditions import holds
from troth.segments.membership import is_member


class Written(NamedTuple):
    """What is to be sent, as it stands in a form."""

    medium: str
    template: str
    """The key of a stored one; empty: what is written inline."""
    inline: Mapping[str, str]


@dataclass(frozen=True)
class Reads:
    """Something that a campaign reads, for its author: what it was collected for and what follows (`good`, `info` or `bad`)."""

    kind: str
    name: str
    purpose: str
    tone: str
    places: str


@dataclass(frozen=True)
class DraftTrial:
    """A draft tried with a person and an event. `faults` say why there is nothing to show, or what of the input was left out."""

    rendered: Rendered | None = None
    faults: list[str] = field(default_factory=list)
    sample: Sample | None = None
    verdicts: list[Verdict] = field(default_factory=list)
    plan: Plan | None = None
    readings: list[Reads] = field(default_factory=list)
    uncovered: list[PurposeNotCovered] = field(default_factory=list)
    medium: str = Medium.EMAIL

    @property
    def denied(self) -> Verdict | None:
        """Why the person would get nothing now."""
        return next((verdict for verdict in self.verdicts if not verdict.allow), None)

    @property
    def is_short(self) -> bool:
        """Whether it is no mail."""
        return isinstance(self.rendered, ShortTemplate)


def try_draft(written: Written, make_plan: Callable[[list[Read]], Plan], sample: Sample, now: int, *, chooses: bool = True) -> DraftTrial:
    """The draft with a person, whatever of it is not valid yet; `make_plan` says what it is for, given what its content reads.

    `chooses`: whether people are chosen by what they did.
    """
    workspace_id, faults, reads, content, rendered = make_plan([]).workspace_id, list[str](), list[Read](), None, None
    try:
        content, reads = compile_content(workspace_id, written.template, written.inline, is_mail=written.medium == Medium.EMAIL)
    except TrothError as error:
        faults.append(str(error))
    plan = make_plan(reads)
    rule = load_catalog(workspace_id).purposes.get(plan.purpose)
    try:
        rendered = None if content is None else render_sample(content, sample, is_marketing=rule is None or rule.is_marketing)
    except TrothError as error:
        faults.append(str(error))
    subject = sample.subject
    return DraftTrial(
        rendered=rendered,
        faults=faults,
        sample=sample,
        verdicts=ask_gate(subject, plan.purpose, now, find_further_purposes(plan), chooses=chooses) if subject else [],
        plan=plan,
        readings=describe_readings(plan),
        uncovered=find_uncovered(plan),
        medium=written.medium,
    )


def try_campaign(campaign: Campaign, sample: Sample, now: int) -> DraftTrial:
    """A campaign's draft with a person and an event."""
    inline = {"subject": campaign.subject, "html": campaign.html, "text": campaign.text}
    medium = read_rules(campaign.rules or {}).medium
    plan = plan_of(campaign)
    return try_draft(Written(medium, campaign.template_key, inline), lambda reads: replace(plan, reads=reads), sample, now)


def try_newsletter(newsletter: Newsletter, key: str, sample: Sample, now: int) -> DraftTrial:
    """A variant of a newsletter with a person; without a key the first. Raises NewsletterInvalid."""
    variant = find_variant(newsletter.variants, key)
    written = Written(newsletter.medium, variant.template, variant.inline)
    return try_draft(written, lambda reads: plan_of_newsletter(newsletter, reads), sample, now, chooses=newsletter.segment_id is not None)


def is_outside(trial: DraftTrial, now: int) -> bool:
    """Whether the person is not in the segment that the draft is for."""
    if trial.sample is None or trial.sample.subject is None or trial.plan is None or trial.plan.segment_id is None:
        return False
    subject = trial.sample.subject
    return not is_member(subject.workspace_id, trial.plan.segment_id, subject.person_id, now=now)


def is_triggered(trial: DraftTrial) -> bool:
    """Whether the conditions hold for the event that it is tried with, if it is with one."""
    if trial.plan is None or trial.plan.conditions is None or trial.sample is None:
        return True
    return not (trial.sample.is_written or trial.sample.is_latest) or holds(trial.plan.conditions, trial.sample.properties)


def find_hindrance(trial: DraftTrial, now: int) -> str:
    """Why a real person would not get it now: `PURPOSE: REASON` as the gate says it, or the first of the other reasons; empty: they would."""
    if trial.denied:
        return f"{trial.denied.purpose}: {trial.denied.reason}"
    if is_outside(trial, now):
        return "segment: not in it"
    if not is_triggered(trial):
        return "conditions: not met"
    has_no_address = trial.medium == Medium.EMAIL and trial.sample is not None and not trial.sample.person.get("email")
    return "address: none" if has_no_address else ""


def subject_of(trial: DraftTrial) -> Subject | None:
    """The real person as whom a draft was tried."""
    return trial.sample.subject if trial.sample else None


def parts_of(rendered: Rendered | None) -> dict[str, str]:
    """What was rendered as text by part: `subject` (the title, of what is no mail), `html`, `text`, `url`."""
    if isinstance(rendered, RenderedEmail):
        return {"subject": rendered.subject, "html": rendered.html, "text": rendered.text, "url": ""}
    if rendered is None:
        return dict.fromkeys(("subject", "html", "text", "url"), "")
    return {"subject": rendered.title, "html": "", "text": rendered.body, "url": rendered.url}


def describe_readings(plan: Plan) -> list[Reads]:
    """What a campaign or newsletter reads, in the order of its places."""
    catalog = load_catalog(plan.workspace_id)
    return [
        Reads(
            kind=reading.use.datum.kind.value,
            name=reading.use.datum.name,
            purpose=rule.name if (rule := catalog.rule(reading.use.collected_for)) else reading.use.collected_for,
            tone="bad" if reading.use.fault else "info" if reading.use.needs else "good",
            places=", ".join(map(str, reading.places)),
        )
        for reading in find_readings(plan, catalog)
    ]
