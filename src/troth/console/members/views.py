"""Members over HTTP: the list, another role, and the end of a membership."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page, record
from troth.console.members.reading import read_members, to_ms
from troth.console.members.wording import list_permissions, list_roles
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.workspaces.invitations import list_open
from troth.workspaces.membership import change_role, is_last_owner, remove_member
from troth.workspaces.models import Member
from troth.workspaces.roles import Permission


@member_page(Permission.SEE_SETTINGS)
def members(request: MemberRequest) -> HttpResponseBase:
    """Who belongs to the workspace, who is invited, and what each role may do."""
    open_now = list_open(request.workspace, now_ms()) if Permission.MANAGE_MEMBERS in request.may else []
    return render_page(
        request,
        "console/members/members.html",
        rows=read_members(request.workspace),
        invitations=[(one, to_ms(one.created_at), to_ms(one.expires_at)) for one in open_now],
        permissions=list_permissions(),
        roles=list_roles(),
    )


@member_page(Permission.MANAGE_MEMBERS, methods=("GET", "POST"))
def role(request: MemberRequest, member_id: int) -> HttpResponseBase:
    """Give a member another role."""
    member = _find(request, member_id)
    if request.method == "POST":
        before, chosen = member.role, request.POST.get("role", "")

        def act() -> str:
            changed = change_role(request.workspace.pk, member_id, chosen)
            record(request, "member.role_changed", detail={"member": member_id, "from": before, "to": changed.role})
            return _("%(email)s is %(role)s now; what they may do changed at once.") % {
                "email": changed.user.email,
                "role": str(changed.get_role_display()).lower(),
            }

        return _do(request, act)
    return render_page(request, "console/members/role.html", member=member, roles=list_roles(), is_last_owner=is_last_owner(member))


@member_page(Permission.MANAGE_MEMBERS, methods=("GET", "POST"))
def remove(request: MemberRequest, member_id: int) -> HttpResponseBase:
    """End a membership."""
    member = _find(request, member_id)
    if request.method == "POST":

        def act() -> str:
            removed = remove_member(request.workspace.pk, member_id)
            record(request, "member.removed", detail={"member": member_id, "role": removed.role})
            return _("%s is no member any more, from this moment on.") % member.user.email

        return _do(request, act, leaves=member.user_id == request.user.pk)
    return render_page(
        request,
        "console/members/remove.html",
        member=member,
        is_self=member.user_id == request.user.pk,
        is_last_owner=is_last_owner(member),
    )


def _find(request: MemberRequest, member_id: int) -> Member:
    found = Member.objects.filter(workspace=request.workspace, pk=member_id).select_related("user").first()
    if found is None:
        raise Http404
    return found


def _do(request: MemberRequest, act: Callable[[], str], *, leaves: bool = False) -> HttpResponse:
    """Act and write it down in one transaction; a refusal is told on the list. Who left goes to a workspace that is still theirs."""
    is_done = False
    try:
        with transaction.atomic():
            told = act()
    except TrothError as error:
        messages.error(request, str(error))
    else:
        is_done = True
        messages.success(request, told)
    response = redirect("console") if leaves and is_done else redirect("console-members", request.workspace.pk)
    response.status_code = 303
    return response
