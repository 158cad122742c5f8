"""A template as a real or made-up person would get it: shown while one types, told about, and sent to the member's own address.

Nothing of it is stored. Each look at a person through a template is written down, once in ten minutes for the same member, person and template.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache
from django.http import HttpResponse, HttpResponseForbidden
from django.utils.translation import gettext as _

from troth.campaigns.trials import describe_person, find_sample_event, render_trial, send_trial
from troth.console.access import MemberRequest, member_page, record
from troth.console.mail_preview import show_mail
from troth.console.shell import render_fragment
from troth.content.checking import Finding, check_piece
from troth.content.compiling import PARTS
from troth.content.drafts import draft_mail, draft_short
from troth.content.email_template import RenderedEmail
from troth.content.languages import normalise_language
from troth.content.library import LONGEST_KEY
from troth.content.liquid import MAX_SOURCE
from troth.content.models import Format, Kind, Piece
from troth.content.short_text import render_short
from troth.content.variables import list_properties
from troth.kernel.clock import MINUTE, SECOND, iso, now_ms
from troth.kernel.errors import TrothError
from troth.kernel.personal_data import Subject
from troth.messages.unsubscribe_links import make_test_url
from troth.people.event_names import fold_event_name
from troth.people.lookup import PersonNotFound, find_person, search_people
from troth.workspaces.roles import Permission

ONE_LOOK = 10 * MINUTE
TESTS = "12/m/user"
SUGGESTED = 8
SHORTEST = 2
LONGEST_JSON = 20_000
LONGEST_EVENT = 255


class SampleInvalid(TrothError):
    """A made-up person or event that cannot be understood; the message is for the member."""


@dataclass(frozen=True)
class Trial:
    """A draft tried with a person and an event. `faults` say why there is nothing to show."""

    rendered: RenderedEmail | None = None
    faults: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    person: dict[str, Any] = field(default_factory=dict)
    properties: list[str] = field(default_factory=list)
    is_short: bool = False
    subject: Subject | None = None


@member_page(Permission.EDIT_CAMPAIGNS, methods=("POST",))
def preview(request: MemberRequest) -> HttpResponse:
    """The body alone, for a frame: a page with a policy of its own."""
    if Permission.SEE_PEOPLE not in request.may:
        return HttpResponseForbidden()
    trial = _try(request, posted_piece(request, None), now_ms())
    if trial.rendered is None:
        return _plain("\n\n".join([*trial.faults, *map(str, (one for one in trial.findings if one.is_error))]))
    if request.POST.get("look") == "text" or trial.is_short:
        return _plain(trial.rendered.text)
    return show_mail(trial.rendered.html, title=trial.rendered.subject, dark=request.POST.get("theme") == "dark")


@member_page(Permission.EDIT_CAMPAIGNS, methods=("POST",))
def about(request: MemberRequest) -> HttpResponse:
    """What is to be said beside the body: subject, what was found with part and line, and the properties that the event has."""
    if Permission.SEE_PEOPLE not in request.may:
        return HttpResponseForbidden()
    return render_fragment(request, "console/content/about.html", trial=_try(request, posted_piece(request, None), now_ms(), finds=True))


@member_page(Permission.SEE_PEOPLE, audit="people.search")
def person_options(request: MemberRequest) -> HttpResponse:
    """Persons with an identifier that begins with `?q=`, for the combobox."""
    text = request.GET.get("q", "").strip()[:320]
    found = search_people(request.workspace.pk, text, SUGGESTED) if len(text) >= SHORTEST else []
    options = [(f"person:{value}" if kind == "person" else value, value) for _subject, kind, value in found]
    return render_fragment(request, "console/campaigns/options.html", options=options)


def send_test(request: MemberRequest, own: Piece | None) -> tuple[str, str]:
    """Send what stands in the form to the member's own address: the tone and the words of what came of it."""
    from allauth.core.internal.ratelimit import consume

    if Permission.SEE_PEOPLE not in request.may:
        return "bad", _("Your role may not see people, and a test shows one.")
    piece = posted_piece(request, own)
    trial = _try(request, piece, now_ms())
    if trial.rendered is None or trial.is_short:
        return "bad", " ".join(trial.faults) or _("Only mails can be tried by mail.")
    if not consume(request, app="troth", action="campaign_test", config={"campaign_test": TESTS}, user=request.user):
        return "warn", _("That were many tests in a minute. Wait a moment.")
    address = str(request.user.email)  # type: ignore[union-attr]
    try:
        send_trial(request.workspace, trial.rendered, address, now_ms())
    except TrothError as error:
        return "bad", str(error)
    person_id = trial.subject.person_id if trial.subject else 0
    record(request, "template.test_sent", person_id=person_id, detail={"template": piece.key or "new"})
    return "good", _("Sent to %(address)s, with “[Test]” before its subject. Its unsubscribe link leads nowhere.") % {"address": address}


