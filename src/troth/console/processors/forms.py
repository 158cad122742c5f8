"""The form of an entry of the register."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from troth.privacy.inventory.recipients import MAIL_SERVER, find_recipients
from troth.privacy.processors.register import FIELDS, LONGEST, LONGEST_WINDOW, WINDOW_DAYS, list_processors

TOOL_WORDS = {
    "": _("not said"),
    "none_needed": _("none needed: inside the EEA"),
    "adequacy": _("adequacy decision (Art. 45)"),
    "scc_1": _("standard clauses, module 1: controller to controller"),
    "scc_2": _("standard clauses, module 2: controller to processor"),
    "scc_3": _("standard clauses, module 3: processor to processor"),
    "scc_4": _("standard clauses, module 4: processor to controller"),
    "bcr": _("binding corporate rules (Art. 47)"),
    "derogation": _("derogation (Art. 49)"),
}


def _text(label: Any, help_text: Any = "") -> forms.CharField:
    return forms.CharField(label=label, help_text=help_text, required=False, max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 2}))


WAY_WORDS = [
    ("", _("not by Troth: members do it")),
    ("opendsr", _("OpenDSR: their door for requests, with signed answers")),
    ("webhook", _("one of the webhooks chosen above")),
    ("mail", _("a mail to their contact, whose answer a member records")),
    ("exempt", _("not at all: impossible, or a disproportionate effort (Art. 19)")),
]


class WayForm(forms.Form):
    """How the processor is told of corrections, erasure and restriction (Art. 19)."""

    way = forms.ChoiceField(label=_("How they are told"), required=False, choices=WAY_WORDS)
    address = forms.CharField(
        label=_("Where, or why not"),
        required=False,
        max_length=LONGEST,
        help_text=_("The base of their OpenDSR door (https://…/v2), a mail address, the number of a webhook, or why they are not told."),
    )
    authorization = forms.CharField(
        label=_("Authorization"),
        required=False,
        max_length=LONGEST,
        help_text=_(
            "For OpenDSR: what is sent in that header, such as “Bearer …”. It is kept encrypted and not shown; leave it empty to keep it."
        ),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )


class ProcessorForm(forms.Form):
    """Who it is, where, for what, and by what data reaches it."""

    name = forms.CharField(label=_("Name"), max_length=LONGEST)
    address = _text(_("Address"))
    contact = _text(_("Contact person"))
    service = _text(_("What it does"))
    data_categories = _text(_("Kinds of data"))
    location = forms.CharField(label=_("Where data is processed"), required=False, max_length=LONGEST)
    transfer_tool = forms.ChoiceField(label=_("Transfer tool"), required=False, choices=list(TOOL_WORDS.items()))
    tia = _text(_("Assessment of the transfer"), _("Its date, its result, when it is looked at again."))
    dpa = _text(_("Agreement (Art. 28(3))"), _("Since when, and where it lies."))
    parent_id = forms.TypedChoiceField(label=_("Sub-processor of"), required=False, coerce=int, empty_value=None)
    links = forms.MultipleChoiceField(
        label=_("Data reaches it by"),
        required=False,
        help_text=_("What is chosen sends nothing while the processor is not effective. Choose nothing, and it stops nothing."),
        widget=forms.CheckboxSelectMultiple,
    )
    in_use = forms.BooleanField(label=_("It is in use already: no notice, effective at once"), required=False)
    window_days = forms.IntegerField(label=_("Days to object"), min_value=0, max_value=LONGEST_WINDOW, initial=WINDOW_DAYS)

    def __init__(self, workspace_id: int, own_id: int | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = [(str(one.pk), one.name) for one in list_processors(workspace_id) if one.pk != own_id]
        self.fields["parent_id"].choices = [("", _("nobody: it is ours")), *others]  # type: ignore[attr-defined]
        self.fields["links"].choices = [  # type: ignore[attr-defined]
            (f"{one.kind}s:{one.id}", f"{one.name} ({one.kind} {one.id})") for one in find_recipients(workspace_id) if one.id != MAIL_SERVER
        ] + ([("channels:0", _("mail server of the installation (named, never stopped)"))] if settings.TROTH_EMAIL_URL else [])
        if own_id is not None:
            del self.fields["in_use"]

    def said(self) -> dict[str, Any]:
        """What was entered, as the register takes it."""
        links = [link.split(":") for link in self.cleaned_data["links"]]
        linked = {kind: [int(one) for which, one in links if which == kind] for kind in ("channels", "webhooks")}
        return {**{name: self.cleaned_data[name] for name in FIELDS if name in self.cleaned_data}, **linked}
