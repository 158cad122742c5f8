"""The hosted form: a page, a frame for other sites, and the address that a plain HTML form anywhere can post to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from troth.consent.form_words import WORDS, label_of, words_in
from troth.consent.forms import LONGEST_ANSWER, Asked, FormUnknown, ask_in, find_form, languages_of
from troth.consent.models import ConsentForm, Record
from troth.intake.wire.values import is_email
from troth.kernel.clock import now_ms
from troth.kernel.content_policy import content_policy
from troth.messages.direct import can_send
from troth.messages.unsubscribe_links import UnsubscribeLink, make_unsubscribe_token
from troth.pages.dead_ends import not_ours
from troth.pages.languages import choose_language
from troth.pages.opt_in import Confirmed, asked_then, confirm, read_entry, write_to
from troth.pages.receipt_links import make_receipt_token
from troth.pages.sender import sender_of
from troth.pages.views import public_page, read_form
from troth.people.identifiers import normalise_email
from troth.workspaces.models import Workspace

ADDRESS, PURPOSE, VERSION, LANGUAGE = "email", "purpose", "notice_version", "language"
PREFIX = "attribute."
"""Before the names of what is asked beside the address, so that none can be mistaken for the form's own fields."""
PREVIEW = "preview"
"""In the address: a member looks at the form."""
TRAP = "website"
"""A field that people do not see: whoever fills it in is a program."""


@dataclass
class Answers:
    """What was entered, and what is wrong with it."""

    email: str = ""
    purposes: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


@public_page
def show_form(request: HttpRequest, form_id: str) -> HttpResponse:
    """GET shows the form in the person's language. POST takes what was entered, also from a plain HTML form on another site, and writes to the address."""
    try:
        form = find_form(form_id)
    except FormUnknown:
        return not_ours(request)
    if Workspace.objects.filter(pk=form.workspace_id, leaves_at__isnull=False).exists():
        closed = _page("form_closed.html", form.workspace_id, choose_language(request, list(WORDS)), what="closed", status=410)
        return _in_frame(request, form, closed)
    posted = read_form(request) if request.method == "POST" else QueryDict()
    asked = _ask(request, form, posted)
    if asked is None:
        return _in_frame(
            request, form, _page("form_closed.html", form.workspace_id, choose_language(request, list(WORDS)), what="closed", status=404)
        )
    is_looked_at = request.method != "POST" and PREVIEW in request.GET
    answer = (
        _answer_post(asked, posted, request)
        if request.method == "POST" and form.is_open
        else _show(asked, Answers(), is_looked_at=is_looked_at)
    )
    return _in_frame(request, form, answer)


def _answer_post(asked: Asked, posted: QueryDict, request: HttpRequest) -> HttpResponse:
    answers = _read(asked, posted)
    if answers.faults:
        return _show(asked, answers, status=422)
    if not posted.get(TRAP):
        write_to(asked, answers.email, answers.purposes, answers.attributes, page=_site_of(request), now=now_ms())
    return _page("form_sent.html", asked.form.workspace_id, asked.shown.language)


def _ask(request: HttpRequest, form: ConsentForm, posted: QueryDict) -> Asked | None:
    """The form in the language and version that was shown, where it was posted; else in the best language for the reader."""
    spoken = [language for language in languages_of(form) if words_in(language)]
    wanted = posted.get(LANGUAGE) or request.GET.get("lang", "")
    if wanted in spoken:
        return ask_in(form, wanted, posted.get(VERSION, ""))
    language = choose_language(request, spoken, wanted)
    return ask_in(form, language) if language else None


def _read(asked: Asked, posted: QueryDict) -> Answers:
    words = words_in(asked.shown.language) or {}
    answers = Answers(email=posted.get(ADDRESS, "").strip()[:320])
    if is_email(answers.email):
        answers.email = normalise_email(answers.email)
    else:
        answers.faults[ADDRESS] = words["bad_address"]
    offered = {question.rule.key for question in asked.questions}
    answers.purposes = [key for key in dict.fromkeys(posted.getlist(PURPOSE)) if key in offered]
    if not answers.purposes:
        answers.faults[PURPOSE] = words["none_chosen"]
    for wanted in asked.fields:
        said = posted.get(f"{PREFIX}{wanted.attribute}", "").replace("\0", "").strip()[:LONGEST_ANSWER]
        if said:
            answers.attributes[wanted.attribute] = said
        elif wanted.required:
            answers.faults[wanted.attribute] = words["missing"].format(label=wanted.label)
    return answers


