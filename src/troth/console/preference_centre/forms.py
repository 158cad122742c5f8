"""The forms of the room: the look of the pages for persons, and a topic."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from troth.consent.catalog import load_catalog
from troth.consent.topics import LONGEST_NAME
from troth.console.widgets import CODE
from troth.workspaces.branding import LONGEST_URL

LONGEST_NAMES = 4_000


class LookForm(forms.Form):
    """Colour, logo and links."""

    accent = forms.CharField(
        label=_("Colour of buttons and links"),
        max_length=7,
        required=False,
        help_text=_("#rrggbb, dark enough to be read on white. At night it is lightened by itself. Empty: blue."),
        widget=forms.TextInput(attrs={**CODE, "class": "mono", "placeholder": "#2f4bce"}),
    )
    logo = forms.FileField(label=_("Logo"), required=False, help_text=_("PNG, JPEG or WebP, at most 100 kB. Empty: it stays as it is."))
    no_logo = forms.BooleanField(label=_("Show the name in place of a logo"), required=False)
    privacy_url = forms.CharField(label=_("Your privacy policy"), max_length=LONGEST_URL, required=False, widget=forms.URLInput(attrs=CODE))
    imprint_url = forms.CharField(label=_("Your imprint"), max_length=LONGEST_URL, required=False, widget=forms.URLInput(attrs=CODE))

    def refuse(self, error: Exception) -> None:
        """Tell a fault at its field."""
        place, _colon, says = str(error).partition(": ")
        name = place.removeprefix("$.")
        self.add_error(name if name in self.fields else None, says or place)


class TopicForm(forms.Form):
    """What people call a topic, one language a line; for a new one also its key and purpose."""

    names = forms.CharField(
        label=_("Names"),
        max_length=LONGEST_NAMES,
        help_text=_("One language a line, as “en: Product news”. People see the one of their language."),
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
    )
    key = forms.CharField(
        label=_("Key"),
        max_length=50,
        help_text=_("Campaigns and the API name the topic by it; it stays. Letters, digits, “-”, “_” and “.”."),
        widget=forms.TextInput(attrs={**CODE, "class": "mono"}),
    )
    purpose = forms.ChoiceField(label=_("Purpose"), help_text=_("Only whom the purpose reaches gets its mail. It stays."))

    def __init__(self, workspace_id: int, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_new:
            rules = sorted(load_catalog(workspace_id).purposes.values(), key=lambda rule: (not rule.is_marketing, rule.name))
            self.fields["purpose"].choices = [(rule.key, rule.name) for rule in rules]  # type: ignore[attr-defined]
        else:
            del self.fields["key"], self.fields["purpose"]

    def clean_names(self) -> dict[str, str]:
        """Language → name."""
        names: dict[str, str] = {}
        for number, line in enumerate(self.cleaned_data["names"].splitlines(), start=1):
            if line.strip():
                language, colon, name = line.partition(":")
                if not colon or not name.strip() or len(name.strip()) > LONGEST_NAME:
                    raise forms.ValidationError(
                        _("Line %(line)s: write a language, a colon and a name of at most %(most)s characters, as “en: Product news”."),
                        params={"line": number, "most": LONGEST_NAME},
                    )
                names[language.strip()] = name.strip()
        return names

    def refuse(self, error: Exception) -> None:
        """Tell a fault at its field."""
        place, _colon, says = str(error).partition(": ")
        name = {"$.name": "names", "$.key": "key"}.get(place)
        self.add_error(name if name in self.fields else None, says if name else str(error))


def write_names(names: dict[str, str]) -> str:
    """Names as the form shows them."""
    return "\n".join(f"{language}: {name}" for language, name in names.items())
