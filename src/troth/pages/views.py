"""The pages over HTTP. A GET never changes anything: mail scanners follow links (RFC 8058, 3)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from troth.consent.catalog import load_catalog
from troth.consent.purpose_names import name_in
from troth.kernel.clock import now_ms
from troth.kernel.content_policy import content_policy
from troth.messages.unsubscribe_links import TEST
from troth.pages import decisions
from troth.pages.dead_ends import not_ours, nothing_held, was_test
from troth.pages.languages import choose_language
from troth.pages.links import PREVIEW, Visit, read_visit
from troth.pages.preference_words import WORDS
from troth.pages.preferences import Posted, list_asked, save_choices, stop_everything
from troth.pages.sender import sender_of
from troth.pages.stop_words import WORDS as STOP_WORDS

View = Callable[..., HttpResponseBase]
GPC_SINCE = "2026-11-24"


def public_page(view: View) -> View:
    """For a page behind a signed link: no cookie, no cache, no search engine. The link itself is the proof, so no CSRF token is needed."""

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        response = view(request, *args, **kwargs)
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Cache-Control"] = "no-store"
        response["Referrer-Policy"] = "no-referrer"
        return response

    return answer


@public_page
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask. What a mailbox provider posts to this address is answered elsewhere (`lean.py`)."""
    if request.method == "POST":
        return HttpResponseNotAllowed(["GET", "HEAD"])
    if token == TEST:
        return was_test(request)
    visit = read_visit(token)
    return _stop_page(request, "unsubscribe.html", visit, token, "stop") if visit else not_ours(request)


@public_page
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """The button of that page: withdraw at once. To look at it leads back to the question."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("unsubscribe", args=[token]))
    visit = decisions.unsubscribe(token, now=now_ms())
    return _stop_page(request, "unsubscribed.html", visit, token, "stopped") if visit else not_ours(request)


@public_page
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """What a person agreed to, objected to and wants, and the means to change it."""
    visit = read_visit(token)
    if visit is None:
        return not_ours(request)
    workspace_id, is_preview = visit.link.subject.workspace_id, visit.link.subject.person_id == PREVIEW
    if visit.subject is None and not is_preview:
        return nothing_held(request, workspace_id)
    posted = read_form(request)
    language = choose_language(request, list(WORDS), posted.get("language") or request.GET.get("lang", ""))
    facts: dict[str, Any] = {"words": WORDS[language], "language": language, "gpc": sends_gpc(request), "is_preview": is_preview}
    if request.method == "POST" and visit.subject:
        is_stop = "stop" in posted
        facts["saved"] = (
            stop_everything(visit.subject, now=now_ms())
            if is_stop
            else save_choices(visit.subject, _read_choices(posted, gpc=sends_gpc(request)), language=language, now=now_ms())
        )
        facts["stopped"] = is_stop
    facts |= {"asked": list_asked(workspace_id, visit.subject, language), "sender": sender_of(workspace_id), "token": token}
    answer = HttpResponse(render_to_string("pages/preferences.html", facts))
    if is_preview:
        answer["Content-Security-Policy"] = content_policy(["'self'"])
        answer["X-Frame-Options"] = "SAMEORIGIN"
    return answer


def sends_gpc(request: HttpRequest) -> bool:
    """Whether the browser says that data is not to be sold or shared (W3C, Global Privacy Control: `Sec-GPC: 1`, and nothing else)."""
    return request.headers.get("Sec-GPC", "") == "1"


@require_safe
def gpc_support(request: HttpRequest) -> HttpResponse:
    """That Global Privacy Control is honoured here, for whoever looks (W3C, Global Privacy Control, section 5)."""
    return JsonResponse({"gpc": True, "lastUpdate": GPC_SINCE})


def _read_choices(posted: QueryDict, *, gpc: bool) -> Posted:
    return Posted(
        purposes=posted.getlist("purpose"),
        objections=posted.getlist("objection"),
        topics=posted.getlist("topic"),
        channels=posted.getlist("channel"),
        pace=posted.get("pace", ""),
        seen=posted.getlist("seen") or None,
        gpc=gpc,
    )


def read_form(request: HttpRequest) -> QueryDict:
    """The fields of a form; empty when a machine sent something else."""
    try:
        return request.POST
    except (MultiPartParserError, BadRequest, SuspiciousOperation, UnicodeDecodeError):
        return QueryDict()


def _stop_page(request: HttpRequest, template: str, visit: Visit, token: str, what: str) -> HttpResponse:
    """A page about mail that ends, in the reader's language. Rendered without the request, so nothing can ask for a session."""
    workspace_id = visit.link.subject.workspace_id
    if visit.subject is None and visit.link.subject.person_id != PREVIEW:
        return nothing_held(request, workspace_id)
    language = choose_language(request, list(STOP_WORDS))
    words, sender = STOP_WORDS[language], sender_of(workspace_id)
    rule = load_catalog(workspace_id).purposes.get(visit.link.purpose)
    said = words[f"{what}_purpose" if rule else f"{what}_any"].format(sender=sender, purpose=name_in(rule, language) if rule else "")
    facts = {"words": words, "language": language, "sender": sender, "said": said, "token": token}
    return HttpResponse(render_to_string(f"pages/{template}", facts))
