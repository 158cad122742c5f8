"""How values are shown: see `troth.console.showing`, which these only hand to templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, MultipleChoiceField
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from troth.console import showing
from troth.console.icons import draw_icon
from troth.kernel.clock import iso
from troth.kernel.spoken_durations import say_duration
from troth.privacy.seats import day_at

register = template.Library()


@register.simple_tag
def when(ms: Any) -> SafeString | str:
    """An instant in the reader's zone, with the exact one on hover and for machines."""
    if ms is None or ms == "":
        return "–"
    return format_html('<time datetime="{}" title="{}">{}</time>', iso(ms), showing.format_exactly(ms), showing.format_moment(ms))


@register.simple_tag
def last_day(at: int, seat: list[Any]) -> SafeString:
    """The day with which a term ends, at the seat that a request keeps: read in another zone its last instant may be on the day after."""
    day = day_at(seat, at)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', day.isoformat(), showing.format_exactly(at), showing.format_date_at_seat(day)
    )


@register.simple_tag
def drawing(name: str, size: str) -> SafeString:
    """An icon as SVG."""
    return mark_safe(draw_icon(name, str(size)))  # noqa: S308 -- made of a package's file and nothing else


@register.filter
def moment(ms: Any) -> SafeString | str:
    """As `when`, where a filter is handier."""
    return when(ms)


@register.filter
def day(ms: Any) -> str:
    """The day of an instant, UTC, as for what is counted by days."""
    return "–" if ms is None or ms == "" else showing.format_day(ms)


@register.filter
def number(value: Any) -> str:
    """A number in the reader's locale."""
    return "–" if value is None or value == "" else showing.format_number(value)


@register.filter
def roughly(value: Any) -> str:
    """A large number in few characters."""
    return "–" if value is None or value == "" else showing.format_roughly(value)


@register.filter
def duration(ms: Any) -> str:
    """A span of milliseconds in its largest fitting unit."""
    return "–" if ms is None or ms == "" else showing.format_duration(ms)


@register.filter
def lasting(text: str) -> str:
    """An ISO 8601 duration in words."""
    return say_duration(text)


@register.filter
def words(code: Any) -> str:
    """A machine's name in words."""
    return showing.put_in_words(code)


@register.filter
def plainly(value: Any) -> str:
    """A value of JSON as text."""
    return showing.put_plainly(value)


@register.filter
def briefly(values: Mapping[str, Any]) -> str:
    """The first of a mapping's values in one line."""
    return showing.put_briefly(values)


@register.filter
def initials(name: str) -> str:
    """Two letters that stand for somebody in a picture."""
    parts = [part for part in name.replace("@", " ").replace(".", " ").split() if part[0].isalnum()]
    return "".join(part[0] for part in parts[:2]).upper() or "?"


@register.filter
def unlocal(value: float) -> str:
    """A number for machines: a point, no separators."""
    return f"{value:g}"


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Whether a form field is a single box to tick, whose label stands behind it."""
    return isinstance(field.field.widget, CheckboxInput)


@register.filter
def offers(options: Iterable[tuple[Any, Any]], value: Any) -> bool:
    """Whether a value is among the options of a list."""
    return any(str(one) == str(value) for one, _text in options)


@register.filter
def is_optional(field: BoundField) -> bool:
    """Whether a form field may be left empty: a list without an empty line cannot, nor what another field makes necessary (`NEEDED` of its form)."""
    if field.field.required or field.name in getattr(field.form, "NEEDED", ()):
        return False
    choices = getattr(field.field, "choices", None)
    return choices is None or isinstance(field.field, MultipleChoiceField) or any(not value for value, _text in choices)


@register.filter
def described(field: BoundField) -> SafeString:
    """The control of a form field, tied to its error text (WCAG 3.3.1)."""
    told = [f"{field.auto_id}_helptext"] if field.help_text else []
    attributes: dict[str, str | bool] = {}
    if field.errors:
        told.append(f"{field.auto_id}_error")
        attributes["aria-invalid"] = "true"
    if told:
        attributes["aria-describedby"] = " ".join(told)
    return field.as_widget(attrs=attributes)


@register.filter
def split(text: str) -> list[str]:
    """The words of a text."""
    return text.split()
