"""What is asked of a breach. Moments are meant in the member's time zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from troth.privacy.breaches.register import KINDS, LONGEST, MOST
from troth.privacy.models import Breach

KIND_WORDS: Mapping[str, str | Promise] = {
    "confidentiality": _("somebody saw or got what was not for them"),
    "integrity": _("data was changed that should not have been"),
    "availability": _("data was lost or out of reach"),
}
MOMENTS = ("began_at", "ended_at", "aware_at")


def _moment(label: Any, *, required: bool = False, help_text: Any = "") -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        required=required,
        help_text=help_text,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


def _text(name: str, label: Any, help_text: Any) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, max_length=LONGEST[name], help_text=help_text, widget=forms.Textarea(attrs={"rows": 4})
    )


class Zoned(forms.Form):
    """A form whose moments are read in a zone."""

    def __init__(self, zone: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = ZoneInfo(zone)

    def read(self) -> dict[str, Any]:
        """What was entered; moments in milliseconds."""
        return {name: self._ms(value) if isinstance(value, datetime) else value for name, value in self.cleaned_data.items()}

    def _ms(self, entered: datetime) -> int:
        return int(entered.replace(tzinfo=self.zone).timestamp()) * 1_000

    def refuse(self, error: Exception) -> None:
        """Tell a fault at its field."""
        place, _colon, says = str(error).partition(": ")
        name = place.removeprefix("$.")
        self.add_error(name if name in self.fields else None, (says or place).capitalize())


class BreachForm(Zoned):
    """The facts, as far as they are known."""

    title = forms.CharField(
        label=_("What happened, in a few words"), max_length=LONGEST["title"], widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    aware_at = _moment(
        _("Aware since"), required=True, help_text=_("When somebody responsible was reasonably sure of it. The 72 hours run from here.")
    )
    kinds = forms.MultipleChoiceField(
        label=_("Kind"), choices=[(kind, KIND_WORDS[kind]) for kind in KINDS], widget=forms.CheckboxSelectMultiple
    )
    began_at = _moment(_("Began"))
    ended_at = _moment(_("Ended"))
    categories = forms.CharField(
        label=_("Whose data, and what kinds"),
        required=False,
        max_length=LONGEST["categories"],
        help_text=_("For example: customers; names, e-mail addresses, orders. Name nobody."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    people = forms.IntegerField(label=_("Persons, approximately"), required=False, min_value=0, max_value=MOST)
    records = forms.IntegerField(label=_("Records, approximately"), required=False, min_value=0, max_value=MOST)
    facts = _text("facts", _("Facts"), _("What happened, how it was found. Name nobody whose data it is."))
    effects = _text("effects", _("Effects"), _("What it may mean for the persons."))
    remedy = _text("remedy", _("Remedy"), _("What was done and what will be; what the persons can do."))

    @classmethod
    def of(cls, breach: Breach, zone: str) -> BreachForm:
        """With what is recorded."""
        where = ZoneInfo(zone)
        shown = {name: getattr(breach, name) for name in cls.base_fields}
        for name in MOMENTS:
            if shown[name] is not None:
                shown[name] = datetime.fromtimestamp(shown[name] / 1000, UTC).astimezone(where).replace(tzinfo=None)
        return cls(zone, initial=shown)


class DecideForm(forms.Form):
    """Whether to tell."""

    decision = forms.ChoiceField(
        label=_("The supervisory authority"),
        widget=forms.RadioSelect,
        choices=[("tell", _("is told")), ("no_risk", _("is not told: no risk to the persons is likely"))],
    )
    high_risk = forms.BooleanField(label=_("The risk to the persons is high: they are told as well (Art. 34)"), required=False)
    reason = forms.CharField(label=_("Reasons"), required=False, max_length=4_000, widget=forms.Textarea(attrs={"rows": 3}))

    def refuse(self, error: Exception) -> None:
        """Tell a fault at its field."""
        place, _colon, says = str(error).partition(": ")
        name = place.removeprefix("$.")
        self.add_error(name if name in self.fields else None, (says or place).capitalize())


class ToldForm(Zoned):
    """That somebody was told."""

    whom = forms.ChoiceField(
        label=_("Who was told"),
        choices=[("authority", _("the supervisory authority")), ("persons", _("the persons")), ("controllers", _("the controllers"))],
    )
    at = _moment(_("When"), required=True)
    note = forms.CharField(
        label=_("How, and which number it has there"),
        required=False,
        max_length=4_000,
        help_text=_("To an authority after more than 72 hours: the reasons for the delay."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
