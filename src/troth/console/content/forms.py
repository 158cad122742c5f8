"""The form of a template in one language."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from troth.console.widgets import CODE
from troth.content.compiling import PARTS, REQUIRED
from troth.content.languages import LONGEST, normalise_language
from troth.content.library import LONGEST_KEY, LONGEST_NAME
from troth.content.liquid import MAX_SOURCE
from troth.content.models import Format, Kind, Piece

_LABELS = {
    "subject": _("Subject"),
    "preheader": _("Preheader"),
    "text": _("Text part"),
    "title": _("Title"),
    "url": _("Address it leads to"),
    "image": _("Address of a picture"),
}
_HINTS = {
    "preheader": _("What inboxes show beside the subject."),
    "text": _("Made from the body when empty."),
    "url": _("Where a tap leads."),
}
_ONE_LINE = frozenset({"subject", "preheader", "title", "url", "image"})


class PieceForm(forms.Form):
    """All that can be edited of one language, and what holds for all."""

    key = forms.SlugField(
        label=_("Key"),
        max_length=LONGEST_KEY,
        help_text=_("Campaigns, templates and the API name it by this; it stays. Like order-shipped."),
    )
    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME, required=False, help_text=_("Only members see it."))
    first_language = forms.CharField(
        label=_("Written first in"), max_length=LONGEST, initial="en", help_text=_("Who has no translation gets this: en, de, pt-br …")
    )
    format = forms.ChoiceField(label=_("Written in"), choices=Format.choices)
    layout = forms.ChoiceField(label=_("Layout"), required=False)

    def __init__(self, workspace_id: int, kind: str, piece: Piece | None, *args: Any, is_first: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = Kind(kind)
        if piece is not None:
            del self.fields["key"], self.fields["first_language"]
        if self.kind not in (Kind.EMAIL, Kind.LAYOUT):
            del self.fields["format"]
        if self.kind is Kind.EMAIL:
            layouts = Piece.objects.filter(workspace_id=workspace_id, kind=Kind.LAYOUT).order_by("name").values_list("key", "name")
            self.fields["layout"].choices = [("", _("None")), *((key, f"{name} · {key}") for key, name in layouts)]  # type: ignore[attr-defined]
        else:
            del self.fields["layout"]
        for part in PARTS[self.kind]:
            self.fields[f"part_{part}"] = self._field(part, is_required=is_first and part in REQUIRED[self.kind])

    def _field(self, part: str, *, is_required: bool) -> forms.CharField:
        rows = {"body": 18 if self.kind is not Kind.SHORT else 4, "text": 6}.get(part, 1)
        is_line = part in _ONE_LINE
        widget = forms.TextInput(attrs=CODE) if is_line else forms.Textarea(attrs={"rows": rows, "class": "mono", **CODE})
        return forms.CharField(
            label=_LABELS.get(part, _("Body")),
            required=is_required,
            strip=is_line,
            max_length=MAX_SOURCE,
            widget=widget,
            help_text=_HINTS.get(part, ""),
        )

    def clean_first_language(self) -> str:
        """A language as it is compared."""
        language = normalise_language(self.cleaned_data["first_language"])
        if not language:
            raise forms.ValidationError(_("This is no language: write en, de or pt-br."))
        return language

    @property
    def parts(self) -> list[forms.BoundField]:
        """The fields of the language."""
        return [self[name] for name in self.fields if name.startswith("part_")]

    def sources(self) -> dict[str, str]:
        """What was entered, by part."""
        return {part: self.cleaned_data[f"part_{part}"] for part in PARTS[self.kind]}

    def settings(self) -> dict[str, str]:
        """What holds for all languages."""
        return {name: self.cleaned_data[name] for name in ("name", "format", "layout") if name in self.cleaned_data}


def initial_of(piece: Piece, language: str) -> dict[str, Any]:
    """A template as the form shows it first."""
    sources = {f"part_{part}": source for part, source in piece.parts.get(language, {}).items()}
    return {"name": piece.name, "format": piece.format, "layout": piece.layout, **sources}
