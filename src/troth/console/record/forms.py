"""The form of who is answerable."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from troth.privacy.record.parties import LONGEST, OtherController, Parties


def _text(label: Any, help_text: Any = "", *, rows: int = 2) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, required=False, max_length=LONGEST, widget=forms.Textarea(attrs={"rows": rows})
    )


class PartiesForm(forms.Form):
    """What Art. 30 asks for and nothing else says."""

    role = forms.ChoiceField(
        label=_("This workspace keeps the record of a"),
        choices=[("controller", _("controller (Art. 30(1))")), ("processor", _("processor (Art. 30(2))"))],
    )
    name = forms.CharField(label=_("Name of the company"), max_length=LONGEST)
    address = _text(_("Address"), rows=3)
    contact = _text(_("How it is reached"), _("An e-mail address, a telephone number."))
    dpo = _text(_("Data protection officer"), _("Name and contact."))
    dpo_not_needed = forms.BooleanField(label=_("None has to be designated (Art. 37): that was looked at"), required=False)
    dpo_assessment = _text(
        _("What was found then"),
        _("Whether your core activity is to watch people on a large scale, or data of Art. 9 or 10, and what your national law asks."),
    )
    representative = _text(_("Representative in the Union"), _("Where the company has no seat there (Art. 27)."))
    joint_controllers = _text(_("Joint controllers"), _("Who decides together with the company what data is for (Art. 26)."))
    people = _text(_("Kinds of people"), _("Whose data it is, one kind a line, e.g. customers."), rows=3)
    measures = _text(
        _("Further technical and organisational measures"),
        _("Beside those that the system tells by itself: your house, your people."),
        rows=5,
    )
    controllers = _text(
        _("Controllers"),
        _("For a processor: one a line, as name | contact | data protection officer | what is done for it."),
        rows=3,
    )

    def parties(self) -> dict[str, Any]:
        """What was entered, as `save_parties` takes it."""
        said = dict(self.cleaned_data)
        said["people"] = _lines(said["people"])
        said["controllers"] = [
            dict(zip(("name", "contact", "dpo", "categories"), (part.strip() for part in line.split("|")), strict=False))
            for line in _lines(said["controllers"])
        ]
        return said


def enter(own: Parties) -> dict[str, Any]:
    """Parties as the form shows them."""
    told = {name: getattr(own, name) for name in PartiesForm.base_fields if name not in ("people", "controllers")}
    return {**told, "people": "\n".join(own.people), "controllers": "\n".join(map(_line, own.controllers))}


def _line(own: OtherController) -> str:
    return f"{own.name} | {own.contact} | {own.dpo} | {own.categories}".rstrip(" |")


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
