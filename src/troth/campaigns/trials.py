"""Trying a mail before it is published: rendered as a real person, shown to a member or sent to the member's own address.

What is rendered here is the same code and data as at sending; only the unsubscribe link leads nowhere, so that trying withdraws nobody's consent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from troth.consent.catalog import PROFILING, load_catalog
from troth.consent.decisions import load_facts
from troth.consent.gate import Operation, Verdict, decide
from troth.content.email_template import EmailTemplate, RenderedEmail, render_email
from troth.content.errors import ContentError, TemplateInvalid
from troth.content.short_text import ShortTemplate, render_short
from troth.kernel.clock import iso
from troth.kernel.errors import TrothError
from troth.kernel.personal_data import Subject
from troth.messages.direct import NotSent, find_way, send_direct
from troth.messages.mail import TEST_MARK
from troth.messages.unsubscribe_links import make_test_url
from troth.people.event_names import fold_event_name
from troth.people.identifiers import EMAIL, EXTERNAL_ID
from troth.people.lookup import latest_events
from troth.people.queries import load_identifiers, load_profiles
from troth.privacy.disclosures.log import note_trial
from troth.workspaces.models import Member, Workspace

Rendered = RenderedEmail | ShortTemplate
LOOKED_AT = 100
"""A person's latest events among which one of the triggering name is looked for."""


class TrialRefused(TrothError):
    """A test that was not sent; the message says what to do."""


class NotAMember(TrothError):
    """A test for somebody who is no member."""

    def __init__(self) -> None:
        super().__init__("$.to: a test goes to members of the workspace alone: give the address that one of them logs in with.")


@dataclass(frozen=True)
class Sample:
    """With whom and with which event a draft is tried."""

    event: str
    at: int
    subject: Subject | None = None
    """None: nobody who exists."""
    person: dict[str, Any] = field(default_factory=dict)
    """What templates know as `person`; made up is laid over what is known."""
    properties: dict[str, Any] = field(default_factory=dict)
    is_written: bool = False
    """Whether the event's properties were written by whoever tries it."""
    is_latest: bool = False
    """Whether they are those of the person's latest event."""


def make_sample(
    subject: Subject | None, made_up: dict[str, Any] | None, *, event: str, properties: dict[str, Any] | None, now: int
) -> Sample:
    """A real person, somebody made up, or both, and an event; without properties it is the person's latest of that name. `now` in milliseconds."""
    person = {**(describe_person(subject) if subject else {}), **(made_up or {})}
    if properties is None and subject and event and (latest := find_sample_event(subject, event)):
        return Sample(event, latest[0], subject, person, latest[1], is_latest=True)
    return Sample(event, now, subject, person, properties or {}, is_written=properties is not None)


def describe_person(subject: Subject) -> dict[str, Any]:
    """What templates know as `person`."""
    attributes = load_profiles([subject.person_id]).get(subject.person_id, ({}, []))[0]
    handles = {handle.kind: handle.value for handle in load_identifiers([subject.person_id]).get(subject.person_id, [])}
    return {**attributes, "id": handles.get(EXTERNAL_ID), "email": handles.get(EMAIL)}


def find_sample_event(subject: Subject, name: str) -> tuple[int, dict[str, Any]] | None:
    """When a person last caused such an event, in milliseconds, and its properties; None where it is not among their latest."""
    folded = fold_event_name(name)
    return next(((event.ts, dict(event.properties)) for event in latest_events(subject, LOOKED_AT) if event.name == folded), None)


def render_trial(
    mail: EmailTemplate, person: dict[str, Any], *, event: str, properties: dict[str, Any], at: int, is_marketing: bool
) -> RenderedEmail:
    """The mail as the person would get it for such an event. Raises ContentError, which names the part where it knows it."""
    variables = _variables(person, event, properties, at)
    try:
        return render_email(mail, variables, unsubscribe_url=make_test_url() if is_marketing else None)
    except TemplateInvalid as error:
        raise _with_part(mail, variables, error) from None


def render_short_trial(
    short: ShortTemplate, person: dict[str, Any], *, event: str, properties: dict[str, Any], at: int, is_marketing: bool
) -> ShortTemplate:
    """The same for a short message, of push, SMS or a webhook. Raises ContentError."""
    return render_short(short, _variables(person, event, properties, at), unsubscribe_url=make_test_url() if is_marketing else None)


def render_sample(content: EmailTemplate | ShortTemplate, sample: Sample, *, is_marketing: bool) -> Rendered:
    """What this person would get. Raises ContentError, which names the part where it knows it."""
    told: dict[str, Any] = {"event": sample.event, "properties": sample.properties, "at": sample.at, "is_marketing": is_marketing}
    return (
        render_trial(content, sample.person, **told)
        if isinstance(content, EmailTemplate)
        else render_short_trial(content, sample.person, **told)
    )


def _variables(person: dict[str, Any], event: str, properties: dict[str, Any], at: int) -> dict[str, Any]:
    return {"person": person, "user": person, "event": {"name": fold_event_name(event), "at": iso(at), "properties": properties}}


def _with_part(mail: EmailTemplate, variables: dict[str, Any], error: TemplateInvalid) -> TemplateInvalid:
    for part in ("subject", "html", "text"):
        try:
            mail.render_part(part, variables)
        except ContentError:
            return TemplateInvalid(error.line, error.column, error.message, part=part)
    return error


def ask_gate(subject: Subject, purpose: str, now: int, further: Sequence[str] = (), *, chooses: bool = True) -> list[Verdict]:
    """Whether the person may be sent something for this purpose, and for those further ones, now; nothing is written down, for nothing is done.

    `chooses`: whether people are chosen by what they did, as all but newsletters to everybody do.
    """
    rule = load_catalog(subject.workspace_id).purposes.get(purpose)
    asked = [(key, Operation.MESSAGE) for key in (purpose, *further)]
    if chooses and (rule is None or rule.is_marketing):
        asked.insert(0, (PROFILING, Operation.PROFILE))
    facts = {key: load_facts(subject.workspace_id, {subject.person_id}, key)[subject.person_id] for key, _ in asked}
    return [decide(facts[key], purpose=key, operation=operation, at=now) for key, operation in asked]


def send_trial(
    workspace: Workspace, rendered: RenderedEmail, recipient: str, now: int, *, subject: Subject | None = None, member_id: int = 0
) -> None:
    """Send it to a member through the installation's mail server, its subject marked. Raises TrialRefused, MailInvalid.

    `subject`: as whom it was rendered, so that it is noted whose data went to this member (`member_id`, of the user).
    """
    marked = replace(rendered, subject=f"{TEST_MARK}{rendered.subject}")
    with _refusing():
        send_direct(workspace, marked, recipient, now)
    if subject:
        note_trial(subject, member_id, recipient, now)


def send_trial_to_member(workspace: Workspace, rendered: Rendered | None, address: str, now: int, *, subject: Subject | None) -> None:
    """The same where nobody has logged in: only to an address that a member of the workspace logs in with, for it may show a person.

    Raises as `send_trial`, and NotAMember.
    """
    if not isinstance(rendered, RenderedEmail):
        raise TrialRefused("The test was not sent. Only mails can be tried by mail.")
    with _refusing():
        find_way(workspace)
    member = Member.objects.filter(workspace=workspace, user__email__iexact=address, user__is_active=True).first()
    if member is None:
        raise NotAMember
    send_trial(workspace, rendered, address, now, subject=subject, member_id=member.user_id)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except NotSent as error:
        raise TrialRefused(f"The test was not sent. {error}") from None
