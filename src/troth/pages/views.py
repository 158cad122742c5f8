"""The pages over HTTP. A GET never changes anything: mail scanners follow links (RFC 8058, 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from django.views.decorators.csrf import csrf_exempt

from troth.consent.catalog import load_catalog
from troth.kernel.clock import now_ms
from troth.messages.unsubscribe_links import TEST
from troth.pages import decisions
from troth.pages.links import Visit, read_visit
from troth.pages.wording import introduce

View = Callable[..., HttpResponse]
BUTTON_FIELD = "from_page"


def public_page(view: View) -> View:
    """For a page behind a signed link: no cookie, no cache, no search engine. The link itself is the proof, so no CSRF token is needed."""

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
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
    """GET asks. POST withdraws at once: for a machine's one click with a line of text, for the button with a page."""
    if token == TEST:
        return HttpResponse(render_to_string("pages/test_link.html"))
    if request.method == "POST":
        by_button = BUTTON_FIELD in read_form(request)
        visit = decisions.unsubscribe(token, method=decisions.BUTTON if by_button else decisions.ONE_CLICK, now=now_ms())
        if visit is None:
            return not_ours()
        if not by_button:
            return HttpResponse("Unsubscribed.\n", content_type="text/plain; charset=utf-8")
        return _page("unsubscribed.html", visit, token)
    visit = read_visit(token)
    return _page("unsubscribe.html", visit, token) if visit else not_ours()


@public_page
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """What a person agreed to, and the boxes to change it."""
    visit = read_visit(token)
    if visit is None:
        return not_ours()
    if visit.subject is None:
        return _page("preferences.html", visit, token)
    saved: int | None = None
    if request.method == "POST":
        saved = decisions.save_choices(visit.subject, read_form(request).getlist("purpose"), now=now_ms())
    choices = decisions.list_choices(visit.subject)
    return _page("preferences.html", visit, token, choices=choices, saved=saved)


def read_form(request: HttpRequest) -> QueryDict:
    """The fields of a form; empty when a machine sent something else."""
    try:
        return request.POST
    except (MultiPartParserError, BadRequest, SuspiciousOperation, UnicodeDecodeError):
        return QueryDict()


def _page(template: str, visit: Visit, token: str, **more: Any) -> HttpResponse:
    """A page about a visit, or the one that says that nothing is held. Rendered without the request, so nothing can ask for a session."""
    workspace_id = visit.link.subject.workspace_id
    rule = load_catalog(workspace_id).purposes.get(visit.link.purpose)
    sender = decisions.sender_of(workspace_id)
    facts: Mapping[str, Any] = {
        "sender": sender,
        "purpose": rule.name if rule else "",
        "introduction": introduce(sender),
        "token": token,
        "field": BUTTON_FIELD,
        **more,
    }
    return HttpResponse(render_to_string(f"pages/{template if visit.subject else 'nothing_held.html'}", dict(facts)))


def not_ours() -> HttpResponse:
    return HttpResponse(render_to_string("pages/unknown_link.html"), status=404)
