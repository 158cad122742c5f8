"""The member's own page, and coming in: by an invitation, or with a new password."""

from __future__ import annotations

from allauth.account import views as allauth_views
from allauth.account.adapter import get_adapter
from allauth.core.internal.ratelimit import respond_429
from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from troth.console.account.forms import AcceptForm, ProfileForm
from troth.console.account.limits import may_try
from troth.console.headers import staff_headers
from troth.console.mailing import can_mail
from troth.console.shell import render_alone
from troth.kernel.clock import now_ms
from troth.workspaces.audit import record_access
from troth.workspaces.invitations import InvitationInvalid, InvitationOver, accept, find_invitation
from troth.workspaces.models import Invitation, Member, User


def log_in(request: HttpRequest, user: User) -> None:
    """Begin a session, and list it among the member's sessions."""
    get_adapter().login(request, user)
    UserSession.objects.create_from_request(request)


@login_required
def profile(request: HttpRequest) -> HttpResponseBase:
    """Name, time zone and way of writing; the way to password, second factor and sessions."""
    user = User.objects.get(email=request.user.get_username())
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return staff_headers(redirect("console-account"))
    return staff_headers(render_alone(request, "console/account/profile.html", form=form, has_second_factor=is_mfa_enabled(user)))


def reset_password(request: HttpRequest) -> HttpResponseBase:
    """A link by mail. Where no mail can be sent, the page says how a password is set on the server."""
    if not can_mail():
        return render_alone(request, "account/password_reset.html", cannot_mail=True)
    response: HttpResponseBase = allauth_views.password_reset(request)
    return response


def accept_invitation(request: HttpRequest, token: str) -> HttpResponseBase:
    """Workspace and role, and what is needed to come in: a name and a password, or just a click of whoever is logged in."""
    if not may_try(request, "invitation"):
        return staff_headers(respond_429(request))
    now = now_ms()
    try:
        invitation = find_invitation(token, now)
        return staff_headers(_answer(request, token, invitation, now))
    except InvitationOver:
        return staff_headers(render_alone(request, "console/account/invitation_over.html", status=404))


def _answer(request: HttpRequest, token: str, invitation: Invitation, now: int) -> HttpResponse:
    user = User.objects.filter(pk=request.user.pk).first() if request.user.is_authenticated else None
    is_known = User.objects.filter(email=invitation.email).exists()
    form = AcceptForm(request.POST or None, email=invitation.email)
    problem = ""
    if request.method == "POST" and (user or (not is_known and form.is_valid())):
        try:
            made = accept(token, now, user=user, **({} if user else form.cleaned_data))
        except InvitationInvalid as invalid:
            problem = str(invalid)
        else:
            return _enter(request, made, now, is_new=user is None)
    return render_alone(
        request,
        "console/account/invitation.html",
        invitation=invitation,
        form=form,
        problem=problem,
        is_known=is_known,
        is_other=bool(user and user.email != invitation.email),
        days=max(1, (int(invitation.expires_at.timestamp() * 1000) - now) // 86_400_000),
    )


def _enter(request: HttpRequest, made: Member, now: int, *, is_new: bool) -> HttpResponse:
    record_access(
        made.workspace_id,
        user_id=made.user_id,
        role=made.role,
        action="member.joined",
        at=now,
        detail={"role": made.role},
        address=get_adapter().get_client_ip(request),
    )
    if is_new:
        log_in(request, made.user)
    messages.success(request, _("Welcome. You are a member now."))
    return redirect(f"/console/{made.workspace_id}/")
