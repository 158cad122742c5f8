"""Moments as Django and allauth keep them, for `when`."""

from __future__ import annotations

from datetime import datetime

from django import template

register = template.Library()


@register.filter
def milliseconds(moment: datetime | None) -> int | None:
    """Since the epoch, UTC."""
    return int(moment.timestamp() * 1000) if moment else None
