"""Live: the list that grows, its stream, and one request with what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page
from troth.console.asking import is_number, keep
from troth.console.breaking import opened_in
from troth.console.live import streaming
from troth.console.live.reading import find_wanted, read_asked, read_detail
from troth.console.shell import preferences, render_page
from troth.console.showing import Reader, writing_for
from troth.intake.captures import keep_watching, read_captures, read_watch
from troth.kernel.clock import now_ms
from troth.workspaces.glass import EVERYBODY, is_closed
from troth.workspaces.models import Member
from troth.workspaces.roles import Permission, permits


@member_page(Permission.SEE_LIVE, audit="live.read")
def live(request: MemberRequest) -> HttpResponse:
    """`?name=&who=&refused=&paused=`. Whoever opens it watches; while it is paused nobody does."""
    workspace_id, asked, is_paused = request.workspace.pk, read_asked(request.GET), bool(request.GET.get("paused"))
    if not is_paused:
        keep_watching(workspace_id, now_ms())
    captures = read_captures(workspace_id, after=0, limit=streaming.SHOWN, wanted=find_wanted(workspace_id, asked))
    request.shown = [one.person_id for one in captures if one.person_id]
    after = captures[0].capture_id if captures else 0
    query = keep(request.GET, "paused", "after")
    stream = reverse("console-live-stream", args=[workspace_id])
    return render_page(
        request,
        "console/live/live.html",
        captures=captures,
        asked=asked,
        is_paused=is_paused,
        stream=f"{stream}?{query}{'&' if query else ''}after={after}",
        reload=f"?{query}",
        pause=f"?{query}{'&' if query else ''}paused=1",
        skipped=read_watch(workspace_id).skipped,
        most=streaming.SHOWN,
    )


@member_page(Permission.SEE_LIVE, audit="live.watched")
def stream(request: MemberRequest) -> HttpResponseBase:
    """What arrives after the capture `?after=`, as server-sent events. Nobody waits for them in this thread."""
    workspace_id = request.workspace.pk
    if streaming.is_full(workspace_id):
        refusal = _("Too many look at Live just now: close a tab, or try again in a minute.")
        return HttpResponse(refusal, status=503, content_type="text/plain; charset=utf-8", headers={"Retry-After": "60"})
    asked_after = request.headers.get("Last-Event-ID", "") or request.GET.get("after", "")
    return streaming.EventStream(
        streaming.Opening(
            workspace_id=workspace_id,
            wanted=find_wanted(workspace_id, read_asked(request.GET)),
            after=int(asked_after) if is_number(asked_after) else 0,
            render=_renderer(request),
            may_go_on=_asker(workspace_id, request.session.session_key or ""),
        )
    )


def _renderer(request: MemberRequest) -> Callable[[str, dict[str, Any]], str]:
    """A function that renders a part of the page for this member, later."""
    own = preferences(request)
    always = {"workspace": request.workspace, "most": streaming.SHOWN}

    def render(part: str, context: dict[str, Any]) -> str:
        with writing_for(Reader(zone=own["zone"], locale=own["locale"], now=now_ms())):
            return render_to_string(f"console/live/{part}.html", {**always, **context})

    return render


def _asker(workspace_id: int, session_key: str) -> Callable[[], bool]:
    """A function that asks whether the session is still that of a member who may see Live."""
    from importlib import import_module

    from django.conf import settings

    store = import_module(settings.SESSION_ENGINE).SessionStore

    def ask() -> bool:
        asking = HttpRequest()
        asking.session = store(session_key)
        member = Member.objects.select_related("workspace").filter(user=get_user(asking).pk or 0, workspace=workspace_id).first()
        if member is None or not permits(member.role, Permission.SEE_LIVE):
            return False
        return not is_closed(
            member.workspace.glass_roles,
            member.role,
            opened_in(asking.session),
            workspace_id=workspace_id,
            person_id=EVERYBODY,
            now=now_ms(),
        )

    return ask


@member_page(Permission.SEE_LIVE, audit="live.opened")
def capture(request: MemberRequest, capture_id: int) -> HttpResponse:
    """One request as it came, or one message of it, and what the door made of it."""
    crumbs = [(_("Live"), reverse("console-live", args=[request.workspace.pk]))]
    detail = read_detail(request.workspace.pk, capture_id)
    if detail is None:
        return render_page(request, "console/live/gone.html", status=404, crumbs=crumbs)
    request.about = detail.capture.person_id
    shown = detail._asdict()
    return render_page(request, "console/live/capture.html", crumbs=crumbs, request_line=shown.pop("request"), **shown)
