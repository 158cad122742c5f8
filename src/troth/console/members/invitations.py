"""Inviting over HTTP. The link stands in one answer, and in the mail, and nowhere else."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.console.access import MemberRequest, member_page, record
from troth.console.mailing import can_mail, mail_member
from troth.console.members.wording import list_roles
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.workspaces.invitations import InvitationInvalid, InvitationOver, invite, revoke
from troth.workspaces.models import Role, User
from troth.workspaces.roles import Permission


class InviteForm(forms.Form):
    """Whom, and as what."""

    email = forms.EmailField(label=later("E-mail"))
    role = forms.ChoiceField(label=later("Role"), choices=Role.choices, initial=Role.VIEWER.value)


@member_page(Permission.MANAGE_MEMBERS, methods=("GET", "POST"))
def invite_member(request: MemberRequest) -> HttpResponseBase:
    """Ask for an address and a role; then the link, this once."""
    form = InviteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            return _invite(request, form.cleaned_data["email"], form.cleaned_data["role"])
        except InvitationInvalid as error:
            form.add_error(None, str(error))
    return render_page(request, "console/members/invite.html", form=form, roles=list_roles(), can_mail=can_mail(), crumbs=_way(request))


def _invite(request: MemberRequest, email: str, role: str) -> HttpResponseBase:
    now = now_ms()
    with transaction.atomic():
        token = invite(request.workspace, email, role, User.objects.get(pk=request.member.user_id), now)
        record(request, "member.invited", detail={"role": role})
    link = f"{settings.TROTH_URL}{reverse('console-invitation', args=[token])}"
    named = str(Role(role).label).lower()
    if can_mail():
        text = render_to_string("console/members/invitation_mail.txt", {"workspace": request.workspace, "role": named, "link": link})
        mail_member(email, _("Join %s on Troth") % request.workspace.name, text, now)
    return render_page(
        request, "console/members/invited.html", email=email, role=named, link=link, was_mailed=can_mail(), crumbs=_way(request)
    )


@member_page(Permission.MANAGE_MEMBERS, methods=("POST",))
def revoke_invitation(request: MemberRequest, invitation_id: int) -> HttpResponseBase:
    """End an open invitation."""
    try:
        with transaction.atomic():
            revoke(request.workspace, invitation_id)
            record(request, "invitation.revoked")
    except InvitationOver:
        raise Http404 from None
    messages.success(request, _("The invitation is revoked: its link opens nothing any more."))
    response = redirect("console-members", request.workspace.pk)
    response.status_code = 303
    return response


def _way(request: MemberRequest) -> list[tuple[str, str]]:
    return [(_("Members"), reverse("console-members", args=[request.workspace.pk]))]
