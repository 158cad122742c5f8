"""What a mail fetches when it is opened, and the way its links take. The answer is the same whether or not anything may be noted.

No cookie, no cache, no word in a log, and HEAD notes nothing. See `messages.fetches` for what is asked first.
"""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest

import structlog
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from troth.kernel.clock import now_ms
from troth.messages.fetches import count_fetch, note_fetch
from troth.messages.tracking import Measured, collective_tag, read_measured
from troth.pages.views import not_ours

log = structlog.get_logger()
PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002014400 3b".replace(" ", ""))
"""A transparent GIF of one pixel."""
LONGEST_TOKEN = 6_000


def opened(request: HttpRequest, token: str) -> HttpResponse:
    """The picture of one mail."""
    measured = read_measured(token) if len(token) <= LONGEST_TOKEN else None
    if measured:
        _note(request, measured)
    return _answer(request, HttpResponse(PIXEL, content_type="image/gif"))


def fetched(request: HttpRequest, workspace_id: int, source: str, tag: str) -> HttpResponse:
    """The picture that all recipients of a source share."""
    ours = len(source) <= 40 and tag.isascii() and compare_digest(tag, collective_tag(workspace_id, source))
    if ours and request.method == "GET":
        try:
            count_fetch(workspace_id, source, _headers(request), now_ms())
        except DatabaseError as error:
            log.warning("fetch_not_counted", error=type(error).__name__)
    return _answer(request, HttpResponse(PIXEL, content_type="image/gif"))


def clicked(request: HttpRequest, token: str) -> HttpResponse:
    """On to where the link leads: only what was sealed here, so that nobody can borrow our name for their address."""
    measured = read_measured(token) if len(token) <= LONGEST_TOKEN else None
    if measured is None or not measured.url:
        return _answer(request, not_ours())
    _note(request, measured)
    return _answer(request, HttpResponse(status=302, headers={"Location": measured.url}))


def _note(request: HttpRequest, measured: Measured) -> None:
    if request.method != "GET":
        return
    try:
        note_fetch(measured, _headers(request), now_ms())
    except DatabaseError as error:
        # The person's way to the goal does not depend on our database.
        log.warning("fetch_not_noted", error=type(error).__name__)


def _headers(request: HttpRequest) -> Mapping[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _answer(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        response = HttpResponseNotAllowed(["GET", "HEAD"])
    response["Cache-Control"] = "no-store, private"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
