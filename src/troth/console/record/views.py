"""The record as a page and as files, and the form of what nobody can derive."""

from __future__ import annotations

import json

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page, record
from troth.console.record.forms import PartiesForm, enter
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.privacy.record.deriving import read_record
from troth.privacy.record.parties import read_parties, save_parties
from troth.privacy.record.writing import plain_record, write_csv, write_pdf
from troth.workspaces.roles import Permission


@member_page(Permission.SEE_REGISTERS)
def overview(request: MemberRequest) -> HttpResponse:
    """The record, and what it lacks."""
    return render_page(request, "console/record/overview.html", record=read_record(request.workspace.pk, now_ms()))


@member_page(Permission.KEEP_REGISTERS, methods=("GET", "POST"))
def parties(request: MemberRequest) -> HttpResponse:
    """Who is answerable."""
    workspace_id = request.workspace.pk
    form = PartiesForm(request.POST) if request.method == "POST" else PartiesForm(initial=enter(read_parties(workspace_id)))
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                save_parties(workspace_id, form.parties(), now=now_ms())
                record(request, "record.edited")
        except TrothError as error:
            form.add_error(None, str(error).partition(": ")[2] or str(error))
        else:
            messages.success(request, _("Kept. The record says it from now on."))
            response = redirect("console-record", workspace_id)
            response.status_code = 303
            return response
    crumbs = [(_("Record"), reverse("console-record", args=[workspace_id]))]
    return render_page(request, "console/record/parties.html", form=form, crumbs=crumbs)


@member_page(Permission.SEE_REGISTERS, audit="record.exported")
def as_json(request: MemberRequest) -> HttpResponse:
    """The record for machines."""
    told = plain_record(read_record(request.workspace.pk, now_ms()))
    return _file(json.dumps(told, ensure_ascii=False, indent=2).encode(), "application/json", "json")


@member_page(Permission.SEE_REGISTERS, audit="record.exported")
def as_csv(request: MemberRequest) -> HttpResponse:
    """The record for a spreadsheet."""
    return _file(write_csv(read_record(request.workspace.pk, now_ms())).encode(), "text/csv; charset=utf-8", "csv")


@member_page(Permission.SEE_REGISTERS, audit="record.exported")
def as_pdf(request: MemberRequest) -> HttpResponse:
    """The record for an authority."""
    return _file(write_pdf(read_record(request.workspace.pk, now_ms())), "application/pdf", "pdf")


def _file(content: bytes, content_type: str, ending: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="record-of-processing.{ending}"'}
    )
