"""Spans of time as people write them in a form: a number and a unit; stored as ISO 8601."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from troth.kernel.errors import TrothError
from troth.kernel.spans import span_ms

UNITS = (("M", _("minutes"), 60_000), ("H", _("hours"), 3_600_000), ("D", _("days"), 86_400_000), ("W", _("weeks"), 604_800_000))


class SpanWidget(forms.MultiWidget):
    """A number and its unit, side by side."""

    template_name = "console/span.html"

    def __init__(self) -> None:
        number = forms.NumberInput(attrs={"min": 1, "max": 99_999, "inputmode": "numeric", "aria-label": _("Number")})
        unit = forms.Select(choices=[(key, name) for key, name, _size in UNITS], attrs={"aria-label": _("Unit")})
        super().__init__((number, unit))

    def decompress(self, value: str | None) -> list[Any]:
        """The largest unit that divides it."""
        try:
            found = span_ms(value or "")
        except TrothError:
            found = 0
        if not found:
            return [None, "H"]
        key, size = next((key, size) for key, _name, size in reversed(UNITS) if found % size == 0 or key == "M")
        return [found // size, key]


class SpanField(forms.MultiValueField):
    """An optional span; nothing written is an empty text."""

    widget = SpanWidget

    def __init__(self, **kwargs: Any) -> None:
        number = forms.IntegerField(min_value=1, max_value=99_999, required=False)
        fields = (number, forms.ChoiceField(choices=[(key, name) for key, name, _size in UNITS], required=False))
        super().__init__(fields, required=False, require_all_fields=False, **kwargs)

    def compress(self, data_list: list[Any]) -> str:
        """As ISO 8601 writes it: weeks are counted in days."""
        number, unit = (data_list or [None, None])[:2]
        if not number:
            return ""
        if unit == "W":
            return f"P{number * 7}D"
        return f"P{number}D" if unit == "D" else f"PT{number}{unit or 'H'}"
