"""The form of a purpose, with a description in each language; and that of what is assigned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from troth.consent.catalog import load_catalog
from troth.consent.durations import DurationInvalid, check_duration
from troth.consent.models import LegalBasis, OnChange, Purpose
from troth.consent.notices import is_language
from troth.consent.purposes import LONGEST_NAME, TERMS, PurposeInvalid, PurposeTerms, check_terms
from troth.console.purposes.wording import ON_CHANGE, name_basis
from troth.console.widgets import CODE
from troth.kernel.spoken_durations import read_duration
from troth.people.event_names import fold_event_name

LONGEST_TEXT = 4_000
LONGEST_ITEM = 200
MOST_ITEMS = 200
MOST_LANGUAGES = 100
MOST_AT_ONCE = 1_000
DESCRIPTION = "description_"
"""Begins the name of the field of a description; the language follows."""
DATA = (("event", _("event")), ("attribute", _("attribute")))
"""The kinds that this room assigns: what is collected."""
_LONG = {"rows": 3}


class LinesField(forms.CharField):
    """Several short texts, one a line; each once."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        """Texts as lines."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Lines as texts."""
        return list(dict.fromkeys(line.strip() for line in (super().to_python(value) or "").splitlines() if line.strip()))

    def validate(self, value: Any) -> None:
        """None is too long, and they are not too many."""
        super().validate(value)
        if len(value) > MOST_ITEMS or any(len(line) > LONGEST_ITEM for line in value):
            raise forms.ValidationError(
                _("At most %(most)s lines of %(longest)s characters."), params={"most": MOST_ITEMS, "longest": LONGEST_ITEM}
            )

    def run_validators(self, value: Any) -> None:
        """A null character is the only thing that no line may hold."""
        super().run_validators("\n".join(value))


class DurationField(forms.CharField):
    """A duration as ISO 8601 or in plain words; nothing for none."""

    def to_python(self, value: Any) -> str:
        """As ISO 8601."""
        return read_duration(super().to_python(value) or "")

    def validate(self, value: Any) -> None:
        """Whether it is one."""
        super().validate(value)
        try:
            check_duration(value)
        except DurationInvalid as error:
            raise forms.ValidationError(str(error)) from None


