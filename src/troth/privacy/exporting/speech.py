"""In which language a person is told what is held about them: the fixed words of an answer. Names, keys and codes stay as they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from troth.content.languages import choose_language, languages_of, normalise_language
from troth.kernel.personal_data import Store, Subject
from troth.people.lookup import PersonNotFound, load_person
from troth.privacy.exporting.languages import de, es, fr

TRANSLATIONS: Mapping[str, Mapping[str, str]] = {"en": {}, "de": de.WORDS, "fr": fr.WORDS, "es": es.WORDS}


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


def speech_in(language: str) -> Speech:
    """A language, `de-AT` as `de`; English where it is not spoken."""
    chosen = choose_language(TRANSLATIONS, [normalise_language(language)]) or "en"
    return Speech(chosen, TRANSLATIONS[chosen])


def speech_for(subject: Subject, wanted: str = "") -> Speech:
    """As wanted, else as the person's attributes say, else English."""
    asked = [normalise_language(wanted)] if wanted else []
    with suppress(PersonNotFound):
        asked += languages_of(load_person(subject).attributes)
    return speech_in(choose_language(TRANSLATIONS, asked))
