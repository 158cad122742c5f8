"""The form of a webhook."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from troth.consent.catalog import load_catalog
from troth.webhooks.editing import LONGEST_URL
from troth.webhooks.kinds import OWN, VERO
from troth.webhooks.models import Format

WORDS = {
    "sent": _("a message was sent"),
    "delivered": _("a message was delivered"),
    "opened": _("a person opened a message"),
    "clicked": _("a person followed a link"),
    "failed": _("a message could not be sent"),
    "bounced": _("a message came back"),
    "converted": _("a person reached a goal"),
    "unsubscribed": _("a person wants no more marketing"),
    "resubscribed": _("a person wants marketing again"),
    "complained": _("a person called a message spam"),
    "user_created": _("a person is new"),
    "user_updated": _("what is known of a person changed"),
    "consent.changed": _("a person decided, or their processing was restricted"),
    "person.erased": _("a person was erased"),
    "person.merged": _("two people turned out to be one"),
    "segment.entered": _("a person came into a segment"),
    "segment.left": _("a person left a segment"),
    "request.received": _("a person asked a workspace that processes for another controller"),
    "instruction.contested": _("an instruction is contested as infringing the law"),
    "instruction.settled": _("the controller answered to a contested instruction"),
}
"""What each type of news is, for members."""


class WebhookForm(forms.Form):
    """Where what is told, in whose shape, and why it may be."""

    name = forms.CharField(
        label=_("Name"), max_length=100, required=False, help_text=_("What you call it. Empty: the host of its address.")
    )
    url = forms.CharField(
        label=_("Address"),
        max_length=LONGEST_URL,
        help_text=_("It begins with https:// and answers every signed POST with a 2xx."),
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "off", "autocomplete": "off", "inputmode": "url"}),
    )
    purpose = forms.ChoiceField(
        label=_("Purpose"),
        help_text=_(
            "Why data is handed on. Each person is asked about: who refused it, or never agreed where that is needed, is not told of."
            " Withdrawals, complaints and erasures are always passed on."
        ),
    )
    types = forms.MultipleChoiceField(label=_("It is told when"), widget=forms.CheckboxSelectMultiple)
    format = forms.ChoiceField(
        label=_("Shape"),
        choices=[(Format.TROTH.value, _("Troth's")), (Format.VERO.value, _("Vero's, for what receives Vero's webhooks today"))],
        help_text=_("What Vero has no type for has Troth's shape in both."),
    )

    def __init__(self, workspace_id: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        purposes = load_catalog(workspace_id).purposes
        self.fields["purpose"].choices = [(rule.key, rule.name) for rule in purposes.values()]  # type: ignore[attr-defined] # a ChoiceField
        self.fields["types"].choices = [(type_, WORDS[type_]) for type_ in (*VERO, *OWN)]  # type: ignore[attr-defined] # as above

    def refuse(self, error: Exception) -> None:
        """Tell a fault at its field."""
        field = getattr(error, "field", "")
        self.add_error(field if field in self.fields else None, str(error))
