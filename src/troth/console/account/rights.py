"""A member's own rights: taking away what is held on them, and deleting their account for good."""

from __future__ import annotations

import json

from django import forms
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.console.headers import staff_headers
from troth.console.shell import render_alone
from troth.kernel.clock import now_ms
from troth.privacy.members import StillOwner, delete_member, export_member
from troth.workspaces.models import User


class DeleteForm(forms.Form):
    """The address typed once more, so that nobody does it by accident."""

    email = forms.EmailField(label=later("Your e-mail address, once more"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))

    def __init__(self, user: User, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._user = user

    def clean_email(self) -> str:
        """It must be theirs."""
        typed = str(self.cleaned_data["email"]).lower()
        if typed != self._user.email:
            raise forms.ValidationError(_("This is not the address of this account."))
        return typed


@login_required
def take_away(request: HttpRequest) -> HttpResponseBase:
    """Everything held on the member, as a JSON file."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    told = dict(export_member(User.objects.get(email=request.user.get_username())))
    body = json.dumps(told, indent=2, ensure_ascii=False, default=str) + "\n"
    return staff_headers(
        HttpResponse(body, content_type="application/json", headers={"Content-Disposition": 'attachment; filename="my-account.json"'})
    )


@login_required
def delete(request: HttpRequest) -> HttpResponseBase:
    """Asked once more, then deleted; the answer is the certificate, which is shown only here."""
    user = User.objects.get(email=request.user.get_username())
    form = DeleteForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            certificate = delete_member(user, now_ms())
        except StillOwner as error:
            form.add_error(None, str(error))
        else:
            logout(request)
            return staff_headers(render_alone(request, "console/account/deleted.html", certificate=certificate))
    return staff_headers(render_alone(request, "console/account/delete.html", status=422 if request.method == "POST" else 200, form=form))
