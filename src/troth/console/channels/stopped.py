"""Stopped addresses: whether one is, since when and why, and lifting it. An address is asked for by POST, so that it stands in no log and no history."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page, record
from troth.console.acting import go
from troth.console.channels.reading import read_figures
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.messages.feedback.stops import LiftRefused, StopNotFound, count_stops, find_stop, lift_stop
from troth.workspaces.models import User
from troth.workspaces.roles import Permission

LONGEST = 320


@member_page(Permission.EDIT_PEOPLE, methods=("GET", "POST"))
def stopped(request: MemberRequest) -> HttpResponseBase:
    """How many there are, and one that is asked for."""
    address = request.POST.get("address", "").strip()[:LONGEST]
    if not address:
        return _show(request, address="", asked=False)
    record(request, "stop.searched")
    return _show(request, address=address, asked=True)


@member_page(Permission.EDIT_PEOPLE, methods=("POST",))
def lift(request: MemberRequest) -> HttpResponseBase:
    """Send there again, for a reason."""
    address, reason = request.POST.get("address", "").strip()[:LONGEST], request.POST.get("reason", "")
    try:
        with transaction.atomic():
            found = lift_stop(request.workspace.pk, address, reason=reason, by=request.member.user_id, now=now_ms())
            record(request, "stop.lifted", detail={"was": found.reason}, reason=reason)
    except (LiftRefused, StopNotFound) as error:
        return _show(request, address=address, asked=True, fault=str(error), status=422)
    messages.success(request, _("Lifted: what is sent from now on goes there again. A new bounce or complaint stops it anew."))
    return go("console-stopped", request.workspace.pk)


def _show(request: MemberRequest, *, address: str, asked: bool, fault: str = "", status: int = 200) -> HttpResponse:
    found = find_stop(request.workspace.pk, address) if address else None
    lifter = User.objects.filter(pk=found.lifted_by).first() if found and found.lifted_by else None
    reasons: dict[str, Any] = count_stops(request.workspace.pk)
    return render_page(
        request,
        "console/channels/stopped.html",
        status=status,
        address=address,
        asked=asked,
        found=found,
        lifted_by=lifter.email if lifter else "",
        fault=fault,
        counts=[
            (_("No such address"), reasons.get("hard_bounce", 0)),
            (_("Bounced often"), reasons.get("soft_bounces", 0)),
            (_("Complained"), reasons.get("complaint", 0)),
        ],
        told=read_figures(request.workspace.pk, now_ms())["told"],
    )
