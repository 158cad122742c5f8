"""What a company's own site takes in to have browsers subscribe to web push: a script that asks after a human act, and what its service worker does."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from troth.messages.configured import list_channels, public_facts
from troth.messages.errors import ChannelUnknown
from troth.pages.dead_ends import not_ours


@require_safe
def subscribe_script(request: HttpRequest, workspace_id: int) -> HttpResponse:
    """The one script tag, with the workspace's public key. It asks nothing by itself, keeps nothing in the browser, and reads nothing of the page."""
    key = _public_key(workspace_id)
    if not key:
        return not_ours(request)
    return _script(render_to_string("pages/push.js", {"key": key, "door": f"{settings.TROTH_URL}/v1/identify"}))


@require_safe
def worker_script(request: HttpRequest) -> HttpResponse:
    """What the site's own service worker imports: it shows what arrives, and opens its link when it is touched."""
    return _script(render_to_string("pages/push_worker.js"))


def _public_key(workspace_id: int) -> str:
    """Of the first channel for browsers that is in use; empty without one."""
    rows = list_channels(workspace_id) if 0 < workspace_id < 2**63 else []
    row = next((one for one in rows if one.adapter == "web_push" and one.is_active), None)
    try:
        return next(iter(public_facts(row).values()), "") if row else ""
    except ChannelUnknown:
        return ""


def _script(text: str) -> HttpResponse:
    answer = HttpResponse(text, content_type="text/javascript; charset=utf-8")
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer["Cache-Control"] = "public, max-age=3600"
    return answer
