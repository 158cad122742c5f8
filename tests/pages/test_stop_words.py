"""The pages that end mail speak the language of whoever opens them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from troth.intake.commands import Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.kernel.personal_data import Subject
from troth.messages.unsubscribe_links import UnsubscribeLink, make_unsubscribe_token
from troth.pages.stop_words import WORDS


@pytest.fixture
def token(workspace: Any) -> str:
    about = {"workspace_id": workspace.pk, "source": "api", "received_at": now_ms()}
    person_id = apply([Identify(identity=Identity(external_id="dana"), **about)], now=now_ms())[0].person_id
    return make_unsubscribe_token(UnsubscribeLink(Subject(workspace.pk, person_id), "marketing_email", 0))


@pytest.mark.parametrize(
    ("accepted", "asked", "purpose", "done"),
    [
        ("en-GB", "Stop these mails?", "News and offers by e-mail", "You are unsubscribed"),
        ("de", "Keine solchen Mails mehr?", "Neuigkeiten und Angebote", "Sie sind abgemeldet"),
        ("fr-CA,fr;q=0.9", "Arrêter ces e-mails", "", "Vous êtes désinscrit"),
        ("es", "¿No más correos de estos?", "", "Se ha dado de baja"),
        ("fi", "Stop these mails?", "", "You are unsubscribed"),
    ],
)
def test_unsubscribing_speaks_the_language_of_its_reader(token: str, accepted: str, asked: str, purpose: str, done: str) -> None:
    web = Client(headers={"Accept-Language": accepted})
    page = web.get(f"/u/{token}").content.decode()
    assert asked in page
    assert purpose in page
    form = re.search(r'action="([^"]+)"', page)
    assert form
    assert done in web.post(form[1]).content.decode()


def test_dead_ends_speak_it_too(token: str) -> None:
    web = Client(headers={"Accept-Language": "de"})
    assert "Dieser Link funktioniert nicht" in web.get("/p/cut-off").content.decode()
    assert "Das war ein Test" in web.get("/u/test").content.decode()


def test_every_language_says_everything() -> None:
    for words in WORDS.values():
        assert words.keys() == WORDS["en"].keys()
        for name, says in words.items():
            assert set(re.findall(r"\{\w+\}", says)) == set(re.findall(r"\{\w+\}", WORDS["en"][name])), name