def _show(asked: Asked, answers: Answers, status: int = 200, *, is_looked_at: bool = False) -> HttpResponse:
    """The form, or that it cannot be used; a member who looks at it in the console sees it all the same."""
    form, language = asked.form, asked.shown.language
    if not form.is_open and not is_looked_at:
        return _page("form_closed.html", form.workspace_id, language, what="closed", status=410)
    if not is_looked_at and not can_send(Workspace.objects.get(pk=form.workspace_id)):
        return _page("form_closed.html", form.workspace_id, language, what="later", status=503)
    fields = [
        {
            "name": f"{PREFIX}{wanted.attribute}",
            "field": wanted,
            "value": answers.attributes.get(wanted.attribute, ""),
            "fault": answers.faults.get(wanted.attribute),
        }
        for wanted in asked.fields
    ]
    return _page(
        "form.html",
        form.workspace_id,
        language,
        status=status,
        asked=asked,
        answers=answers,
        fields=fields,
        boxes=_boxes(asked, answers.purposes),
        address_fault=answers.faults.get(ADDRESS),
        purpose_fault=answers.faults.get(PURPOSE),
    )


def _boxes(asked: Asked, ticked: list[str]) -> list[dict[str, Any]]:
    """After a mistake elsewhere the person's own ticks stay; no box is ticked before they acted."""
    return [
        {"question": question, "label": label_of(question, asked.shown.language), "ticked": question.rule.key in ticked}
        for question in asked.questions
    ]


@public_page
def confirm_page(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, and changes nothing. POST, the press of the button, records the consent (C13)."""
    now = now_ms()
    entry = read_entry(token, now)
    asked = asked_then(entry) if entry else None
    if asked is not None and Workspace.objects.filter(pk=asked.form.workspace_id, leaves_at__isnull=False).exists():
        asked = None
    if entry is None or asked is None:
        return HttpResponse(
            render_to_string("pages/confirm_expired.html", {"words": words_in(entry.language if entry else "en")}), status=404
        )
    facts: dict[str, Any] = {
        "asked": asked,
        "boxes": [box for box in _boxes(asked, []) if box["question"].rule.key in entry.purposes],
        "token": token,
    }
    if request.method != "POST" or _is_prefetch(request):
        return _page("confirm.html", asked.form.workspace_id, entry.language, **facts)
    became = confirm(entry, now=now)
    status = 409 if became.status == "refused" else 200
    return _page(
        "confirmed.html",
        asked.form.workspace_id,
        entry.language,
        status=status,
        became=became,
        choices=_choices_of(became),
        receipts=_receipts_of(became),
        **facts,
    )


def _choices_of(became: Confirmed) -> str:
    """The token of the page where the person sees and changes what they decided."""
    return make_unsubscribe_token(UnsubscribeLink(became.subject, became.purposes[0], 0)) if became.subject else ""


def _receipts_of(became: Confirmed) -> dict[str, str]:
    """Purpose → the token of its receipt, which is shown at the moment of consent."""
    if became.subject is None:
        return {}
    own = {"bucket": became.subject.bucket, "person_id": became.subject.person_id}
    records = Record.objects.filter(**own, at=became.at, purpose__in=became.purposes).order_by("record_id")
    return {record.purpose: make_receipt_token(record) for record in records}


def _is_prefetch(request: HttpRequest) -> bool:
    return "prefetch" in (request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")).lower()


def _site_of(request: HttpRequest) -> str:
    """The site whose page the form stood in, without the path, which may say more than it should."""
    parts = urlsplit(request.headers.get("Origin", "") or request.headers.get("Referer", ""))
    return f"{parts.scheme}://{parts.netloc}"[:200] if parts.scheme in ("http", "https") else ""


def _page(template: str, workspace_id: int, language: str, *, status: int = 200, **more: Any) -> HttpResponse:
    sender, words = sender_of(workspace_id), words_in(language) or {}
    lead = words.get("confirm_more", "").format(sender=sender)
    facts: Mapping[str, Any] = {"sender": sender, "words": words, "language": language, "trap": TRAP, "lead": lead, **more}
    return HttpResponse(render_to_string(f"pages/{template}", dict(facts)), status=status)


def _in_frame(request: HttpRequest, form: ConsentForm, answer: HttpResponse) -> HttpResponse:
    """The sites that the form names may show it in a frame, and the console; browsers that know the policy do not look at X-Frame-Options."""
    answer["Content-Security-Policy"] = content_policy(["'self'", *form.origins])
    return answer


@require_safe
def embed_script(request: HttpRequest) -> HttpResponse:
    """The one script tag of other sites: it puts the form's frame in its own place. The same for everybody; it reads nothing of the page."""
    script = render_to_string("pages/embed.js", {"frame": f"{settings.TROTH_URL}/f/"})
    answer = HttpResponse(script, content_type="text/javascript; charset=utf-8")
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer["Cache-Control"] = "public, max-age=3600"
    return answer
