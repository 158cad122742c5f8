"""What can be done with a breach: recording, adding what became known, deciding, noting who was told, closing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect

from troth.console.access import MemberRequest, member_page, record
from troth.console.asking import is_number
from troth.console.breaches.forms import BreachForm, DecideForm, ToldForm
from troth.console.breaches.views import own_breach, way
from troth.console.shell import preferences, render_page
from troth.kernel.clock import now_ms
from troth.privacy.breaches.register import BreachInvalid, BreachOpen, close_breach, decide_breach, note_told, record_breach, revise_breach
from troth.privacy.models import Breach
from troth.workspaces.roles import Permission


@member_page(Permission.KEEP_REGISTERS, methods=("GET", "POST"))
def new(request: MemberRequest) -> HttpResponseBase:
    """Enter a breach."""
    zone = preferences(request)["zone"]
    form = BreachForm(zone, request.POST or None, initial={"kinds": ["confidentiality"]})

    def act() -> Breach:
        made = record_breach(request.workspace.pk, form.read(), user_id=request.member.user_id, now=now_ms())
        record(request, "breach.recorded", detail={"breach": made.pk})
        return made

    return _ask(request, form, act, "console/breaches/edit.html", crumbs=way(request))


@member_page(Permission.KEEP_REGISTERS, methods=("GET", "POST"))
def edit(request: MemberRequest, breach_id: int) -> HttpResponseBase:
    """More became known."""
    own, zone = own_breach(request, breach_id), preferences(request)["zone"]
    form = BreachForm(zone, request.POST) if request.method == "POST" else BreachForm.of(own, zone)
    if not form.is_bound:
        # The page counts in the audit log whom it touched: its numbers are offered, to be kept or corrected.
        counted = {name: request.GET[name] for name in ("people", "records") if is_number(request.GET.get(name, ""))}
        form.initial = {**form.initial, **counted}

    def act() -> Breach:
        revise_breach(own, form.read(), user_id=request.member.user_id, now=now_ms())
        record(request, "breach.revised", detail={"breach": own.pk})
        return own

    return _ask(request, form, act, "console/breaches/edit.html", own=own, crumbs=way(request, own))


@member_page(Permission.KEEP_REGISTERS, methods=("GET", "POST"))
def decide(request: MemberRequest, breach_id: int) -> HttpResponseBase:
    """Whether the authority and the persons are told."""
    own = own_breach(request, breach_id)
    form = DecideForm(
        request.POST or None, initial={"decision": own.decision or "tell", "high_risk": own.is_high_risk, "reason": own.decision_reason}
    )

    def act() -> Breach:
        said = form.cleaned_data
        decide_breach(
            own,
            tell=said["decision"] == "tell",
            reason=said["reason"],
            high_risk=said["high_risk"],
            user_id=request.member.user_id,
            now=now_ms(),
        )
        record(request, "breach.decided", detail={"breach": own.pk, "decision": own.decision})
        return own

    return _ask(request, form, act, "console/breaches/decide.html", own=own)


@member_page(Permission.KEEP_REGISTERS, methods=("GET", "POST"))
def told(request: MemberRequest, breach_id: int) -> HttpResponseBase:
    """Somebody was told."""
    own, zone = own_breach(request, breach_id), preferences(request)["zone"]
    form = ToldForm(zone, request.POST or None)

    def act() -> Breach:
        said = form.read()
        note_told(own, said["whom"], at=said["at"], note=said["note"], user_id=request.member.user_id, now=now_ms())
        record(request, "breach.told", detail={"breach": own.pk, "whom": said["whom"]})
        return own

    return _ask(request, form, act, "console/breaches/told.html", own=own)


@member_page(Permission.KEEP_REGISTERS, methods=("POST",))
def close(request: MemberRequest, breach_id: int) -> HttpResponseBase:
    """Nothing is left to do."""
    own = own_breach(request, breach_id)
    try:
        with transaction.atomic():
            close_breach(own, user_id=request.member.user_id, now=now_ms())
            record(request, "breach.closed", detail={"breach": own.pk})
    except BreachOpen as error:
        messages.error(request, str(error))
    return _back(own)


def _ask(request: MemberRequest, form: Any, act: Callable[[], Breach], page: str, **context: Any) -> HttpResponseBase:
    """A form: shown, or carried out; a fault stands at its field."""
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                return _back(act())
        except BreachInvalid as error:
            form.refuse(error)
    return render_page(request, page, form=form, status=422 if request.method == "POST" else 200, **context)


def _back(own: Breach) -> HttpResponseBase:
    response = redirect("console-breach", own.workspace_id, own.pk)
    response.status_code = 303
    return response
