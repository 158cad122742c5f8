"""Trying a draft in an editor, as campaigns, newsletters and templates do: as a real or made-up person, shown in a frame and sent to the member's own address.

Nothing of it is stored. Each look at a person through a draft is written down, once in ten minutes for the same member, person and draft.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import Any, NamedTuple

from django.core.cache import cache
from django.http import HttpResponse, HttpResponseForbidden
from django.utils.translation import gettext as _

from troth.campaigns.draft_trials import DraftTrial, subject_of
from troth.campaigns.trials import Rendered, Sample, make_sample, send_trial
from troth.console.access import MemberRequest, member_page, record
from troth.console.mail_preview import show_mail
from troth.console.shell import render_fragment
from troth.content.email_template import RenderedEmail
from troth.kernel.clock import MINUTE, SECOND, now_ms
from troth.kernel.errors import TrothError
from troth.kernel.personal_data import Subject
from troth.people.lookup import PersonNotFound, find_person, search_people
from troth.workspaces.roles import Permission

ONE_LOOK = 10 * MINUTE
TESTS = "12/m/user"
SUGGESTED = 8
SHORTEST = 2
LONGEST_JSON = 20_000
LONGEST_EVENT = 255
_CARD = (
    '<div style="max-width:22rem;margin:1rem auto;padding:1rem;border-radius:1rem;border:1px solid #8886;font-family:sans-serif;line-height:1.4">'
    '{title}<div style="white-space:pre-line;overflow-wrap:anywhere">{body}</div>{url}</div>'
)


TryForm = Callable[[MemberRequest, int], DraftTrial]
"""What stands in a posted form, tried, whatever of it is not valid yet."""


class SampleInvalid(TrothError):
    """A person or an event that a draft cannot be tried with; the message is for the member."""


class Look(NamedTuple):
    """What looking at a person through a draft is written down as."""

    action: str
    detail: dict[str, Any]


def may_look(request: MemberRequest) -> bool:
    """A preview shows people."""
    return Permission.SEE_PEOPLE in request.may


def read_sample(request: MemberRequest, *, event: str, look: Look, now: int) -> Sample:
    """The person and the event of a posted form: `person`, `made_up`, `event`; looking is written down. Raises SampleInvalid."""
    form, subject = request.POST, None
    made_up, written = _read_object(form.get("made_up", ""), _("Made-up person")), form.get("event", "").strip()
    properties = _read_object(written, _("Sample event")) if written else None
    if identifier := form.get("person", "").strip().replace("\0", "")[:320]:
        try:
            subject = find_person(request.workspace.pk, identifier)
        except PersonNotFound:
            raise SampleInvalid(_("Nobody in this workspace has that identifier: check the spelling.")) from None
        _write_down(request, subject, look)
    return make_sample(subject, made_up, event=event, properties=properties, now=now)


def show_trial(request: MemberRequest, try_form: TryForm) -> HttpResponse:
    """The body alone of what stands in a form, for a frame: a page with a policy of its own."""
    if not may_look(request):
        return HttpResponseForbidden()
    trial = try_form(request, now_ms())
    return show_text("\n\n".join(trial.faults)) if trial.rendered is None else show_rendered(request, trial.rendered)


def tell_trial(
    request: MemberRequest, template: str, try_form: TryForm, further: Callable[[DraftTrial, int], dict[str, Any]]
) -> HttpResponse:
    """What is to be said beside the body: subject, faults with part and line, and whether this person would get it."""
    if not may_look(request):
        return HttpResponseForbidden()
    now = now_ms()
    trial = try_form(request, now)
    return render_fragment(request, template, trial=trial, **further(trial, now))


def send_trial_of(request: MemberRequest, try_form: TryForm, look: Look) -> tuple[str, str]:
    """Send what stands in a form to the member's own address: the tone and the words of what came of it."""
    trial = try_form(request, now_ms()) if may_look(request) else DraftTrial()
    return send_sample(request, trial.rendered, trial.faults, subject_of(trial), look)


def show_rendered(request: MemberRequest, rendered: Rendered) -> HttpResponse:
    """A page for the frame, under a policy of its own: `look=text` shows the text part, `theme=dark` the colours that the mail has for that."""
    is_text, dark = request.POST.get("look") == "text", request.POST.get("theme") == "dark"
    if isinstance(rendered, RenderedEmail):
        return show_text(rendered.text) if is_text else show_mail(rendered.html, title=rendered.subject, dark=dark)
    if is_text:
        return show_text("\n".join(part for part in (rendered.title, rendered.body, rendered.url) if part))
    title = f"<strong>{escape(rendered.title)}</strong>" if rendered.title else ""
    url = f'<p><a href="{escape(rendered.url)}">{escape(rendered.url)}</a></p>' if rendered.url else ""
    card = _CARD.format(title=title, body=escape(rendered.body), url=url)
    return show_mail(card, title=rendered.title or _("Short message"), dark=dark)


def show_text(text: str) -> HttpResponse:
    """Text for the frame, which runs and fetches nothing."""
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'self'"
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def send_sample(
    request: MemberRequest, rendered: Rendered | None, faults: list[str], subject: Subject | None, look: Look
) -> tuple[str, str]:
    """Send what was rendered to the member's own address: the tone and the words of what came of it."""
    from allauth.core.internal.ratelimit import consume

    if not may_look(request):
        return "bad", _("Your role may not see people, and a test shows one.")
    if not isinstance(rendered, RenderedEmail):
        return "bad", " ".join(faults) or _("Only mails can be tried by mail.")
    if not consume(request, app="troth", action="campaign_test", config={"campaign_test": TESTS}, user=request.user):
        return "warn", _("That were many tests in a minute. Wait a moment.")
    address = str(request.user.email)  # type: ignore[union-attr]
    try:
        send_trial(request.workspace, rendered, address, now_ms(), subject=subject, member_id=request.member.user_id)
    except TrothError as error:
        return "bad", str(error)
    record(request, look.action, person_id=subject.person_id if subject else 0, detail=look.detail)
    return "good", _("Sent to %(address)s, with “[Test]” before its subject. Its unsubscribe link leads nowhere.") % {"address": address}


@member_page(Permission.SEE_PEOPLE, audit="people.search")
def person_options(request: MemberRequest) -> HttpResponse:
    """Persons with an identifier that begins with `?q=`, for the combobox."""
    text = request.GET.get("q", "").strip()[:320]
    found = search_people(request.workspace.pk, text, SUGGESTED) if len(text) >= SHORTEST else []
    request.shown = [subject.person_id for subject, _kind, _value in found]
    options = [(f"person:{value}" if kind == "person" else value, value) for _subject, kind, value in found]
    return render_fragment(request, "console/campaigns/options.html", options=options)


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


def _write_down(request: MemberRequest, subject: Subject, look: Look) -> None:
    about = ":".join(str(value) for value in look.detail.values())
    place = f"{look.action}:{request.user.pk}:{request.workspace.pk}:{about}:{subject.person_id}"
    if cache.add(place, 1, ONE_LOOK // SECOND):
        record(request, look.action, person_id=subject.person_id, detail=look.detail)
