"""What belongs where: events and attributes in use, the purposes that they are collected for, and assigning many at once."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.consent.catalog import SERVICE, load_catalog
from troth.consent.held import ASSIGNMENT, ChangeHeld, list_held
from troth.consent.purposes import assign_all, read_assigned
from troth.console.access import MemberRequest, member_page, record
from troth.console.purposes.forms import DATA, AssignForm
from troth.console.purposes.reading import MOST_SHOWN, find_homeless, find_things
from troth.console.purposes.wording import name_basis
from troth.console.shell import render_page
from troth.workspaces.roles import Permission

MOST_NAMED = 50
"""Names that an audit entry holds."""


@member_page(Permission.SEE_PURPOSES)
def assignments(request: MemberRequest) -> HttpResponse:
    """Events and attributes, those that nobody assigned first; `?name=&purpose=` narrow them."""
    return _show(request)


@member_page(Permission.MANAGE_PURPOSES, methods=("POST",))
def assign(request: MemberRequest) -> HttpResponse:
    """Have what was chosen be collected for a purpose from now on."""
    form = AssignForm(request.workspace.pk, request.POST.getlist("thing"), request.POST)
    if not form.is_valid():
        told = [str(error) for errors in form.errors.values() for error in errors]
        return _show(request, problem=" ".join(told), chosen=request.POST.getlist("thing"), status=422)
    purpose, things = form.cleaned_data["purpose"], form.things()
    try:
        with transaction.atomic():
            before = read_assigned(request.workspace.pk, things)
            number = assign_all(request.workspace.pk, things, purpose)
            named = [f"{kind} {name}" for kind, name in sorted(set(things))[:MOST_NAMED]]
            record(request, "purpose.assigned", detail={"purpose": purpose, "number": number, "names": named, "before": before})
    except ChangeHeld as error:
        return _show(request, problem=str(error), chosen=request.POST.getlist("thing"), status=409)
    name = load_catalog(request.workspace.pk).purposes[purpose].name
    messages.success(request, _("%(number)d assigned to “%(purpose)s”, from now on at every door.") % {"number": number, "purpose": name})
    response = redirect(reverse("console-assignments", args=[request.workspace.pk]))
    response.status_code = 303
    return response


def _show(request: MemberRequest, *, problem: str = "", chosen: list[str] | None = None, status: int = 200) -> HttpResponse:
    workspace_id = request.workspace.pk
    catalog = load_catalog(workspace_id)
    asked = {name: request.GET.get(name, "")[:255] for name in ("name", "purpose")}
    rules = sorted(catalog.purposes.values(), key=lambda rule: rule.name.casefold())
    service = catalog.purposes[SERVICE]
    return render_page(
        request,
        "console/purposes/assignments.html",
        status=status,
        crumbs=[(_("Purposes"), reverse("console-purposes", args=[workspace_id]))],
        problem=problem,
        chosen=chosen or [],
        things=find_things(workspace_id, asked["name"], asked["purpose"]),
        asked=asked,
        is_narrow=any(asked.values()),
        choices=[(rule.key, f"{rule.name} · {name_basis(rule.basis)}") for rule in rules],
        filters=[("", _("any")), *((rule.key, rule.name) for rule in rules)],
        kinds=DATA,
        service=service,
        service_basis=name_basis(service.basis),
        homeless=find_homeless(workspace_id),
        held=[name for own in list_held(workspace_id, ASSIGNMENT) for _, name in own.wanted["things"]],
        most=MOST_SHOWN,
    )
