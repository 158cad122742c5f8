"""The inventory as a table, one item with everything about it, and the alarm: what was not declared."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page, record
from troth.console.inventory.reading import KINDS, MOST, address_of, describe, list_rows, list_tabs, read_progress, read_row, short_category
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.privacy.inventory.drift import find_drift, note_drift
from troth.privacy.inventory.reading import Item, correct_category
from troth.privacy.inventory.rules import CATEGORIES
from troth.workspaces.roles import Permission


@member_page(Permission.SEE_PURPOSES)
def overview(request: MemberRequest) -> HttpResponse:
    """Everything that is stored under a name; `?kind=&category=&name=` narrow it."""
    asked = {name: request.GET.get(name, "") for name in ("kind", "category", "name")}
    rows = list_rows(request.workspace.pk, **asked)
    return render_page(
        request,
        "console/inventory/overview.html",
        rows=rows[:MOST],
        is_cut=len(rows) > MOST,
        most=MOST,
        asked=asked,
        is_narrow=any(asked.values()),
        kinds=[("", _("everything")), *((key, str(text).lower()) for key, text in KINDS.items())],
        categories=[("", _("any")), *((key, short_category(key)) for key in CATEGORIES)],
        progress=read_progress(),
        tabs=list_tabs(request.workspace.pk, "inventory"),
    )


@member_page(Permission.SEE_PURPOSES)
def drift(request: MemberRequest) -> HttpResponse:
    """What is stored or handed on and was not declared, each with where it is mended."""
    workspace_id = request.workspace.pk
    found = find_drift(workspace_id)
    note_drift(workspace_id, found, now_ms())
    return render_page(
        request,
        "console/inventory/drift.html",
        drift=found,
        sensitive=describe(workspace_id, found.sensitive),
        undeclared=describe(workspace_id, found.undeclared),
        unassigned=describe(workspace_id, found.unassigned),
        tabs=list_tabs(workspace_id, "drift"),
    )


@member_page(Permission.SEE_PURPOSES, methods=("GET", "POST"))
def item(request: MemberRequest) -> HttpResponse:
    """`?kind=&event=&name=`: one item; posting `category` corrects it, for members who manage purposes."""
    asked = request.GET
    if not asked.get("kind"):
        return redirect("console-inventory", request.workspace.pk)
    key = (asked.get("kind", ""), asked.get("event", ""), asked.get("name", ""))
    row = read_row(request.workspace.pk, *key)
    if request.method == "POST":
        return _correct(request, row.item)
    return render_page(
        request,
        "console/inventory/item.html",
        row=row,
        crumbs=[(_("Inventory"), reverse("console-inventory", args=[request.workspace.pk]))],
        users=[(use, address_of(request.workspace.pk, use)) for use in row.item.used_by],
        types=row.item.types.most_common(),
        doors=[(door or _("not known"), number) for door, number in row.item.doors.most_common()],
        shapes=[shape for shape, _number in row.item.shapes.most_common(5)],
        categories=[("", _("what the rules say")), *((name, str(text)) for name, text in CATEGORIES.items())],
        corrected=row.item.category if row.item.is_corrected else "",
    )


def _correct(request: MemberRequest, own: Item) -> HttpResponse:
    if Permission.MANAGE_PURPOSES not in request.may:
        messages.error(request, _("Only a member who manages purposes corrects categories."))
    else:
        category = request.POST.get("category", "")
        try:
            with transaction.atomic():
                correct_category(request.workspace.pk, own.kind, own.event, own.name, category, now=now_ms())
                record(
                    request, "inventory.corrected", detail={"kind": own.kind, "event": own.event, "name": own.name, "category": category}
                )
        except TrothError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Kept. The rules do not change it any more.") if category else _("Left to the rules again."))
    response = redirect(f"{request.path}?{urlencode({'kind': own.kind, 'event': own.event, 'name': own.name})}")
    response.status_code = 303
    return response
