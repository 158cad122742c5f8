"""A draft of a campaign or a newsletter, tried: what somebody would get, whether they would get it now, and what is read for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from troth.campaigns.purpose_checking import Plan, find_further_purposes, find_readings, find_uncovered
from troth.campaigns.trials import ask_gate
from troth.consent.catalog import load_catalog
from troth.consent.gate import Verdict
from troth.consent.refusing import PurposeNotCovered
from troth.console.trying import Rendered, Sample, render_sample
from troth.content.publishing import compile_content
from troth.content.reading import Read
from troth.content.short_text import ShortTemplate
from troth.kernel.errors import TrothError
from troth.messages.channels.port import Medium


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
