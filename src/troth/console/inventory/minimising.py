"""What is collected and not used: one click stops it at the doors, another resumes it, and what is stored of it can be deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.consent.collecting import is_stopped, resume_collecting, stop_collecting
from troth.consent.held import COLLECTING, list_held
from troth.console.access import MemberRequest, member_page, record
from troth.console.inventory.reading import describe, list_tabs
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.privacy.inventory.clearing import start_clearing
from troth.privacy.inventory.minimisation import read_minimisation
from troth.privacy.inventory.reading import find_item
from troth.workspaces.roles import Permission

MOST = 200


@member_page(Permission.SEE_PURPOSES)
def unused(request: MemberRequest) -> HttpResponse:
    """The minimisation report."""
    workspace_id = request.workspace.pk
    report = read_minimisation(workspace_id, now_ms())
    return render_page(
        request,
        "console/inventory/unused.html",
        report=report,
        rows=describe(workspace_id, report.unused[:MOST]),
        is_cut=len(report.unused) > MOST,
        most=MOST,
        held=[own.what.removeprefix(COLLECTING) for own in list_held(workspace_id, COLLECTING)],
        tabs=list_tabs(workspace_id, "unused"),
    )


@member_page(Permission.MANAGE_PURPOSES, methods=("POST",))
def stop(request: MemberRequest) -> HttpResponse:
    """Stop collecting what was chosen."""
    said = _("Stopped: it is dropped at every door from now on, and counted here.")
    return _act(request, "collecting.stopped", lambda *datum: stop_collecting(request.workspace.pk, *datum, now=now_ms()), said)


@member_page(Permission.MANAGE_PURPOSES, methods=("POST",))
def resume(request: MemberRequest) -> HttpResponse:
    """Collect it again."""
    said = _("Collected again. What was dropped meanwhile is gone.")
    return _act(request, "collecting.resumed", lambda *datum: resume_collecting(request.workspace.pk, *datum), said)


@member_page(Permission.MANAGE_PURPOSES, methods=("GET", "POST"))
def clear(request: MemberRequest) -> HttpResponse:
    """`?kind=&event=&name=`: says what would be deleted; posted, it is."""
    if request.method == "POST":
        said = _("It is being deleted. This page shows how far that is.")
        return _act(request, "collecting.cleared", lambda *datum: start_clearing(request.workspace.pk, *datum, now=now_ms()), said)
    kind, event, name = (request.GET.get(key, "") for key in ("kind", "event", "name"))
    if not is_stopped(request.workspace.pk, kind, event, name):
        return _back(request)
    return render_page(
        request,
        "console/inventory/clear.html",
        kind=kind,
        event=event,
        name=name,
        item=find_item(request.workspace.pk, kind, event, name),
        crumbs=[(_("Inventory"), reverse("console-inventory-unused", args=[request.workspace.pk]))],
    )


def _act(request: MemberRequest, action: str, act: Callable[[str, str, str], Any], said: str) -> HttpResponse:
    kind, event, name = (request.POST.get(key, "") for key in ("kind", "event", "name"))
    try:
        with transaction.atomic():
            act(kind, event, name)
            record(request, action, detail={"kind": kind, "event": event, "name": name})
    except TrothError as error:
        messages.error(request, str(error).partition(": ")[2] or str(error))
    else:
        messages.success(request, said)
    return _back(request)


def _back(request: MemberRequest) -> HttpResponse:
    response = redirect("console-inventory-unused", request.workspace.pk)
    response.status_code = 303
    return response