def posted_piece(request: MemberRequest, own: Piece | None) -> Piece:
    """The form as it stands, over what is saved of the template; it is never saved."""
    form = request.POST
    key = form.get("template", "")[:LONGEST_KEY].replace("\0", "")
    saved = own or Piece.objects.filter(workspace_id=request.workspace.pk, key=key or " ").first()
    kind = saved.kind if saved else form.get("kind", "")
    kind = kind if kind in Kind.values else Kind.EMAIL.value
    language = normalise_language(form.get("language") or form.get("first_language", "")) or (saved.language if saved else "en")
    sources = {part: form.get(f"part_{part}", "")[:MAX_SOURCE].replace("\r\n", "\n").replace("\0", "") for part in PARTS[Kind(kind)]}
    return Piece(
        pk=saved.pk if saved else None,
        workspace_id=request.workspace.pk,
        key=saved.key if saved else "",
        kind=kind,
        format=form.get("format", "") if form.get("format", "") in Format.values else Format.HTML.value,
        layout=form.get("layout", "")[:LONGEST_KEY].replace("\0", "") if kind == Kind.EMAIL else "",
        language=saved.language if saved else language,
        parts={**(saved.parts if saved else {}), language: sources},
    )


def _try(request: MemberRequest, piece: Piece, now: int, *, finds: bool = False) -> Trial:
    """The piece with a person and an event, whatever of the form is not valid yet."""
    form, faults, properties, at = request.POST, [], {}, now
    language = normalise_language(form.get("language") or form.get("first_language", "")) or piece.language
    event = form.get("event_name", "")[:LONGEST_EVENT].replace("\0", "")
    subject = None
    try:
        person = _read_object(form.get("made_up", ""), _("Made-up person"))
        properties = _read_object(form.get("event", ""), _("Sample event"))
        if identifier := form.get("person", "").strip().replace("\0", "")[:320]:
            subject = find_person(piece.workspace_id, identifier)
            person = {**describe_person(subject), **person}
            _write_down(request, subject, piece.key)
            if not properties and event and (sample := find_sample_event(subject, event)):
                at, properties = sample
    except PersonNotFound:
        return Trial(faults=[_("Nobody in this workspace has that identifier: check the spelling.")])
    except SampleInvalid as error:
        return Trial(faults=[str(error)])
    rendered = None
    try:
        rendered = _render(piece, language, person, event, properties, at)
    except TrothError as error:
        faults.append(str(error))
    return Trial(
        rendered=rendered,
        faults=faults,
        findings=check_piece(piece) if finds else [],
        person=person,
        properties=list_properties(piece.workspace_id, fold_event_name(event)) if finds and event else [],
        is_short=piece.kind == Kind.SHORT,
        subject=subject,
    )


def _render(piece: Piece, language: str, person: dict[str, Any], event: str, properties: dict[str, Any], at: int) -> RenderedEmail:
    if piece.kind != Kind.SHORT:
        return render_trial(
            draft_mail(piece, language), person, event=event, properties=properties, at=at, is_marketing=piece.kind == Kind.EMAIL
        )
    told = {"name": fold_event_name(event), "at": iso(at), "properties": properties}
    variables = {"person": person, "user": person, "event": told}
    short = render_short(draft_short(piece, language), variables, unsubscribe_url=make_test_url())
    return RenderedEmail(short.title, "", "\n".join(part for part in (short.title, short.body, short.url) if part))


def _read_object(text: str, what: str) -> dict[str, Any]:
    """JSON that a member wrote; nothing is an empty object. Raises SampleInvalid."""
    if not text.strip():
        return {}
    try:
        found = json.loads(text[:LONGEST_JSON])
    except json.JSONDecodeError as error:
        place = {"what": what, "line": error.lineno, "column": error.colno}
        raise SampleInvalid(_("%(what)s, line %(line)s, column %(column)s: this is no JSON.") % place) from None
    except RecursionError:
        found = None
    if not isinstance(found, dict):
        raise SampleInvalid(_('%(what)s: write an object, like {"plan": "pro"}.') % {"what": what})
    return found


def _write_down(request: MemberRequest, subject: Subject, key: str) -> None:
    place = f"previewed-template:{request.user.pk}:{request.workspace.pk}:{key}:{subject.person_id}"
    if cache.add(place, 1, ONE_LOOK // SECOND):
        record(request, "template.previewed", person_id=subject.person_id, detail={"template": key or "new"})


def _plain(text: str) -> HttpResponse:
    """Text for the frame, which runs and fetches nothing."""
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'self'"
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response
