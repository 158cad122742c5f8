"""What is handed out to persons speaks their language, in every fixed word; what is stored stays as it is."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from planted import DANA, SECRET

from troth.kernel.clock import now_ms
from troth.kernel.personal_data import Subject, stores
from troth.kernel.speech import Speech
from troth.people.queries import Profile, update_profiles
from troth.privacy.desk.portability import open_portable
from troth.privacy.exporting import answer, export
from troth.privacy.exporting.export import export_html, export_person, load_whole_head, open_export
from troth.privacy.exporting.page import render_page
from troth.privacy.exporting.pdf import write_pdf
from troth.privacy.exporting.speech import TRANSLATIONS, speech_in


class Listening(dict[str, str]):
    """The words of a language, which remembers what it was asked and did not know."""

    def __init__(self, words: Any) -> None:
        super().__init__(words)
        self.unknown: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        if key not in self:
            self.unknown.add(key)
        return super().get(key, default)


@pytest.fixture
def german(dana: Subject) -> Iterator[Subject]:
    """Dana, who speaks German."""
    update_profiles([(dana.person_id, Profile({"name": "Dana", "locale": "de_AT"}, {}, []), 2)])
    yield dana


@pytest.mark.parametrize("language", [code for code in TRANSLATIONS if code != "en"])
def test_page_pdf_json_and_notes_have_every_fixed_word_in_every_language(dana: Subject, language: str) -> None:
    words = Listening(TRANSLATIONS[language])
    say = Speech(language, words)
    now = now_ms()

    head = load_whole_head(dana, now, say)
    list(render_page(dana, head, say))
    list(export._json_texts(dana, head, say))
    assert write_pdf(dana, head, say).startswith(b"%PDF")
    for said in (*answer.TOOLS.values(), *answer.RIGHTS, answer.NO_END):
        say(said)
    for store in stores():
        say.about(store), say.named(store.category)
    say.whole("note", "", workspace="", at=""), say.whole("portable note", "", workspace="", at="")
    for field in ("legal_obligation", "vital_interest", "public_task", "legitimate_interest", "representative", "joint_controllers"):
        say.named(field)

    assert words.unknown == set()


@pytest.mark.parametrize("language", [code for code in TRANSLATIONS if code != "en"])
def test_a_translation_has_the_variables_of_the_english_words(language: str) -> None:
    import re

    for english, said in TRANSLATIONS[language].items():
        if english not in ("note", "portable note"):
            assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", said)), english


def test_a_person_is_answered_in_the_language_of_their_attributes_and_otherwise_in_english(german: Subject) -> None:
    page = b"".join(export_html(german)).decode()
    assert '<html lang="de">' in page and "Alles, was Test workspace über Sie gespeichert hat" in page and SECRET in page
    assert "as long as the person is known" not in page and "Beschwerde bei einer Aufsichtsbehörde" in page

    update_profiles([(german.person_id, Profile({"locale": "fi"}, {}, []), 3)])
    assert '<html lang="en">' in b"".join(export_html(german)).decode()


def test_who_asks_in_another_language_gets_that_and_the_json_keeps_its_keys_and_codes(german: Subject) -> None:
    whole = json.loads(b"".join(export_person(german, language="fr")))

    assert whole["language"] == "fr" and "effacement (art. 17)" in whole["answer"]["rights"]
    section = next(one for one in whole["sections"] if one["name"] == "people.person")
    assert section["category"] == "profile" and section["title"] == "Profil : attributs et étiquettes"
    assert {one["key"]: one["name"] for one in whole["answer"]["purposes"]}["marketing_email"] == "Nouvelles et offres par e-mail"
    assert {one["legal_basis"] for one in whole["answer"]["purposes"]} <= {"consent", "contract", "legitimate_interest"}


def test_archives_pdf_and_what_is_taken_along_speak_it_too(german: Subject, tmp_path: Any) -> None:
    with zipfile.ZipFile(open_export(german, ".zip")) as archive:
        assert "Dieses Archiv enthält alles" in archive.read("README.txt").decode()
    with zipfile.ZipFile(open_portable(german, now=now_ms())) as archive:
        assert "Was Sie Test workspace bereitgestellt haben" in archive.read("README.txt").decode()
        assert json.loads(archive.read("data.json"))["language"] == "de"
    path = tmp_path / "dana.zip"
    call_command("privacy_export", str(german.workspace_id), DANA["email"], "--out", str(path), "--language", "es")
    with zipfile.ZipFile(path) as archive:
        assert '<html lang="es">' in archive.read("person.html").decode()


def test_a_language_that_is_not_spoken_is_english() -> None:
    assert speech_in("de-CH").language == "de" and speech_in("tlh").language == "en" and speech_in("").language == "en"
