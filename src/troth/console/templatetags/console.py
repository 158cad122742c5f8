"""How values are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from troth.kernel.clock import iso

register = template.Library()
LONGEST = 120


@register.filter
def moment(ms: int | None) -> SafeString | str:
    """An instant as `2026-03-01 12:00:05`, UTC, with the exact one for machines."""
    if ms is None:
        return "–"
    exact = iso(ms)
    return format_html('<time datetime="{}" title="{}">{} {}</time>', exact, exact, exact[:10], exact[11:19])


@register.filter
def briefly(values: Mapping[str, Any]) -> str:
    """The first of a mapping's values in one line."""
    text = ", ".join(f"{name}: {_plain(value)}" for name, value in values.items())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


@register.filter
def reasoned(reason: str) -> str:
    """`marketing_email:no_consent` as `marketing_email: no consent`."""
    purpose, colon, why = reason.rpartition(":")
    return f"{purpose}{colon} {why.replace('_', ' ')}".strip()


@register.filter
def plainly(value: Any) -> str:
    """A value as text."""
    return _plain(value)


def _plain(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_plain(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_plain(item) for item in value) + "]"
    return str(value)
