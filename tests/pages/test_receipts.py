"""The receipt as a page and as files: for the person, in their language, and for whoever they show it to."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tests.evidence import GIVEN
from troth.consent.catalog import MARKETING_EMAIL
from troth.consent.models import Record
from troth.consent.receipt_page.words import WORDS
from troth.intake.commands import Alias, Decide, Decision, Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.pages.receipt_links import make_receipt_token

DANA, DANA_AGAIN = Identity(external_id="dana", email="dana@example.com"), Identity(external_id="dana-again")


def say(workspace: Any, *commands: Any) -> None:
    apply(commands, now=now_ms())


def about(workspace: Any, identity: Identity = DANA) -> dict[str, Any]:
    return {"workspace_id": workspace.pk, "source": "api", "received_at": now_ms(), "identity": identity}


def link_of(workspace: Any, decision: Decision = Decision.GRANT) -> str:
    """Dana decides; the address of her receipt."""
    evidence = GIVEN if decision is Decision.GRANT else {}
    say(
        workspace,
        Identify(**about(workspace)),
        Decide(decision=decision, purpose=MARKETING_EMAIL, evidence=evidence, **about(workspace)),
    )
    return f"/r/{make_receipt_token(Record.objects.latest('record_id'))}"


def test_the_person_takes_it_back_where_the_receipt_says(workspace: Any) -> None:
    receipt = Client().get(f"{link_of(workspace)}/file").json()
    page = receipt["dpv:hasConsentControl"]["dpv:isExercisedAt"].partition("/p/")[2]
    assert Client().post(f"/p/{page}", {"stop": "1"}).status_code == 200
    assert Record.objects.latest("record_id").decision in ("withdraw", "refuse")


def test_a_receipt_is_found_after_its_person_was_merged_into_another(workspace: Any) -> None:
    link = link_of(workspace)
    say(workspace, Identify(**about(workspace, DANA_AGAIN)))
    say(workspace, Alias(previous=DANA, **about(workspace, DANA_AGAIN)))
    moved = Record.objects.filter(decision="grant").latest("record_id")
    assert Client().get(link).status_code == 200
    receipt = Client().get(f"{link}/file").json()
    assert receipt["troth:proof"]["committed"]["record_id"] == moved.record_id


@pytest.mark.parametrize(
    ("accepted", "title", "decision"),
    [
        ("en", "Receipt of your decision", "You agreed."),
        ("de-AT,de", "Beleg Ihrer Entscheidung", "Sie haben zugestimmt."),
        ("fr", "Reçu de votre décision", "Vous avez accepté."),
        ("es", "Recibo de su decisión", "Usted aceptó."),
    ],
)
def test_the_receipt_speaks_the_language_of_its_reader(workspace: Any, accepted: str, title: str, decision: str) -> None:
    page = Client().get(link_of(workspace), headers={"Accept-Language": accepted}).content.decode()
    assert f"<h1>{title}</h1>" in page
    assert decision in page
    assert ("News and offers by e-mail" in page) == accepted.startswith("en")
    assert f'<html lang="{accepted[:2]}">' in page


def test_a_page_that_checks_itself_can_be_kept(workspace: Any) -> None:
    link = link_of(workspace)
    assert f"{link}/page" in Client().get(link).content.decode()
    kept = Client().get(f"{link}/page")
    assert kept["Content-Disposition"].startswith("attachment")
    assert kept["Cache-Control"] == "no-store"
    assert "BEGIN PUBLIC KEY" in kept.content.decode()
    assert Client().get("/r/nonsense/page").status_code == 404


def test_every_language_of_the_page_says_everything() -> None:
    assert set(WORDS) == {"en", "de", "fr", "es"}
    for words in WORDS.values():
        assert words.keys() == WORDS["en"].keys()
        for name, says in words.items():
            assert set(re.findall(r"\{\w+\}", says)) == set(re.findall(r"\{\w+\}", WORDS["en"][name])), name
