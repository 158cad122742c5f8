"""In which language a person is told what is held about them: the fixed words of an answer. Names, keys and codes stay as they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from troth.content.languages import choose_language, languages_of, normalise_language
from troth.kernel.personal_data import Subject
from troth.kernel.speech import Speech
from troth.people.lookup import PersonNotFound, load_person
from troth.privacy.exporting import reasons
from troth.privacy.exporting.languages import de, es, fr

TRANSLATIONS: Mapping[str, Mapping[str, str]] = {
    "en": {},
    "de": {**de.WORDS, **reasons.de.WORDS},
    "fr": {**fr.WORDS, **reasons.fr.WORDS},
    "es": {**es.WORDS, **reasons.es.WORDS},
}


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
