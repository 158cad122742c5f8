"""Words with places in them, as the preference page writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django import template

register = template.Library()


@register.simple_tag
def name_places(words: str, **places: object) -> str:
    """`words` with its places filled; several things are joined by commas. What comes out is escaped as any text."""
    told = {
        name: ", ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
        for name, value in places.items()
    }
    return words.format(**told)


@register.simple_tag
def word(words: Mapping[str, str], name: str) -> str:
    """A word by a name that templates cannot write."""
    return words[name]
