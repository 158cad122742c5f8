"""The register, one entry, and what members do about it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page, record
from troth.console.processors.forms import TOOL_WORDS, ProcessorForm, WayForm
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.privacy.downstream.ways import plain_way, set_way
from troth.privacy.models import Processor
from troth.privacy.models.disclosures import NoticeWay
from troth.privacy.processors.history import list_versions
from troth.privacy.processors.register import (
    FIELDS,
    ProcessorUnknown,
    change_processor,
    end_processor,
    find_processor,
    list_processors,
    object_to,
    register_processor,
    settle_objection,
    state_of,
)
from troth.workspaces.roles import Permission

LARGEST_ID = 2**63


@member_page(Permission.SEE_REGISTERS)
def overview(request: MemberRequest) -> HttpResponse:
    """The register with its chain."""
    now = now_ms()
    entries = list(list_processors(request.workspace.pk))
    names = {own.pk: own.name for own in entries}
    rows = [(own, state_of(own, now).value, TOOL_WORDS.get(own.transfer_tool, ""), names.get(own.parent_id or 0, "")) for own in entries]
    return render_page(request, "console/processors/overview.html", rows=rows)


@member_page(Permission.KEEP_REGISTERS, methods=("GET", "POST"))
def entry(request: MemberRequest) -> HttpResponse:
    """`?id=`: an entry; without, a new one."""
    workspace_id, given = request.workspace.pk, request.GET.get("id", "")
    own = _find(request, given) if given else None
    form = ProcessorForm(workspace_id, own.pk if own else None, request.POST if request.method == "POST" else None, initial=_enter(own))
    if request.method == "POST" and form.is_valid() and _save(request, form, own):
        messages.success(request, _("Kept."))
        return _back(request)
    return render_page(
        request,
        "console/processors/entry.html",
        form=form,
        own=own,
        way_form=_way_form(own) if own else None,
        history=list_versions(own) if own else [],
        crumbs=[(_("Processors"), reverse("console-processors", args=[workspace_id]))],
    )


def _way_form(own: Processor) -> WayForm:
    held = plain_way(NoticeWay.objects.filter(processor=own).first())
    return WayForm(initial={"way": held["way"], "address": held["address"]}, auto_id="way_%s")


@member_page(Permission.KEEP_REGISTERS, methods=("POST",))
def way(request: MemberRequest) -> HttpResponse:
    """How an entry, by `id`, is told of corrections, erasure and restriction."""
    own = _find(request, request.POST.get("id", ""))
    said = {name: request.POST.get(name, "").strip() for name in ("way", "address", "authorization")}
    try:
        with transaction.atomic():
            set_way(own, said["way"], said["address"], authorization=said["authorization"] or None, now=now_ms())
            record(request, "processor.way_set", detail={"processor": own.pk, "way": said["way"] or "members"})
    except TrothError as error:
        messages.error(request, str(error).partition(": ")[2] or str(error))
        return redirect(f"{reverse('console-processor', args=[request.workspace.pk])}?id={own.pk}")
    messages.success(request, _("Kept."))
    return _back(request)


def _enter(own: Processor | None) -> dict[str, Any]:
    if own is None:
        return {}
    links = [f"{kind}:{one}" for kind in ("channels", "webhooks") for one in getattr(own, kind)]
    return {**{name: getattr(own, name) for name in FIELDS}, "links": links}


def _save(request: MemberRequest, form: ProcessorForm, own: Processor | None) -> bool:
    said, now = form.said(), now_ms()
    window_days = form.cleaned_data["window_days"]
    try:
        with transaction.atomic():
            if own is None:
                own = register_processor(request.workspace.pk, said, in_use=form.cleaned_data["in_use"], window_days=window_days, now=now)
            else:
                own = change_processor(own, said, window_days=window_days, now=now)
            record(request, "processor.kept", detail={"processor": own.pk})
    except TrothError as error:
        place, _colon, says = str(error).removeprefix("$.").partition(": ")
        form.add_error(place if place in form.fields else None, says or str(error))
        return False
    return True


@member_page(Permission.KEEP_REGISTERS, methods=("POST",))
def act(request: MemberRequest) -> HttpResponse:
    """`act`: `object` (with `text`), `settle` or `end`, by `id`."""
    own, asked, now = _find(request, request.POST.get("id", "")), request.POST.get("act", ""), now_ms()
    try:
        with transaction.atomic():
            if asked == "object":
                object_to(own, request.POST.get("text", ""), now=now)
                record(request, "processor.objected", detail={"processor": own.pk})
            elif asked == "settle":
                settle_objection(own, request.POST.get("text", ""), now=now)
                record(request, "processor.settled", detail={"processor": own.pk})
            elif asked == "end":
                end_processor(own, now=now)
                record(request, "processor.ended", detail={"processor": own.pk})
            else:
                raise Http404
    except TrothError as error:
        messages.error(request, str(error).partition(": ")[2] or str(error))
    else:
        messages.success(request, _("Kept."))
    return _back(request)


def _find(request: MemberRequest, given: str) -> Processor:
    try:
        if not (given.isascii() and given.isdigit() and int(given) < LARGEST_ID):
            raise ProcessorUnknown
        return find_processor(request.workspace.pk, int(given))
    except ProcessorUnknown:
        raise Http404 from None


def _back(request: MemberRequest) -> HttpResponse:
    response = redirect("console-processors", request.workspace.pk)
    response.status_code = 303
    return response
