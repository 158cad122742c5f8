"""Why mail moves or does not, and the switches that stop it: for the workspace, or one source of it."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page, record
from troth.console.sending.reading import read_standing
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.messages.controls import LONGEST_HOLD, ControlInvalid, forget_controls, let_go, set_hold, stop_sending
from troth.workspaces.models import Workspace
from troth.workspaces.roles import Permission

LONGEST_SOURCE = 40


@member_page(Permission.SEE_FIGURES)
def moving(request: MemberRequest) -> HttpResponse:
    """What goes, what waits and why, and when something changes by itself."""
    own = Workspace.objects.get(pk=request.workspace.pk)
    return render_page(request, "console/sending/moving.html", standing=read_standing(own, now_ms()))


@member_page(Permission.PUBLISH_CAMPAIGNS, methods=("GET", "POST"))
def stop(request: MemberRequest) -> HttpResponseBase:
    """The kill switch; `source` names what is stopped, else it is the workspace."""
    asked = request.POST if request.method == "POST" else request.GET
    source = asked.get("source", "")[:LONGEST_SOURCE]
    if request.method == "POST":
        marketing_only = asked.get("what", "marketing") == "marketing" and not source
        note = asked.get("note", "")[:500]
        with transaction.atomic():
            stop_sending(request.workspace.pk, source, now=now_ms(), by=request.member.user.email, marketing_only=marketing_only, note=note)
            record(request, "sending.stopped", detail={"source": source, "marketing_only": marketing_only})
        forget_controls()
        messages.success(request, _("Stopped. What a sender holds is stopped within a second; nothing is lost, it waits."))
        return _back(request)
    return render_page(request, "console/sending/stop.html", source=source)


@member_page(Permission.PUBLISH_CAMPAIGNS, methods=("POST",))
def go(request: MemberRequest) -> HttpResponseBase:
    """End a stop."""
    source = request.POST.get("source", "")[:LONGEST_SOURCE]
    with transaction.atomic():
        ended = let_go(request.workspace.pk, source, now=now_ms())
        record(request, "sending.let_go", detail={"source": source})
    forget_controls()
    messages.success(request, _("It goes on: what was held is queued again within seconds.") if ended else _("It was not stopped."))
    return _back(request)


@member_page(Permission.PUBLISH_CAMPAIGNS, methods=("POST",))
def hold(request: MemberRequest) -> HttpResponseBase:
    """How long marketing waits before it goes."""
    typed = request.POST.get("minutes", "").strip()
    try:
        with transaction.atomic():
            set_hold(request.workspace.pk, minutes=int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 7 else -1)
            record(request, "sending.hold_set", detail={"minutes": int(typed)})
    except ControlInvalid:
        messages.error(request, _("Write a number of minutes, from 0 to %(most)s.") % {"most": LONGEST_HOLD // 60_000})
    else:
        forget_controls()
        messages.success(request, _("Saved: it holds for what is queued from now on."))
    return _back(request)


def _back(request: MemberRequest) -> HttpResponse:
    response = redirect("console-moving", request.workspace.pk)
    response.status_code = 303
    return response
