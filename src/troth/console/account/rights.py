"""A member's own rights: taking away what is held on them, and deleting their account for good."""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.console.acting import go
from troth.console.handing_over import HandoverForm
from troth.console.headers import staff_headers
from troth.console.shell import render_alone
from troth.kernel.clock import now_ms
from troth.privacy.handovers.handing import hand_over_member, list_of_member
from troth.privacy.members import StillOwner, delete_member, write_member
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
    body = write_member(_user_of(request))
    return staff_headers(
        HttpResponse(body, content_type="application/json", headers={"Content-Disposition": 'attachment; filename="my-account.json"'})
    )


@login_required
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]  # allauth has no types
def hand_over(request: HttpRequest) -> HttpResponseBase:
    """The same, handed over to a third party's address or store; and what was handed over before, with its receipts."""
    user = _user_of(request)
    form = HandoverForm(request.POST if request.method == "POST" else None)
    is_sent = request.method == "POST" and form.is_valid()
    if is_sent and form.hand_over(lambda target, recipient: hand_over_member(user, target, recipient=recipient, now=now_ms())):
        return go("console-account-handover")
    status = 422 if request.method == "POST" else 200
    page = render_alone(request, "console/account/handover.html", status=status, form=form, handovers=list_of_member(user)[:50])
    return staff_headers(page)


@login_required
def receipt(request: HttpRequest) -> HttpResponseBase:
    """`?id=`: the signed receipt of what was handed over; without one, to the list."""
    if not request.GET.get("id"):
        return staff_headers(go("console-account-handover"))
    given = request.GET.get("id", "")[:18]
    own = list_of_member(_user_of(request)).filter(pk=int(given) if given.isdecimal() else 0).exclude(receipt="").first()
    if own is None:
        raise Http404
    name = f'attachment; filename="receipt-{own.pk}.json"'
    return staff_headers(HttpResponse(own.receipt, content_type="application/json", headers={"Content-Disposition": name}))


def _user_of(request: HttpRequest) -> User:
    return User.objects.get(email=request.user.get_username())


@login_required
def delete(request: HttpRequest) -> HttpResponseBase:
    """Asked once more, then deleted; the answer is the certificate, which is shown only here."""
    user = _user_of(request)
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
