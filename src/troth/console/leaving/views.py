"""What would go and what stays; asking for it, with the name typed and the password said once more; calling it off."""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.console.access import MemberRequest, member_page, record
from troth.console.acting import go
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.privacy.leaving.asking import (
    HOLD_DAYS,
    LONGEST_HOLD,
    STAYS,
    LeavingRefused,
    ask_to_leave,
    call_off,
    find_waiting,
    may_ask,
    preview,
    workspaces_of,
)
from troth.privacy.leaving.links import make_leaving_url
from troth.privacy.leaving.telling import tell_called_off, tell_owners
from troth.privacy.models.leaving import Leaving
from troth.workspaces.models import User, Workspace
from troth.workspaces.roles import Permission


class LeavingForm(forms.Form):
    """The name typed once more, and how long one may think it over."""

    name = forms.CharField(
        max_length=200, strip=True, label=later("The name, once more"), widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    hold_days = forms.IntegerField(
        min_value=0,
        max_value=LONGEST_HOLD,
        initial=HOLD_DAYS,
        label=later("Days to think it over"),
        help_text=later("Until they are over every owner can call it off. 0: it begins at once, and there is no way back."),
    )


@member_page(Permission.EDIT_WORKSPACE, methods=("GET", "POST"))
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]  # allauth has no types
def leaving(request: MemberRequest) -> HttpResponse:
    """`?what=account`: the account with all its workspaces, for who owns them all; else this workspace."""
    waiting = find_waiting(request.workspace.pk)
    if waiting is not None:
        return render_page(
            request,
            "console/leaving/waiting.html",
            waiting=waiting,
            follow=make_leaving_url(waiting),
            takeaway=reverse("console-takeaway", args=[request.workspace.pk]),
        )
    everything = workspaces_of(request.workspace.account)
    owns_all = may_ask(User.objects.get(pk=request.member.user_id), everything)
    is_account = request.GET.get("what") == "account" and owns_all
    form = LeavingForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made = _ask(request, form, everything if is_account else [request.workspace], is_account=is_account)
        if made is not None:
            return go("console-leaving", request.workspace.pk)
    return render_page(
        request,
        "console/leaving/ask.html",
        status=422 if request.method == "POST" else 200,
        form=form,
        takeaway=reverse("console-takeaway", args=[request.workspace.pk]),
        shown=preview(everything if is_account else [request.workspace]),
        stays=STAYS,
        is_account=is_account,
        may_account=owns_all and len(everything) > 1,
        name=request.workspace.account.name if is_account else request.workspace.name,
        crumbs=[(_("Settings"), reverse("console-settings", args=[request.workspace.pk]))],
    )


def _ask(request: MemberRequest, form: LeavingForm, workspaces: list[Workspace], *, is_account: bool) -> Leaving | None:
    now, said = now_ms(), form.cleaned_data
    try:
        with transaction.atomic():
            made = ask_to_leave(
                workspaces,
                confirmed=said["name"],
                by=f"member {request.member.user_id}",
                now=now,
                whole_account=is_account,
                hold_days=said["hold_days"],
            )
            record(request, "workspace.leaving_asked", detail={"days": said["hold_days"], "account": is_account})
    except LeavingRefused as error:
        form.add_error("name", str(error))
        return None
    tell_owners(made, said["name"], now)
    return made


@member_page(Permission.EDIT_WORKSPACE, methods=("POST",))
def call_it_off(request: MemberRequest) -> HttpResponse:
    """It stays after all."""
    waiting, now = find_waiting(request.workspace.pk), now_ms()
    if waiting is not None:
        try:
            with transaction.atomic():
                call_off(waiting, now)
                record(request, "workspace.leaving_called_off")
        except LeavingRefused as error:
            messages.warning(request, str(error))
        else:
            tell_called_off(waiting, request.workspace.name, now)
            messages.success(request, _("It stays. Keys open again, and mail goes as it went before."))
    return go("console-settings", request.workspace.pk)
