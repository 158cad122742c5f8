"""Mail to a controller, and to members with authority, is in their language as far as it is known: every word of it, in each."""

from __future__ import annotations

import ast
import email
import io
import re
from collections.abc import Iterator
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

import troth
from tests.mail_server import Kept, run_mail_server
from troth.intake.commands import Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.people.lookup import find_person
from troth.privacy import controller_words
from troth.privacy.controller_words import WORDS
from troth.privacy.controllers import find_controllers, speech_of
from troth.privacy.desk import cases
from troth.privacy.desk.forwarding import forward_due
from troth.privacy.history import By
from troth.privacy.leaving.asking import ask_to_leave
from troth.privacy.leaving.carrying_out import carry_out
from troth.privacy.leaving.telling import tell_owners
from troth.privacy.models import RequestState, RequestType
from troth.privacy.processors.register import register_processor
from troth.privacy.processors.telling import tell_next
from troth.privacy.renewed_agreements import tell_of_agreements
from troth.workspaces.agreements.registry import Kind, list_versions, publish_agreement
from troth.workspaces.models import Member, User, Workspace

SOURCE = Path(troth.__file__).parent / "privacy"
TELL = ("desk/forwarding.py", "contests/telling.py", "processors/telling.py", "leaving/telling.py", "renewed_agreements.py")
WHOLE = {
    "contest": "CONTEST",
    "forward": "FORWARDED",
    "processor": "PROCESSOR",
    "agreement": "AGREEMENT",
    "leaving": "LEAVING",
    "left": "LEFT",
    "left but": "LEFT_BUT",
}
LANGUAGES = [code for code in WORDS if code != "en"]


@pytest.fixture
def post(settings: Any) -> Iterator[Kept]:
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        yield kept


def texts(kept: Kept) -> dict[str, str]:
    """Subject and text, by the address that it went to."""
    found = {}
    for recipients, raw in kept.mails:
        message = email.message_from_bytes(raw, policy=default)
        body = message.get_body(("plain",))
        assert body is not None
        found[recipients[0]] = f"{message['Subject']}\n{body.get_content()}".replace("\r\n", "\n")
    return found


def said() -> set[str]:
    nodes = [node for path in TELL for node in ast.walk(ast.parse((SOURCE / path).read_text())) if isinstance(node, ast.Call)]
    calls = [node for node in nodes if isinstance(node.func, ast.Name) and node.func.id == "say" and node.args]
    return {call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_and_every_code_has_its_words_with_the_variables_of_the_english_ones(language: str) -> None:
    words = WORDS[language]
    codes = [one.value for kind in (RequestType, RequestState) for one in kind]
    known = (
        said()
        | {kind.label for kind in Kind}
        | {str(code).replace("_", " ") for code in codes}
        | {"campaign", "newsletter", "schedule", "external id", "email", "phone", "anonymous id", "device"}
    )

    assert len(said()) > 20 and known - set(words) == set()
    for english, translated in words.items():
        plain = getattr(controller_words, WHOLE[english]) if english in WHOLE else english
        assert sorted(re.findall(r"{\w+}", plain)) == sorted(re.findall(r"{\w+}", translated)), english


def test_a_controller_gets_what_persons_ask_and_what_changes_in_its_language_and_members_in_theirs(workspace: Any, post: Kept) -> None:
    now = now_ms()
    call_command(
        "workspace_role", str(workspace.pk), processes_for="Acme SARL", contact="dpo@acme.example", language="fr", stdout=io.StringIO()
    )
    for name, locale in (("olga", "de_AT"), ("oscar", "fi")):
        Member.objects.create(user=User.objects.create_user(f"{name}@agency.example", locale=locale), workspace=workspace, role="owner")
    common = {"workspace_id": workspace.pk, "source": "api", "received_at": now}
    apply([Identify(identity=Identity(external_id="dana", email="dana@example.com"), attributes={}, **common)], now=now)
    request = cases.open_request(find_person(workspace.pk, "dana"), RequestType.ERASURE, by=By("api"), now=now, words="Tout.")
    forward_due(now)
    told = texts(post)["dpo@acme.example"]
    assert f"La demande d’une personne nous est parvenue : effacement, {request.pk}" in told
    assert "e-mail: dana@example.com" in told and "Ses mots :\nTout." in told and "la décision vous revient" in told

    register_processor(workspace.pk, {"name": "Mailer Ltd", "location": "Irland"}, in_use=False, now=now)
    while tell_next(now):
        pass
    told = texts(post)["dpo@acme.example"]
    assert "Un sous-traitant est proposé : Mailer Ltd" in told and "Lieu: Irland" in told and "Service: non indiqué" in told
    assert "Ein Auftragsverarbeiter ist vorgesehen: Mailer Ltd" in texts(post)["olga@agency.example"]
    assert "Mailer Ltd is to process personal data for" in texts(post)["oscar@agency.example"], "English where it is not spoken"

    list_versions(Kind.DPA)
    publish_agreement(Kind.DPA, "# Data processing agreement\n\nAnother.", now=now)
    while tell_of_agreements(now):
        pass
    assert "Vertrag zur Auftragsverarbeitung: Fassung 2 ist anzunehmen" in texts(post)["olga@agency.example"]
    assert "version 2 is to be accepted" in texts(post)["oscar@agency.example"]


def test_where_no_language_is_known_it_is_english_and_one_that_is_not_spoken_is_refused(workspace: Any) -> None:
    assert speech_of("").language == speech_of("tlh").language == "en" and speech_of("fr-CA").language == "fr"
    workspace.processes_for, workspace.controller_contact = "Acme SARL", "dpo@acme.example"
    workspace.save()
    assert [(one.address, one.say.language) for one in find_controllers(workspace.pk)] == [("dpo@acme.example", "en")]
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("workspace_role", str(workspace.pk), "--language", "tlh")
    assert Workspace.objects.get(pk=workspace.pk).controller_language == ""


def test_owners_are_told_in_their_language_that_what_they_own_is_deleted_and_get_the_certificate_in_it(workspace: Any, post: Kept) -> None:
    for name, locale in (("olga", "de"), ("oscar", "")):
        Member.objects.create(user=User.objects.create_user(f"{name}@agency.example", locale=locale), workspace=workspace, role="owner")
    now = now_ms()
    asked = ask_to_leave([workspace], confirmed=workspace.name, by="operator", now=now, whole_account=False, hold_days=0)
    tell_owners(asked, workspace.name, now)
    told = texts(post)
    assert "wird endgültig gelöscht" in told["olga@agency.example"] and "is to be deleted for good" in told["oscar@agency.example"]
    carry_out(asked)
    told = texts(post)
    assert told["olga@agency.example"].startswith("Die Bescheinigung einer Löschung\nEs ist endgültig gelöscht")
    assert told["oscar@agency.example"].startswith("The certificate of a deletion\nIt is deleted for good")
