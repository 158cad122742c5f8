"""Words in the language of whoever reads them: the code has them in English, a table has them in another language by the English text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple

from babel.dates import format_date

from troth.kernel.personal_data import Store


class Said(NamedTuple):
    """Words that are put into a language only when somebody reads them."""

    words: str
    facts: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True)
class Speech:
    """Says English words in a language; what it lacks it says in English."""

    language: str = "en"
    words: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, english: str, /, **facts: object) -> str:
        """The words, with the facts in their braces."""
        said = self.words.get(english, english)
        return said.format(**facts) if facts else said

    def whole(self, name: str, english: str, /, **facts: object) -> str:
        """A longer text, which is kept under a name."""
        return self.words.get(name, english).format(**facts)

    def named(self, field_name: str) -> str:
        """What a field or a code is called: `first_at` as “first at”."""
        return self(field_name.replace("_", " "))

    def put(self, said: Said | str) -> str:
        """What was said in code; a stored value as it is."""
        return said if isinstance(said, str) else self(said.words, **said.facts)

    def day(self, day: date | datetime) -> str:
        """A day as people write it, `5 January 2026`."""
        return format_date(day, "long", locale="en_GB" if self.language == "en" else self.language)

    def about(self, store: Store) -> dict[str, str]:
        """What a person must be told of a store (Art. 15(1)); its name and category as codes."""
        return {
            "name": store.name,
            "title": self(store.title),
            "category": store.category,
            "purpose": self(store.purpose),
            "origin": self(store.origin),
            "retention": self(store.retention),
        }


ENGLISH = Speech()
