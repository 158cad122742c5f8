"""The form of a channel, made of what its adapter has to be told, and of a test."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from troth.console.widgets import CODE
from troth.messages.channels.port import Adapter, Medium, Setting
from troth.messages.configured import LONGEST, PRIORITIES
from troth.messages.models import ConfiguredChannel

PREFIX = "setting_"


class ChannelForm(forms.Form):
    """Name, order, and the adapter's own settings; a secret is never shown, and one left empty stays."""

    label = forms.CharField(label=_("Name"), max_length=100, required=False, help_text=_("What you call it. Empty: the provider's name."))
    priority = forms.IntegerField(
        label=_("Order"),
        min_value=PRIORITIES[0],
        max_value=PRIORITIES[-1],
        initial=10,
        help_text=_("The lowest is tried first, the others when it fails."),
    )

    def __init__(self, adapter: Adapter, *args: Any, own: ConfiguredChannel | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for setting in adapter.settings:
            self.fields[f"{PREFIX}{setting.name}"] = _field_of(setting, own)
        if own is not None:
            self.fields["is_active"] = forms.BooleanField(label=_("In use"), required=False)
            if adapter.parse_feedback and adapter.medium is Medium.EMAIL:
                self.fields["hears_engagement"] = forms.BooleanField(
                    label=_("Take note of opens and clicks that the provider tells"),
                    required=False,
                    help_text=_("Only of people who agreed to it, as for Troth's own; else they are ignored."),
                )
        self.order_fields(["label", *(f"{PREFIX}{setting.name}" for setting in adapter.settings), "priority", "is_active"])

    @property
    def given(self) -> dict[str, str]:
        """The settings as they were entered."""
        return {name.removeprefix(PREFIX): value for name, value in self.cleaned_data.items() if name.startswith(PREFIX)}

    def refuse(self, error: Exception) -> None:
        """Tell a fault at its field."""
        field = getattr(error, "field", "")
        name = field if field in self.fields else f"{PREFIX}{field}"
        self.add_error(name if name in self.fields else None, str(error))


def _field_of(setting: Setting, own: ConfiguredChannel | None) -> forms.Field:
    hint = setting.help
    if setting.secret and own is not None:
        hint = f"{hint} {_('It is kept encrypted and not shown. Empty: it stays as it is.')}".strip()
    common: dict[str, Any] = {
        "label": setting.label,
        "required": setting.required and not (setting.secret and own is not None),
        "help_text": hint,
    }
    initial = setting.default if own is None else own.settings.get(setting.name, setting.default)
    if setting.choices:
        return forms.ChoiceField(choices=[(choice, choice) for choice in setting.choices], initial=initial, **common)
    widget: forms.Widget = forms.TextInput(attrs=CODE)
    if setting.many_lines:
        widget = forms.Textarea(attrs={**CODE, "rows": 6, "class": "mono"})
    elif setting.secret:
        widget = forms.PasswordInput(attrs={**CODE, "autocomplete": "new-password"})
    return forms.CharField(max_length=LONGEST, widget=widget, initial="" if setting.secret else initial, **common)


class TestForm(forms.Form):
    """Where a test goes."""

    recipient = forms.CharField(label=_("To"), max_length=4_096, widget=forms.TextInput(attrs=CODE))

    def __init__(self, medium: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if medium == Medium.WEBHOOK:
            del self.fields["recipient"]
        elif medium == Medium.PUSH:
            self.fields["recipient"].help_text = _("The token of a device of yours.")
        elif medium == Medium.SMS:
            self.fields["recipient"].help_text = _("A number of yours with its country code, such as +33612345678.")
