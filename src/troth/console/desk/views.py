"""The list of requests, and the page of one."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page
from troth.console.desk import reading
from troth.console.desk.wording import name_door, name_means, name_right, name_rights
from troth.console.naming import names_of
from troth.console.shell import render_fragment, render_page
from troth.kernel.clock import now_ms
from troth.privacy.contested import is_request_contested
from troth.privacy.desk.cases import RequestNotFound, clock_of, find_request, is_unknown
from troth.privacy.desk.forwarding import forwarding_of
from troth.privacy.desk.identity import DEMANDS, is_known_enough
from troth.privacy.desk.links import make_ask_url
from troth.privacy.desk.listing import count_kinds, select
from troth.privacy.desk.steps import Step
from troth.privacy.downstream.reading import list_notices
from troth.privacy.models import PrivacyRequest, RequestState, RequestType
from troth.privacy.states import UNANSWERED
from troth.workspaces.audit import NOBODY
from troth.workspaces.roles import Permission

SHOWN = 50
BY_DUE = ("open", "due_soon", "overdue")
"""Shown by when they are due; all others by when they came."""


@member_page(Permission.SEE_PEOPLE, audit="requests.list")
def desk(request: MemberRequest) -> HttpResponse:
    """`?show=open|due_soon|overdue&type=&state=&before=`: the newest first, those that wait by when they are due."""
    kind, state, show = (request.GET.get(name, "") for name in ("type", "state", "show"))
    now = now_ms()
    if state == "open":
        show, state = "open", ""
    rows = select(request.workspace.pk, now, right=kind, state=state, show=show)
    if show in BY_DUE:
        found = list(rows.order_by("due_at", "pk")[: 4 * SHOWN])
        older = ""
    else:
        if before := _read_place(request.GET.get("before", "")):
            received_at, request_id = before
            rows = rows.filter(Q(received_at__lt=received_at) | Q(received_at=received_at, pk__lt=request_id))
        page = list(rows.order_by("-received_at", "-pk")[: SHOWN + 1])
        found = page[:SHOWN]
        older = f"?type={kind}&state={state}&before={found[-1].received_at}.{found[-1].pk}" if len(page) > SHOWN else ""
    request.shown = [row.person_id for row in found if row.person_id]
    names = names_of(request.workspace.pk, (row.person_id or 0 for row in found))
    address = reverse("console-requests", args=[request.workspace.pk])
    return render_page(
        request,
        "console/desk/desk.html",
        rows=[(row, names.get(row.person_id or 0, ""), reading.read_left(row, now), name_door(row.source)) for row in found],
        tabs=reading.list_kinds(count_kinds(request.workspace.pk, now), show, address),
        asked={"type": kind, "state": state, "show": show},
        my_url=make_ask_url(request.workspace.pk),
        types=[("", _("Any right")), *name_rights()],
        states=[("", _("Any state")), *RequestState.choices],
        bulk=[(Step.ACKNOWLEDGE, _("Acknowledge by mail")), (Step.CARRY_OUT, _("Carry out")), (Step.ANSWER, _("Answer by mail"))],
        waiting=UNANSWERED,
        older=older,
        newest=f"?type={kind}&state={state}" if request.GET.get("before") else "",
    )


def _read_place(text: str) -> tuple[int, UUID] | None:
    at, _dot, request_id = text.partition(".")
    try:
        return int(at), UUID(request_id)
    except ValueError:
        return None


@member_page(Permission.SEE_PEOPLE, audit="request.read")
def request_page(request: MemberRequest, request_id: UUID) -> HttpResponse:
    """One request: its clock, the next step, its history, its proof."""
    found, now = own_request(request, request_id), now_ms()
    request.about = found.person_id or NOBODY
    return render_page(
        request,
        "console/desk/request.html",
        crumbs=way(request),
        name=name_of_person(found),
        is_unknown=is_unknown(found),
        left=reading.read_left(found, now),
        clock=clock_of(found, now),
        line=reading.draw_clock(found, now),
        next=reading.next_step(found),
        acts=reading.list_acts(found),
        history=reading.read_steps(found),
        means=name_means(found.identity) if found.identity else "",
        door=name_door(found.source),
        needs_identity=DEMANDS[found.type] > 0,
        is_known=is_known_enough(found.type, found.identity),
        recipients=list_notices(request.workspace.pk, request_id=found.pk),
        owing=list_notices(request.workspace.pk, request_id=found.pk, owing=True).filter(silent_at__isnull=False).count(),
        forwarding=forwarding_of(found),
        frozen=reading.name_frozen(found),
        is_contested=is_request_contested(found.pk),
        now=now,
        hands_out=found.type in (RequestType.ACCESS, RequestType.PORTABILITY),
        **reading.about(found),
    )


@member_page(Permission.SEE_FIGURES)
def progress(request: MemberRequest, request_id: UUID) -> HttpResponse:
    """How far an erasure is, asked for every two seconds until it is done; it tells of nobody."""
    return render_fragment(request, "console/desk/progress.html", **reading.about(own_request(request, request_id)))


def own_request(request: MemberRequest, request_id: UUID) -> PrivacyRequest:
    """A request of the workspace. Raises Http404."""
    try:
        return find_request(request.workspace.pk, request_id)
    except RequestNotFound:
        raise Http404 from None


def name_of_person(found: PrivacyRequest) -> str:
    """How the person is called; empty once they are gone."""
    return names_of(found.workspace_id, [found.person_id or 0]).get(found.person_id or 0, "")


def way(request: MemberRequest, found: PrivacyRequest | None = None) -> list[tuple[str, str]]:
    """The crumbs above a page of the room."""
    crumbs = [(_("Privacy desk"), reverse("console-requests", args=[request.workspace.pk]))]
    if found:
        crumbs.append((name_right(found.type), reverse("console-request", args=[request.workspace.pk, found.pk])))
    return crumbs
