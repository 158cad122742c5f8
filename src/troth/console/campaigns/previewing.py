"""The mail as a real person would get it: shown while one types, told about, and sent to the member's own address.

Nothing of it is stored. Each look at a person through a template is written down, once in ten minutes for the same member, person and campaign.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseForbidden
from django.utils.translation import gettext as _

from troth.campaigns.publishing import LONGEST_EVENT
from troth.campaigns.purpose_checking import Plan, find_further_purposes, find_uncovered
from troth.campaigns.trials import ask_gate, describe_person, find_sample_event, render_trial, send_trial
from troth.consent.catalog import load_catalog
from troth.consent.gate import Verdict
from troth.consent.refusing import PurposeNotCovered
from troth.console.access import MemberRequest, member_page, record
from troth.console.asking import is_number
from troth.console.campaigns.forms import LONGEST_JSON, read_posted_conditions
from troth.console.campaigns.reading import Reads, describe_readings
from troth.console.mail_preview import show_mail
from troth.console.shell import render_fragment
from troth.content.email_template import EmailTemplate, RenderedEmail
from troth.content.publishing import compile_mail
from troth.content.reading import Read
from troth.kernel.clock import MINUTE, SECOND, now_ms
from troth.kernel.errors import TrothError
from troth.kernel.personal_data import Subject
from troth.people.event_names import fold_event_name
from troth.people.lookup import PersonNotFound, find_person, search_people
from troth.segments.conditions import holds
from troth.workspaces.roles import Permission

ONE_LOOK = 10 * MINUTE
LOOKS = ("desktop", "phone", "text")
TESTS = "12/m/user"
SUGGESTED = 8
SHORTEST = 2


class SampleInvalid(TrothError):
    """A sample event that cannot be understood; the message is for the member."""


@dataclass(frozen=True)
class Trial:
    """A mail tried with a person and an event. `faults` say why there is no mail, or what of the input was left out."""

    rendered: RenderedEmail | None = None
    faults: list[str] = field(default_factory=list)
    subject: Subject | None = None
    person: dict[str, Any] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    is_marketing: bool = False
    is_triggered: bool = True
    takes_last_event: bool = False
    readings: list[Reads] = field(default_factory=list)
    uncovered: list[PurposeNotCovered] = field(default_factory=list)

    @property
    def denied(self) -> Verdict | None:
        """Why the person would get nothing now."""
        return next((verdict for verdict in self.verdicts if not verdict.allow), None)


@member_page(Permission.EDIT_CAMPAIGNS, methods=("POST",))
def preview(request: MemberRequest) -> HttpResponse:
    """The body alone, for a frame: a page with a policy of its own."""
    if Permission.SEE_PEOPLE not in request.may:
        return HttpResponseForbidden()
    trial = _try(request, now_ms())
    if trial.rendered is None:
        return _plain("\n\n".join(trial.faults))
    if request.POST.get("look") == "text":
        return _plain(trial.rendered.text)
    return show_mail(trial.rendered.html, title=trial.rendered.subject)


@member_page(Permission.EDIT_CAMPAIGNS, methods=("POST",))
def about(request: MemberRequest) -> HttpResponse:
    """What is to be said beside the body: subject, faults with part and line, and whether this person would get it."""
    if Permission.SEE_PEOPLE not in request.may:
        return HttpResponseForbidden()
    return render_fragment(request, "console/campaigns/about.html", trial=_try(request, now_ms()))


@member_page(Permission.SEE_PEOPLE, audit="people.search")
def person_options(request: MemberRequest) -> HttpResponse:
    """Persons with an identifier that begins with `?q=`, for the combobox."""
    text = request.GET.get("q", "").strip()[:320]
    found = search_people(request.workspace.pk, text, SUGGESTED) if len(text) >= SHORTEST else []
    options = [(f"person:{value}" if kind == "person" else value, value) for _subject, kind, value in found]
    return render_fragment(request, "console/campaigns/options.html", options=options)


def send_test(request: MemberRequest, campaign_id: int) -> tuple[str, str]:
    """Send what stands in the form to the member's own address: the tone and the words of what came of it."""
    from allauth.core.internal.ratelimit import consume

    if Permission.SEE_PEOPLE not in request.may:
        return "bad", _("Your role may not see people, and a test shows one.")
    trial = _try(request, now_ms())
    if trial.rendered is None:
        return "bad", " ".join(trial.faults)
    if not consume(request, app="troth", action="campaign_test", config={"campaign_test": TESTS}, user=request.user):
        return "warn", _("That were many tests in a minute. Wait a moment.")
    address = str(request.user.email)  # type: ignore[union-attr]
    try:
        send_trial(request.workspace, trial.rendered, address, now_ms())
    except TrothError as error:
        return "bad", str(error)
    record(
        request, "campaign.test_sent", person_id=trial.subject.person_id if trial.subject else 0, detail={"campaign": campaign_id or "new"}
    )
    return "good", _("Sent to %(address)s, with “[Test]” before its subject. Its unsubscribe link leads nowhere.") % {"address": address}


