"""The forms of a schedule and of a legal hold."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from troth.consent.purposes import list_purposes
from troth.kernel.spoken_durations import read_duration
from troth.privacy.inventory.rules import CATEGORIES
from troth.privacy.retention.rules import FIELDS

TRIGGER_WORDS = {
    "age": _("it was collected"),
    "last_activity": _("the person was last active"),
    "consent_end": _("the consent ended"),
    "year_end": _("the end of the year in which the consent ended"),
}
TARGET_WORDS = {
    "category": _("a category of data"),
    "attribute": _("an attribute"),
    "event": _("an event"),
    "property": _("a property of an event"),
    "person": _("the whole person"),
    "store": _("what Troth itself writes"),
}
STORE_WORDS = {
    "message_contents": _("what messages said, to whom, and the event they were made from"),
    "mail_activity": _("mails opened and links followed"),
    "delivery_reports": _("what providers told of messages"),
    "consent_evidence": _("what proves consents that ended"),
    "request_files": _("letters, reasons and notes of requests that are closed"),
}
EXCEPTION_WORDS = {
    "claims": _("legal claims (Art. 17(3)(e))"),
    "legal_obligation": _("a legal obligation or public task (Art. 17(3)(b))"),
    "public_health": _("public health (Art. 17(3)(c))"),
    "archiving": _("archiving, research or statistics (Art. 17(3)(d))"),
    "expression": _("freedom of expression and information (Art. 17(3)(a))"),
}
PLAIN = {"spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}


class ScheduleForm(forms.Form):
    """What goes, and when."""

    title = forms.CharField(label=_("Title"), max_length=200)
    target = forms.ChoiceField(label=_("What goes"), choices=list(TARGET_WORDS.items()))
    category = forms.ChoiceField(label=_("Which category"), required=False, choices=[("", "–"), *CATEGORIES.items()])
    event = forms.CharField(label=_("Which event"), required=False, max_length=255, widget=forms.TextInput(attrs=PLAIN))
    name = forms.CharField(label=_("Which attribute or property"), required=False, max_length=255, widget=forms.TextInput(attrs=PLAIN))
    store = forms.ChoiceField(label=_("Which of what Troth writes"), required=False, choices=[("", "–"), *STORE_WORDS.items()])
    purpose = forms.ChoiceField(
        label=_("Purpose"),
        required=False,
        help_text=_("What the data is collected for; with the end of a consent, the purpose that was agreed to."),
    )
    period = forms.CharField(
        label=_("How long after"), max_length=32, help_text=_("As 90 days, 6 months, 2 years."), widget=forms.TextInput(attrs=PLAIN)
    )
    trigger = forms.ChoiceField(label=_("Counted from when"), choices=list(TRIGGER_WORDS.items()))

    def __init__(self, workspace_id: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(purpose.key, purpose.name) for purpose in list_purposes(workspace_id)]
        self.fields["purpose"].choices = [("", _("any")), *offered]  # type: ignore[attr-defined]

    def said(self) -> dict[str, Any]:
        """What was entered, as a schedule takes it."""
        said = {name: self.cleaned_data[name] for name in FIELDS if name in self.cleaned_data}
        said["period"] = read_duration(said["period"])
        return {**said, "name": self.cleaned_data["store"]} if said["target"] == "store" else said


class HoldForm(forms.Form):
    """What must be kept, why, and until when."""

    person = forms.CharField(
        label=_("Whose"), required=False, help_text=_("An identifier of a person; empty: everybody's."), widget=forms.TextInput(attrs=PLAIN)
    )
    kind = forms.ChoiceField(
        label=_("What"),
        required=False,
        choices=[("", _("everything")), *((key, text) for key, text in TARGET_WORDS.items() if key in ("attribute", "event", "property"))],
    )
    event = forms.CharField(label=_("Which event"), required=False, max_length=255, widget=forms.TextInput(attrs=PLAIN))
    name = forms.CharField(label=_("Which attribute or property"), required=False, max_length=255, widget=forms.TextInput(attrs=PLAIN))
    exception = forms.ChoiceField(
        label=_("Ground"),
        required=False,
        choices=list(EXCEPTION_WORDS.items()),
        help_text=_("On it the data stays even if the person asks for erasure; the certificate of the erasure names it."),
    )
    ground = forms.CharField(
        label=_("Why"),
        max_length=2_000,
        help_text=_("The claim, the law or the order."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    until = forms.DateField(label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}))
