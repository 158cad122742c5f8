"""Writing an asking, starting and stopping it: each says beforehand what it will do."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from troth.campaigns.models import AskingState, Repermission
from troth.campaigns.repermission import (
    create_repermission,
    edit_repermission,
    start_repermission,
    stop_repermission,
)
from troth.campaigns.repermission_figures import consent_purposes
from troth.console.access import MemberRequest, member_page, record
from troth.console.acting import act, go
from troth.console.repermission.forms import BLANK, FIELDS, AskingForm
from troth.console.repermission.reading import estimate_asked, find_asking
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.workspaces.roles import Permission


@member_page(Permission.PUBLISH_CAMPAIGNS, methods=("GET", "POST"))
def new(request: MemberRequest) -> HttpResponseBase:
    """A draft; `?purpose=` chooses what is asked for."""
    rules = consent_purposes(request.workspace.pk)
    if request.method != "POST":
        initial = {**BLANK, "purpose": request.GET.get("purpose", "")}
        return _show(request, AskingForm(request.workspace.pk, rules, initial=initial), None)
    form = AskingForm(request.workspace.pk, rules, request.POST)
    return _save(request, form, None, lambda: create_repermission(request.workspace.pk, form.fields_of(), now=now_ms()))


@member_page(Permission.PUBLISH_CAMPAIGNS, methods=("GET", "POST"))
def edit(request: MemberRequest, asking_id: int) -> HttpResponseBase:
    """Change a draft."""
    own = find_asking(request.workspace.pk, asking_id)
    rules = consent_purposes(own.workspace_id)
    if request.method != "POST":
        return _show(request, AskingForm(own.workspace_id, rules, initial={name: getattr(own, name) for name in FIELDS}), own)
    form = AskingForm(own.workspace_id, rules, request.POST)
    return _save(request, form, own, lambda: edit_repermission(own, form.fields_of()))


def _save(request: MemberRequest, form: AskingForm, own: Repermission | None, save: Callable[[], Repermission]) -> HttpResponseBase:
    if not form.is_valid():
        return _show(request, form, own)
    try:
        with transaction.atomic():
            saved = save()
            record(request, "repermission.edited" if own else "repermission.created", detail={"asking": saved.pk, "purpose": saved.purpose})
    except TrothError as error:
        place, _colon, says = str(error).removeprefix("$.").partition(": ")
        form.add_error(place if place in FIELDS else None, says if place in FIELDS else str(error))
        return _show(request, form, own)
    messages.success(request, _("Saved. Nobody is asked before you start it."))
    return go("console-asking", saved.workspace_id, saved.pk)


def _show(request: MemberRequest, form: AskingForm, own: Repermission | None) -> HttpResponse:
    return render_page(request, "console/repermission/edit.html", form=form, asking=own)


@member_page(Permission.PUBLISH_CAMPAIGNS, methods=("GET", "POST"))
def start(request: MemberRequest, asking_id: int) -> HttpResponseBase:
    """Begin to ask, or go on."""
    own = find_asking(request.workspace.pk, asking_id)
    if request.method == "POST":
        return _act(
            request,
            own,
            "repermission.started",
            lambda: start_repermission(own, now=now_ms()),
            _("People are being asked. This page shows how far it is."),
        )
    may_start = own.state in (AskingState.DRAFT, AskingState.STOPPED)
    reach = estimate_asked(own, now_ms()) if may_start else None
    return render_page(request, "console/repermission/start.html", asking=own, reach=reach)


@member_page(Permission.PUBLISH_CAMPAIGNS, methods=("GET", "POST"))
def stop(request: MemberRequest, asking_id: int) -> HttpResponseBase:
    """Ask nobody more."""
    own = find_asking(request.workspace.pk, asking_id)
    if request.method == "POST":
        said = _("Stopped. Nobody more is asked; the answers of those who were still count.")
        return _act(request, own, "repermission.stopped", lambda: stop_repermission(own, now=now_ms()), said)
    return render_page(request, "console/repermission/stop.html", asking=own)


def _act(request: MemberRequest, own: Repermission, action: str, does: Callable[[], Repermission], said: str) -> HttpResponseBase:
    act(request, does, action=action, detail={"asking": own.pk, "purpose": own.purpose}, said=said)
    return go("console-asking", own.workspace_id, own.pk)