def _try(request: MemberRequest, now: int) -> Trial:
    """The form as it stands, whatever of it is not valid yet."""
    form, workspace_id = request.POST, request.workspace.pk
    faults: list[str] = []
    mail: EmailTemplate | None = None
    reads: list[Read] = []
    subject = None
    if identifier := form.get("person", "").strip().replace("\0", "")[:320]:
        try:
            subject = find_person(workspace_id, identifier)
        except PersonNotFound:
            return Trial(faults=[_("Nobody in this workspace has that identifier: check the spelling.")])
    person = describe_person(subject) if subject else {}
    if subject:
        _write_down(request, subject)
    trigger = form.get("trigger_event", "")[:LONGEST_EVENT].replace("\0", "")
    at, properties, takes_last = now, {}, False
    if written := form.get("event", "").strip():
        try:
            properties = _read_properties(written)
        except SampleInvalid as error:
            return Trial(faults=[str(error)], subject=subject, person=person)
    elif subject and (sample := find_sample_event(subject, trigger)):
        (at, properties), takes_last = sample, True
    try:
        mail, reads = compile_mail(
            workspace_id, form.get("template_key", ""), {part: form.get(part, "") for part in ("subject", "html", "text")}
        )
    except TrothError as error:
        faults.append(str(error))
    catalog, plan = load_catalog(workspace_id), _plan(request, trigger, reads)
    rule = catalog.purposes.get(plan.purpose)
    is_marketing = rule is None or rule.is_marketing
    rendered = None
    try:
        rendered = (
            None if mail is None else render_trial(mail, person, event=trigger, properties=properties, at=at, is_marketing=is_marketing)
        )
    except TrothError as error:
        faults.append(str(error))
    return Trial(
        rendered=rendered,
        faults=faults,
        subject=subject,
        person=person,
        verdicts=ask_gate(subject, plan.purpose, now, find_further_purposes(plan)) if subject else [],
        is_marketing=is_marketing,
        is_triggered=not (written or takes_last) or plan.conditions is None or holds(plan.conditions, properties),
        takes_last_event=takes_last,
        readings=describe_readings(plan),
        uncovered=find_uncovered(plan),
    )


def _plan(request: MemberRequest, trigger: str, reads: list[Read]) -> Plan:
    """What purpose checking looks at, of the form as it stands. What is wrong with its conditions is told at the form when it is saved."""
    form = request.POST
    try:
        conditions = read_posted_conditions(form)
    except ValidationError:
        conditions = None
    return Plan(
        workspace_id=request.workspace.pk,
        purpose=form.get("purpose", ""),
        also_for=form.getlist("also_for"),
        trigger_event=fold_event_name(trigger),
        conditions=conditions,
        reads=reads,
    )


def _read_properties(text: str) -> dict[str, Any]:
    """The properties of a sample event. Raises SampleInvalid."""
    try:
        found = json.loads(text[:LONGEST_JSON])
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        raise SampleInvalid(_("Sample event, line %(line)s, column %(column)s: this is no JSON.") % place) from None
    except RecursionError:
        found = None
    if not isinstance(found, dict):
        raise SampleInvalid(_('Sample event: its properties are an object, like {"plan": "pro"}.'))
    return found


def _write_down(request: MemberRequest, subject: Subject) -> None:
    place = f"previewed:{request.user.pk}:{request.workspace.pk}:{request.POST.get('campaign', '')[:20]}:{subject.person_id}"
    if cache.add(place, 1, ONE_LOOK // SECOND):
        number = request.POST.get("campaign", "")
        detail = {"campaign": int(number) if is_number(number) else "new"}
        record(request, "campaign.previewed", person_id=subject.person_id, detail=detail)


def _plain(text: str) -> HttpResponse:
    """Text for the frame, which runs and fetches nothing."""
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'self'"
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response
