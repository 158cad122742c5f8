"""Who may see a page of the console: members of the workspace in its address whose role permits it; each look at persons is written down."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseNotAllowed

from troth.console.breaking import ask_why, glass_stands
from troth.console.headers import staff_headers
from troth.console.shell import WORKSPACE_COOKIE, MemberRequest, reader_of, render_page
from troth.console.showing import writing_for
from troth.kernel.clock import now_ms
from troth.workspaces.audit import NOBODY, address_of, record_access
from troth.workspaces.models import Member
from troth.workspaces.roles import ALLOWED, Permission, roles_with
from troth.workspaces.shown import note_shown

__all__ = ["MemberRequest", "client_address", "member_page", "record"]

View = Callable[..., HttpResponseBase]


def member_page(permission: Permission, *, audit: str = "", methods: tuple[str, ...] = ("GET",)) -> Callable[[View], View]:
    """For a view `(request: MemberRequest, …)` below `/console/<workspace_id>/`.

    Another's workspace is not found, like one that does not exist; a role that may not gets a page that says who may. With `audit` an answer
    that succeeded is written to the audit log under that action, with the `person_id` of the address, else with `request.about`,
    and with `request.detail`; whom a list shows (`request.shown`) is noted beside it.
    """

    def guard(view: View) -> View:
        @login_required
        def answer(request: HttpRequest, workspace_id: int, **kwargs: Any) -> HttpResponseBase:
            own = _as_member(request, workspace_id)
            if request.method not in (*methods, "HEAD"):
                return HttpResponseNotAllowed(methods)
            if permission not in own.may:
                return render_page(own, "console/forbidden.html", status=403, roles=[role.label for role in roles_with(permission)])
            person_id = kwargs.get("person_id", 0)
            if glass_stands(own, audit=audit, permission=permission, person_id=person_id):
                return ask_why(own, audit=audit, person_id=person_id)
            with writing_for(reader_of(request)):  # charts are written where they are read, before a template is
                response = view(own, **kwargs)
            if audit and response.status_code < 300:
                record(own, audit, person_id=kwargs.get("person_id", own.about), detail=own.detail, shown=own.shown)
            if request.COOKIES.get(WORKSPACE_COOKIE) != str(workspace_id):
                response.set_cookie(
                    WORKSPACE_COOKIE, str(workspace_id), path="/console/", httponly=True, samesite="Lax", secure=request.is_secure()
                )
            return response

        @wraps(view)
        def with_headers(request: HttpRequest, workspace_id: int, **kwargs: Any) -> HttpResponseBase:
            return staff_headers(answer(request, workspace_id, **kwargs))

        with_headers.permission = permission  # type: ignore[attr-defined]
        with_headers.audit = audit  # type: ignore[attr-defined]
        return with_headers

    return guard


def _as_member(request: HttpRequest, workspace_id: int) -> MemberRequest:
    member = None
    if 0 < workspace_id < 2**63:
        member = Member.objects.select_related("workspace").filter(user=request.user.pk or 0, workspace=workspace_id).first()
    if member is None:
        raise Http404
    own: MemberRequest = request  # type: ignore[assignment]
    own.member = member
    own.workspace = member.workspace
    own.about, own.detail, own.shown = NOBODY, {}, None
    own.may = ALLOWED.get(member.role, frozenset())
    return own


def record(
    request: MemberRequest,
    action: str,
    *,
    person_id: int = NOBODY,
    detail: dict[str, Any] | None = None,
    reason: str = "",
    shown: Collection[int] | None = None,
) -> None:
    """Write an act of this member to the audit log, and of a list whom it showed; inside the transaction of a change. Raises ActionUnknown."""
    with transaction.atomic():
        entry_id = record_access(
            request.workspace.pk,
            user_id=int(request.user.pk or 0),
            role=request.member.role,
            action=action,
            at=now_ms(),
            person_id=person_id,
            detail=detail,
            reason=reason,
            address=client_address(request),
        )
        if shown is not None:
            note_shown(request.workspace.pk, entry_id, shown)


def client_address(request: HttpRequest) -> str:
    """The member's IP address, as the server in front of us reports it when the connection comes from this machine."""
    return address_of(request.META)
