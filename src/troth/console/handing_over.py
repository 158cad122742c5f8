"""The form by which something is handed over to a third party: an account's file, a member's own data, a person's."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.utils.translation import gettext_lazy as later

from troth.kernel.errors import TrothError
from troth.privacy.handovers.targets import Target
from troth.privacy.models.takeaways import Handover


class HandoverForm(forms.Form):
    """To whom, and where."""

    recipient = forms.CharField(max_length=200, label=later("Who gets it"))
    method = forms.ChoiceField(
        choices=[("put", later("HTTPS, by PUT")), ("post", later("HTTPS, by POST")), ("s3", later("S3-compatible store"))],
        label=later("How"),
    )
    url = forms.CharField(
        max_length=2_000, label=later("Address"), help_text=later("Of an S3 store: the address of the object, bucket included.")
    )
    authorization = forms.CharField(
        required=False,
        max_length=2_000,
        label=later("Authorization header"),
        help_text=later("As the recipient told it. Kept encrypted, and only until it went."),
    )
    access_key = forms.CharField(required=False, max_length=200, label=later("S3 access key"))
    secret_key = forms.CharField(
        required=False, max_length=200, label=later("S3 secret key"), widget=forms.PasswordInput(attrs={"autocomplete": "off"})
    )
    region = forms.CharField(required=False, max_length=50, initial="us-east-1", label=later("S3 region"))

    def hand_over(self, ask: Callable[[Target, str], Handover]) -> Handover | None:
        """Ask for it with what was filled in; None when that cannot be, with the reason at its field. Call it on a valid form."""
        said = self.cleaned_data
        names = ("method", "url", "authorization", "access_key", "secret_key", "region")
        try:
            return ask(Target(**{name: said[name] for name in names}), said["recipient"])
        except TrothError as error:
            place, _colon, says = str(error).removeprefix("$.").partition(": ")
            self.add_error(place if place in self.fields else None, says or str(error))
            return None
