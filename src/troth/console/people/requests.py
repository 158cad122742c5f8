"""Privacy requests of a workspace: the list, and each with its steps, its clock and its certificate."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page, record
from troth.console.naming import names_of
from troth.console.shell import render_fragment, render_page
from troth.kernel.clock import now_ms
from troth.people.lookup import PersonNotFound
from troth.privacy.erasure import confirm_request
from troth.privacy.models import PrivacyRequest, RequestState, RequestType
from troth.privacy.states import OPEN
from troth.workspaces.audit import NOBODY
from troth.workspaces.roles import Permission

SHOWN = 50
IN_PROGRESS = (RequestState.DELETED, RequestState.RESIDUE_FOUND)


@member_page(Permission.SEE_PEOPLE, audit="requests.list")
def requests(request: MemberRequest) -> HttpResponse:
    """`?type=&state=&before=`, the newest first; `state=open` for all that wait."""
    rows = PrivacyRequest.objects.filter(workspace_id=request.workspace.pk)
    kind, state = request.GET.get("type", ""), request.GET.get("state", "")
    if kind in RequestType.values:
        rows = rows.filter(type=kind)
    if state == "open":
        rows = rows.filter(state__in=OPEN)
    elif state in RequestState.values:
        rows = rows.filter(state=state)
    if before := _read_place(request.GET.get("before", "")):
        received_at, request_id = before
        rows = rows.filter(Q(received_at__lt=received_at) | Q(received_at=received_at, pk__lt=request_id))
    found = list(rows.order_by("-received_at", "-pk")[: SHOWN + 1])
    last = found[SHOWN - 1] if len(found) > SHOWN else None
    shown = found[:SHOWN]
    names = names_of(request.workspace.pk, (row.person_id or 0 for row in shown))
    return render_page(
        request,
        "console/people/requests.html",
        crumbs=_way(request),
        rows=[(row, names.get(row.person_id or 0, ""), _left(row)) for row in shown],
        asked={"type": kind, "state": state},
        types=[("", _("Any right")), *RequestType.choices],
        states=[("", _("Any state")), ("open", _("Open")), *RequestState.choices],
        older=f"?type={kind}&state={state}&before={last.received_at}.{last.pk}" if last else "",
        newest=f"?type={kind}&state={state}" if request.GET.get("before") else "",
    )


def _read_place(text: str) -> tuple[int, UUID] | None:
    at, _dot, request_id = text.partition(".")
    try:
        return int(at), UUID(request_id)
    except ValueError:
        return None


def _left(row: PrivacyRequest) -> int | None:
    """Milliseconds until the answer is due; None once it was given."""
    return row.due_at - now_ms() if row.state in OPEN else None


@member_page(Permission.SEE_PEOPLE, audit="request.read")
def request_page(request: MemberRequest, request_id: UUID) -> HttpResponse:
    """One request: what was done, how far it is, its certificate."""
    found = _find(request, request_id)
    request.about = found.person_id or NOBODY
    return render_page(
        request, "console/people/request.html", crumbs=[*_way(request), (_("Privacy requests"), _list(request))], **_about(found)
    )


@member_page(Permission.SEE_FIGURES)
def progress(request: MemberRequest, request_id: UUID) -> HttpResponse:
    """How far it is, asked for every two seconds until it is done; it tells of nobody."""
    return render_fragment(request, "console/people/progress.html", **_about(_find(request, request_id)))


def _way(request: MemberRequest) -> list[tuple[str, str]]:
    return [(_("People"), reverse("console-people", args=[request.workspace.pk]))]


def _list(request: MemberRequest) -> str:
    return reverse("console-requests", args=[request.workspace.pk])


def _about(found: PrivacyRequest) -> dict[str, Any]:
    name = names_of(found.workspace_id, [found.person_id or 0]).get(found.person_id or 0, "")
    step = {RequestState.DELETED: 2, RequestState.RESIDUE_FOUND: 2, RequestState.ERASED: 4}.get(RequestState(found.state), 1)
    return {
        "found": found,
        "name": name,
        "left": _left(found),
        "is_erasure": found.type == RequestType.ERASURE,
        "is_moving": found.state in IN_PROGRESS and found.next_try_at is not None,
        "awaits": found.state == RequestState.AWAITING_CONFIRMATION,
        "steps": [_("Deleted"), _("Searched in every byte kept"), _("Erased")],
        "step": step,
        "records": sorted(found.steps.get("records", {}).items()),
        "other_steps": {key: value for key, value in found.steps.items() if key not in ("records", "last_search")},
        "search": found.steps.get("last_search"),
    }


@member_page(Permission.EXERCISE_RIGHTS)
def certificate(request: MemberRequest, request_id: UUID) -> HttpResponse:
    """The signed certificate, as a file."""
    found = _find(request, request_id)
    if not found.certificate:
        raise Http404
    response = HttpResponse(found.certificate, content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="certificate-{request_id}.json"'
    return response


@member_page(Permission.EXERCISE_RIGHTS, methods=("GET", "POST"))
def confirm(request: MemberRequest, request_id: UUID) -> HttpResponseBase:
    """Carry out an erasure that a key visible in browsers asked for."""
    found = _find(request, request_id)
    if found.state != RequestState.AWAITING_CONFIRMATION or found.person_id is None:
        messages.info(request, _("This request does not wait for confirmation any more."))
    elif request.method == "POST":
        record(request, "person.erased", person_id=found.person_id, detail={"request": str(request_id)})
        try:
            confirm_request(found, now=now_ms())
        except PersonNotFound:
            messages.info(request, _("The person is gone already."))
    else:
        return render_page(request, "console/people/confirm.html", **_about(found))
    return redirect("console-request", request.workspace.pk, request_id)


def _find(request: MemberRequest, request_id: UUID) -> PrivacyRequest:
    found = PrivacyRequest.objects.filter(workspace_id=request.workspace.pk, pk=request_id).first()
    if found is None:
        raise Http404
    return found
