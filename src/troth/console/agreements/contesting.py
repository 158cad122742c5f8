"""Say that an instruction infringes the law (Art. 28(3), last sentence), and write down what the controller says to it; the register as PDF."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.console.access import MemberRequest, member_page, record
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.kernel.speech import ENGLISH
from troth.privacy.contests.contesting import LONGEST, ContestUnknown, contest_entry, contest_request, find_contest, name_waiting, settle
from troth.privacy.contests.paper import write_register
from troth.privacy.contests.telling import name_instruction, tell
from troth.privacy.desk.cases import RequestNotFound, find_request
from troth.privacy.history import By
from troth.privacy.models.contests import ContestedInstruction, Outcome
from troth.workspaces.agreements.instructions import InstructionUnknown, find_instruction
from troth.workspaces.audit import ACTIONS
from troth.workspaces.roles import Permission


class ContestForm(forms.Form):
    """Why it infringes the law."""

    reason = forms.CharField(
        label=later("Which rule it infringes, and why"),
        max_length=LONGEST,
        help_text=later("The controller gets these words. Write nothing about a person in them."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class SettleForm(forms.Form):
    """What the controller said."""

    outcome = forms.ChoiceField(
        label=later("The controller"),
        choices=[
            (Outcome.CONFIRMED.value, later("confirms it: what waits goes on")),
            (Outcome.CHANGED.value, later("changes it: what waits stays stopped, until you have set what was changed")),
            (Outcome.WITHDRAWN.value, later("withdraws it: what waits stays stopped, and a request is closed")),
        ],
        widget=forms.RadioSelect,
    )
    said = forms.CharField(label=later("What they said, who, and how"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 4}))


@member_page(Permission.KEEP_REGISTERS, methods=("GET", "POST"))
def contest_instruction(request: MemberRequest, entry_id: int) -> HttpResponseBase:
    """Contest one of the register."""
    workspace_id = request.workspace.pk
    try:
        found = find_instruction(workspace_id, entry_id)
    except InstructionUnknown:
        raise Http404 from None
    what = str(found.detail.get("call") or _(ACTIONS.get(found.action, found.action)))
    waits = bool(name_waiting(found.entry_id, found.action, found.detail))
    return _contest(
        request, _("Contest an instruction"), what, waits, lambda why, by, now: contest_entry(workspace_id, entry_id, why, by=by, now=now)
    )


@member_page(Permission.KEEP_REGISTERS, methods=("GET", "POST"))
def contest_asked(request: MemberRequest, request_id: UUID) -> HttpResponseBase:
    """Contest the carrying out of a request on the desk."""
    workspace_id = request.workspace.pk
    try:
        own = find_request(workspace_id, request_id)
    except RequestNotFound:
        raise Http404 from None
    what = _("carry out a request: %s") % _(own.type.replace("_", " "))
    return _contest(
        request, _("Contest a request"), what, True, lambda why, by, now: contest_request(workspace_id, own.pk, why, by=by, now=now)
    )


def _contest(
    request: MemberRequest, title: str, what: str, waits: bool, does: Callable[[str, By, int], ContestedInstruction]
) -> HttpResponseBase:
    """A page of a title: what is contested, whether it can wait, and how it is done."""
    form = ContestForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                own = does(form.cleaned_data["reason"], _by(request), now_ms())
                record(request, "instruction.contested", detail=_detail(own), reason=own.reason)
        except TrothError as error:
            form.add_error(None, str(error).partition(": ")[2].capitalize() or str(error))
        else:
            tell(own, now_ms())
            if own.told_at:
                messages.success(request, _("Contested. The controller is told by mail."))
            else:
                messages.warning(
                    request, _("Contested. The controller could not be mailed yet: tell them yourself at once; it is tried again.")
                )
            return _back(request)
    status = 422 if request.method == "POST" else 200
    shown = {"title": title, "form": form, "what": what, "waits": waits, "crumbs": _way(request)}
    return render_page(request, "console/agreements/contest.html", status=status, **shown)


@member_page(Permission.KEEP_REGISTERS, methods=("GET", "POST"))
def answer(request: MemberRequest, contest_id: int) -> HttpResponseBase:
    """What the controller says to a contested instruction."""
    try:
        own = find_contest(request.workspace.pk, contest_id)
    except ContestUnknown:
        raise Http404 from None
    form = SettleForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            with transaction.atomic():
                own = settle(own, said["outcome"], said["said"], by=_by(request), now=now_ms())
                record(request, "instruction.settled", detail={**_detail(own), "outcome": own.outcome})
        except TrothError as error:
            form.add_error(None, str(error).partition(": ")[2].capitalize() or str(error))
        else:
            messages.success(request, _("Written down."))
            return _back(request)
    status = 422 if request.method == "POST" else 200
    return render_page(
        request,
        "console/agreements/answer.html",
        status=status,
        form=form,
        own=own,
        what=name_instruction(own, ENGLISH),
        crumbs=_way(request),
    )


@member_page(Permission.SEE_REGISTERS, audit="instruction.exported")
def paper(request: MemberRequest) -> HttpResponse:
    """The register of instructions as PDF."""
    made = write_register(request.workspace.pk, now_ms()).as_pdf()
    return HttpResponse(made, content_type="application/pdf", headers={"Content-Disposition": 'attachment; filename="instructions.pdf"'})


def _by(request: MemberRequest) -> By:
    return By("console", int(request.user.pk or 0), request.member.role)


def _detail(own: ContestedInstruction) -> dict[str, Any]:
    about = {"entry": str(own.entry_id)} if own.entry_id is not None else {"request": str(own.request_id)}
    return {"contest": own.pk, **about}


def _way(request: MemberRequest) -> list[tuple[str, str]]:
    return [
        (_("Agreements"), reverse("console-agreements", args=[request.workspace.pk])),
        (_("Instructions"), reverse("console-instructions", args=[request.workspace.pk])),
    ]


def _back(request: MemberRequest) -> HttpResponse:
    response = redirect("console-instructions", request.workspace.pk)
    response.status_code = 303
    return response
