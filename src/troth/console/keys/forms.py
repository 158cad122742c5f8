"""Asking what a new key is for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.workspaces.client_certificates import LONGEST
from troth.workspaces.keys import SCOPES
from troth.workspaces.models import Key, Workspace

API = "api"
KINDS = (
    ("server", later("Server"), later("For your own servers: Vero's and Segment's libraries and the whole control API. Keep it secret.")),
    (
        "tracking",
        later("Browser or app"),
        later("For Vero's library where visitors can read it: it sends people and events, and reads nothing."),
    ),
    (
        "write",
        later("Segment"),
        later("The write key of Segment's and RudderStack's libraries: it sends people and events, and reads nothing."),
    ),
    (API, later("Control API"), later("For a program that may do only what you choose.")),
)
WORDS = {
    "track": later("send people and events"),
    "delete": later("erase a person at once through the Vero door"),
    "people:read": later("read people, their events and consents"),
    "people:write": later("correct people"),
    "consent:write": later("record decisions"),
    "export": later("export everything held on a person"),
    "erase": later("erase a person and follow the request"),
    "messages:read": later("read the outbox"),
    "reports:read": later("read figures, and no person"),
    "campaigns:write": later("create, publish and pause campaigns"),
    "channels:write": later("add, change and remove channels"),
    "dsr:write": later("hand in persons' requests over OpenDSR, follow them and fetch their results"),
    "registers:write": later("keep the registers of breaches and agreements"),
    "webhooks:write": later("set up webhooks, read what they were told, and tell it again"),
    "account": later("take everything of the workspace away, and ask for its deletion"),
}
"""What each scope permits, for members."""


class CertificateForm(forms.Form):
    """The client certificate that is to stand for a key."""

    pem = forms.CharField(
        label=later("Certificate"),
        max_length=LONGEST,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 12, "class": "mono", "spellcheck": "false", "autocomplete": "off"}),
        help_text=later(
            "Of the caller, as PEM, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----. Its private key does not belong here."
        ),
    )

    def clean_pem(self) -> str:
        """What holds a private key is refused, whatever else is in it."""
        pem: str = self.cleaned_data["pem"]
        if "PRIVATE KEY" in pem:
            raise ValidationError(_("This holds a private key, which is the caller's alone: paste the certificate only. Nothing was kept."))
        return pem


class KeyForm(forms.Form):
    """What a key is called and what it may do."""

    label = forms.CharField(
        label=later("Name"), max_length=200, help_text=later("What uses it, so that you know later what stops when it is revoked.")
    )
    kind = forms.ChoiceField(label=later("Kind"), choices=[(kind, name) for kind, name, _says in KINDS], initial="server")
    scopes = forms.MultipleChoiceField(
        label=later("It may"), required=False, choices=[(scope, WORDS[scope]) for scope in SCOPES], widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, workspace: Workspace, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._workspace = workspace

    def clean_label(self) -> str:
        """No two keys in use have one name; a form sent twice makes no second key."""
        label: str = self.cleaned_data["label"].strip()
        if Key.objects.filter(workspace=self._workspace, label=label, revoked_at=None).exists():
            raise ValidationError(_("A key of this name is in use: choose another name, or revoke that one first."))
        return label

    def clean(self) -> dict[str, Any]:
        """A key of its own scopes has at least one."""
        cleaned = super().clean() or {}
        if cleaned.get("kind") == API and not cleaned.get("scopes"):
            self.add_error("scopes", _("Choose what the key may do."))
        return cleaned

    @property
    def granted(self) -> frozenset[str] | None:
        """The chosen scopes; None where the kind says them."""
        return frozenset(self.cleaned_data["scopes"]) if self.cleaned_data["kind"] == API else None
