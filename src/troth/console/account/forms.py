"""allauth's forms with our labels, and the forms of the member's own data."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from allauth.account import forms as account
from allauth.mfa.base import forms as second_factor
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as passkeys
from babel import Locale, localedata
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from troth.workspaces.models import User

CHOSEN_LOCALES = (
    "en", "en_GB", "de", "de_AT", "de_CH", "fr", "fr_CH", "es", "it", "nl", "pt", "pt_BR", "da", "sv", "nb", "fi", "pl", "cs", "hu", "ro",
    "el", "tr", "uk", "ja", "ko", "zh_Hans",
)  # fmt: skip
"""Ways of writing numbers and dates that are offered by name; the browser may ask for any."""


def _calm(form: forms.Form, **labels: Any) -> None:
    """Our labels; no placeholder says again what the label says."""
    for name, field in form.fields.items():
        field.widget.attrs.pop("placeholder", None)
        field.help_text = ""
        if name in labels:
            field.label = labels[name]


class LogInForm(account.LoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _calm(self, login=_("E-mail"), password=_("Password"))
        self.fields["login"].widget.attrs.update(autocomplete="username webauthn", autofocus=True)


class ReauthenticateForm(account.ReauthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _calm(self, password=_("Password"))


class ChangePasswordForm(account.ChangePasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _calm(self, oldpassword=_("Present password"), password1=_("New password"), password2=_("New password once more"))


class SetPasswordForm(account.SetPasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _calm(self, password1=_("New password"), password2=_("New password once more"))


class ResetPasswordForm(account.ResetPasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _calm(self, email=_("E-mail"))


class ResetPasswordKeyForm(account.ResetPasswordKeyForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _calm(self, password1=_("New password"), password2=_("New password once more"))


class CodeForm(second_factor.AuthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _calm(self, code=_("Code"))
        self.fields["code"].widget.attrs.update(autofocus=True, inputmode="numeric")


class ReauthenticateCodeForm(second_factor.ReauthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _calm(self, code=_("Code"))
        self.fields["code"].widget.attrs.update(autofocus=True, inputmode="numeric")


class AddAppForm(totp.ActivateTOTPForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _calm(self, code=_("Code from the app"))
        self.fields["code"].widget.attrs.update(inputmode="numeric")


class AddPasskeyForm(passkeys.AddWebAuthnForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _calm(self, name=_("Name"), passwordless=_("Log in with it alone, without password (the device asks for finger, face or PIN)"))
        self.fields["passwordless"].initial = True


class RenamePasskeyForm(passkeys.EditWebAuthnForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _calm(self, name=_("Name"))


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """What the console calls a member, and how it writes times and numbers for them."""

    class Meta:
        model = User
        fields = ("name", "time_zone", "locale")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = forms.CharField(
            label=_("Name"), required=False, max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"})
        )
        zones = [("", _("As the browser says")), *((zone, zone.replace("_", " ")) for zone in list_zones())]
        self.fields["time_zone"] = forms.ChoiceField(label=_("Time zone"), required=False, choices=zones)
        locales = [("", _("As the browser asks")), *((name, _own_name(name)) for name in CHOSEN_LOCALES)]
        self.fields["locale"] = forms.ChoiceField(
            label=_("Numbers, dates, and mail to you"),
            help_text=_(
                "Mail about data protection comes in English, German, French or Spanish; where you choose nothing, in the workspace's language."
            ),
            required=False,
            choices=locales,
        )


def list_zones() -> list[str]:
    """Zones named after a place, and UTC; without aliases such as `Etc/GMT+3` or `EST`."""
    return ["UTC", *sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/", "posix/")))]


def _own_name(name: str) -> str:
    """A locale as its own speakers call it, with a number as they write it."""
    return (Locale.parse(name).get_display_name(name) or name) if localedata.exists(name) else name


class AcceptForm(forms.Form):
    """The name and password of somebody new who was invited."""

    name = forms.CharField(label=_("Your name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True}))
    password = forms.CharField(label=_("Password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._email = email

    def clean_password(self) -> str:
        """Strong enough for a user of this name and address."""
        password: str = self.cleaned_data["password"]
        validate_password(password, User(email=self._email, name=self.cleaned_data.get("name", "")))
        return password
