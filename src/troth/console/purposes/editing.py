"""Writing a purpose: a new one, or the next version of one, which is shown with what it would do before it is saved."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.consent.held import ChangeHeld, find_held, name_purpose
from troth.consent.models import Purpose
from troth.consent.notices import is_language
from troth.consent.purposes import PurposeInvalid, create_purpose, find_material_changes, revise_purpose, terms_of
from troth.console.access import MemberRequest, member_page, record
from troth.console.purposes.forms import PurposeForm
from troth.console.purposes.reading import foresee_ending, get_purpose
from troth.console.purposes.wording import LABELS, list_changes
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.workspaces.roles import Permission


@member_page(Permission.MANAGE_PURPOSES, methods=("GET", "POST"))
def new(request: MemberRequest) -> HttpResponseBase:
    """A purpose that is not there yet: version 1."""
    if request.method != "POST":
        return _ask(request, PurposeForm(None), None)
    if _asks_for_language(request):
        return _add_language(request, None)
    form = PurposeForm(None, request.POST)
    if not form.is_valid():
        return _ask(request, form, None, status=422)
    workspace_id, key = request.workspace.pk, form.cleaned_data["key"]
    try:
        with transaction.atomic():
            create_purpose(workspace_id, key, form.terms(), now=now_ms())
            record(request, "purpose.created", detail={"purpose": key})
    except PurposeInvalid as error:
        form.refuse(error)
        return _ask(request, form, None, status=422)
    messages.success(
        request, _("The purpose is there. Nothing happens for it until something is assigned to it, or a campaign is under it.")
    )
    return go_to_purpose(workspace_id, key)


@member_page(Permission.MANAGE_PURPOSES, methods=("GET", "POST"))
def edit(request: MemberRequest, purpose_key: str) -> HttpResponseBase:
    """The next version of a purpose: entered, then confirmed with what it does to those who agreed before."""
    own = get_purpose(request.workspace.pk, purpose_key)
    if find_held(own.workspace_id, name_purpose(own.key)):
        return _ask(request, PurposeForm(own), own, status=409 if request.method == "POST" else 200, problem=str(ChangeHeld()))
    if request.method != "POST":
        return _ask(request, PurposeForm(own), own)
    act = request.POST.get("do", "")
    if _asks_for_language(request):
        return _add_language(request, own)
    form = PurposeForm(own, request.POST)
    if request.POST.get("after", str(own.version)) != str(own.version):
        problem = _("Somebody else revised this purpose meanwhile. Copy what you wrote, open it anew, and join both.")
        return _ask(request, form, own, status=409, problem=problem)
    if not form.is_valid():
        return _ask(request, form, own, status=422)
    if act == "edit":
        return _ask(request, form, own)
    if act != "save":
        return _confirm(request, form, own)
    material = bool(request.POST.get("material"))
    with transaction.atomic():
        revised = revise_purpose(own.workspace_id, own.key, form.terms(), material=material, now=now_ms())
        widened = find_material_changes(terms_of(own), form.terms())
        if revised.version != own.version:
            detail = {"purpose": own.key, "version": revised.version, "material": material or bool(widened)}
            record(request, "purpose.revised", detail=detail)
    if revised.version == own.version:
        messages.info(request, _("Nothing was changed, so there is no new version."))
    else:
        messages.success(
            request, _("Saved as version %(number)d. What changed stands below, under Versions.") % {"number": revised.version}
        )
    return go_to_purpose(own.workspace_id, own.key)


def _asks_for_language(request: MemberRequest) -> bool:
    """By its button, or by the enter key in its field."""
    act = request.POST.get("do", "")
    return act == "language" or (not act and bool(request.POST.get("language", "").strip()))


def _add_language(request: MemberRequest, own: Purpose | None) -> HttpResponse:
    """The form as it was filled in, with a field for one more language."""
    language = request.POST.get("language", "").strip()
    if not is_language(language):
        problem = _("A language is written as en, de or pt-BR (BCP 47).")
        return _ask(request, PurposeForm(own, request.POST), own, status=422, problem=problem, is_checked=False)
    posted = request.POST.copy()
    posted.setdefault(f"description_{language}", "")
    return _ask(request, PurposeForm(own, posted), own, is_checked=False)


def _ask(
    request: MemberRequest, form: PurposeForm, own: Purpose | None, *, status: int = 200, problem: str = "", is_checked: bool = True
) -> HttpResponse:
    workspace_id = request.workspace.pk
    if not is_checked:
        # What is not filled in yet is no mistake while languages are added.
        form.errors.clear()
    crumbs = [(_("Purposes"), reverse("console-purposes", args=[workspace_id]))]
    if own:
        crumbs.append((own.name, reverse("console-purpose", args=[workspace_id, own.key])))
    return render_page(request, "console/purposes/edit.html", status=status, form=form, purpose=own, crumbs=crumbs, problem=problem)


def _confirm(request: MemberRequest, form: PurposeForm, own: Purpose) -> HttpResponse:
    before, after = terms_of(own), form.terms()
    widened = find_material_changes(before, after)
    return render_page(
        request,
        "console/purposes/confirm.html",
        purpose=own,
        crumbs=[
            (_("Purposes"), reverse("console-purposes", args=[own.workspace_id])),
            (own.name, reverse("console-purpose", args=[own.workspace_id, own.key])),
        ],
        number=own.version + 1,
        lines=list_changes(msgspec.structs.asdict(before), msgspec.structs.asdict(after)),
        widened=_name_fields(widened),
        ending=foresee_ending(own, after, now_ms()),
        posted=[(name, value) for name, values in request.POST.lists() for value in values if name in (*form.fields, "after")],
    )


def _name_fields(names: Iterable[str]) -> list[str]:
    return [str(LABELS[name]) for name in names]


def go_to_purpose(workspace_id: int, key: str) -> HttpResponse:
    """To the page of a purpose after an act on it."""
    response = redirect(reverse("console-purpose", args=[workspace_id, key]))
    response.status_code = 303
    return response