class PurposeForm(forms.Form):
    """All that a person may want to know before they agree, and what becomes of their consent."""

    key = forms.CharField(
        label=_("Key"),
        max_length=64,
        help_text=_("Campaigns, forms and the API name the purpose by it; it stays. Letters, digits, “_”, “-” and “.”."),
        widget=forms.TextInput(attrs={**CODE, "class": "mono"}),
    )
    name = forms.CharField(label=_("Name"), max_length=200, help_text=_("What people agree to, in a few words that they understand."))
    legal_basis = forms.ChoiceField(
        label=_("Legal basis"), help_text=_("Persons are asked before anything happens only where it is consent.")
    )
    is_marketing = forms.BooleanField(
        label=_("Marketing"), required=False, help_text=_("A global unsubscribe ends it, and its mail carries the unsubscribe headers.")
    )
    special_category = forms.BooleanField(
        label=_("Special category of data"),
        required=False,
        help_text=_(
            "Health, beliefs, origin and the like (Art. 9): the consent has to be explicit, and the data is used for nothing else."
        ),
    )
    soft_opt_in = forms.BooleanField(
        label=_("Customers may be written to without consent"),
        required=False,
        help_text=_("Only marketing on a legitimate interest, to who bought and could object then (Directive 2002/58/EC, Art. 13(2))."),
    )
    sharing = forms.BooleanField(
        label=_("Data goes to others for purposes of their own, or is joined across sites"),
        required=False,
        help_text=_("A browser that sends Global Privacy Control objects to it, and that objection is recorded."),
    )
    data_categories = LinesField(label=_("Data that is used"), required=False, help_text=_("One kind a line, e.g. e-mail address."))
    recipients = LinesField(label=_("Recipients"), required=False, help_text=_("One a line: every controller by name."))
    retention = DurationField(
        label=_("How long the data is kept"),
        max_length=32,
        required=False,
        help_text=_("E.g. 36 months, or P36M. Empty: as long as the person is known."),
        widget=forms.TextInput(attrs=CODE),
    )
    transfers = forms.CharField(
        label=_("Transfers to third countries"),
        max_length=LONGEST_TEXT,
        required=False,
        help_text=_("Where to, and the safeguard (Art. 13(1)(f)). Empty: none."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    automated_decision = forms.CharField(
        label=_("Automated decision"),
        max_length=LONGEST_TEXT,
        required=False,
        help_text=_("Its logic and what follows for the person (Art. 22). Empty: none."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    consent_lasts = DurationField(
        label=_("A consent lasts"),
        max_length=32,
        required=False,
        help_text=_("E.g. 24 months, or P24M. Empty: until it is withdrawn."),
        widget=forms.TextInput(attrs=CODE),
    )
    double_opt_in = forms.BooleanField(
        label=_("Confirmed by e-mail (double opt-in)"),
        required=False,
        help_text=_("A consent counts only after the person pressed the link in a mail."),
    )
    on_change = forms.ChoiceField(
        label=_("When the purpose changes materially"), choices=[*ON_CHANGE.items()], initial=OnChange.INVALIDATE.value
    )

    def __init__(self, purpose: Purpose | None, data: Any = None, extra: str = "") -> None:
        """The form of a purpose, of a new one without; `extra` is a language to be described that is not yet."""
        given = {name: getattr(purpose, name) for name in TERMS} if purpose else {}
        descriptions: dict[str, str] = given.pop("description", {})
        super().__init__(data, initial={**given, **{f"{DESCRIPTION}{language}": text for language, text in descriptions.items()}})
        self.fields["legal_basis"].choices = [(basis, name_basis(basis)) for basis in LegalBasis.values]  # type: ignore[attr-defined]
        if purpose:
            del self.fields["key"]
        self.languages = sorted({*_languages_in(data or {}), *descriptions, *([extra] if extra else [])} or {"en"})
        for language in self.languages:
            self.fields[f"{DESCRIPTION}{language}"] = forms.CharField(
                label=language,
                max_length=LONGEST_TEXT,
                required=False,
                widget=forms.Textarea(attrs={**_LONG, "lang": language}),
            )

    def clean(self) -> dict[str, Any]:
        """What only all fields together say; told at the field that it is about."""
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                check_terms(self.terms())
            except PurposeInvalid as error:
                self.refuse(error)
        return cleaned

    def refuse(self, error: PurposeInvalid) -> None:
        """Tell a fault at its field."""
        place, _, says = str(error).partition(": ")
        name = place.removeprefix("$.")
        self.add_error(name if name in self.fields else None, says or place)

    def terms(self) -> PurposeTerms:
        """The purpose as entered."""
        given = {name: self.cleaned_data[name] for name in TERMS if name in self.fields}
        texts = {language: self.cleaned_data[f"{DESCRIPTION}{language}"] for language in self.languages}
        return PurposeTerms(**given, description={language: _plain(text) for language, text in texts.items() if text})

    @property
    def descriptions(self) -> list[forms.BoundField]:
        """The fields of the descriptions, by language."""
        return [self[f"{DESCRIPTION}{language}"] for language in self.languages]


def _languages_in(data: Mapping[str, Any]) -> list[str]:
    named = [name.removeprefix(DESCRIPTION) for name in data if name.startswith(DESCRIPTION)]
    return [language for language in named if is_language(language)][:MOST_LANGUAGES]


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


class AssignForm(forms.Form):
    """Things chosen from the list, or one by its name, and the purpose that they are collected for."""

    purpose = forms.ChoiceField(label=_("Collected for"))
    kind = forms.ChoiceField(label=_("Kind"), choices=DATA, required=False)
    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME, required=False)

    def __init__(self, workspace_id: int, chosen: Iterable[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["purpose"].choices = [  # type: ignore[attr-defined]
            (rule.key, rule.name) for rule in load_catalog(workspace_id).purposes.values()
        ]
        parts = [one.partition(":") for one in chosen]
        self.chosen = [(kind, name) for kind, _, name in parts]

    def clean(self) -> dict[str, Any]:
        """Something has to be chosen, and all of it can be assigned."""
        cleaned = super().clean() or {}
        things = self.things()
        if not things:
            raise forms.ValidationError(_("Choose at least one event or attribute."))
        kinds = dict(DATA)
        if len(things) > MOST_AT_ONCE or any(kind not in kinds or not 0 < len(name) <= LONGEST_NAME for kind, name in things):
            raise forms.ValidationError(_("This cannot be assigned: choose events and attributes of the list."))
        return cleaned

    def things(self) -> list[tuple[str, str]]:
        """Kind and name of each; events as they are compared."""
        named = self.cleaned_data.get("name", "")
        added = [(self.cleaned_data.get("kind") or "event", named)] if named else []
        return [(kind, fold_event_name(name) if kind == "event" else name) for kind, name in [*self.chosen, *added]]
