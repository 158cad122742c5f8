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
from troth.kernel.clock import iso, now_ms
from troth.people.lookup import find_person
from troth.privacy import mail_words
from troth.privacy.addressees import find_controllers, find_officers, speech_of
from troth.privacy.breaches import telling
from troth.privacy.breaches.register import record_breach
from troth.privacy.breaches.telling import tell_of_breaches
from troth.privacy.contests.telling import name_instruction
from troth.privacy.desk import cases, forwarding, reminding
from troth.privacy.desk.forwarding import forward_due
from troth.privacy.desk.reminding import tell_of_terms
from troth.privacy.downstream import chasing
from troth.privacy.downstream.opening import LIFTED
from troth.privacy.history import By
from troth.privacy.leaving.asking import ask_to_leave
from troth.privacy.leaving.carrying_out import carry_out
from troth.privacy.leaving.telling import tell_owners
from troth.privacy.mail_words import WORDS
from troth.privacy.models import RequestState, RequestType
from troth.privacy.models.contests import ContestedInstruction
from troth.privacy.models.proofs import ProofRun, ProofState
from troth.privacy.opendsr.statuses import RequestStatus
from troth.privacy.processors.register import register_processor
from troth.privacy.processors.telling import tell_next
from troth.privacy.proofs.telling import tell_of_proofs
from troth.privacy.renewed_agreements import tell_of_agreements
from troth.workspaces.agreements.instructions import KINDS, LOOKS
from troth.workspaces.agreements.registry import Kind, list_versions, publish_agreement
from troth.workspaces.audit import ACTIONS
from troth.workspaces.models import Member, Role, User, Workspace

SOURCE = Path(troth.__file__).parent / "privacy"
TELL = (
    *("desk/forwarding.py", "contests/telling.py", "processors/telling.py", "leaving/telling.py", "renewed_agreements.py"),
    *("breaches/telling.py", "desk/reminding.py", "downstream/chasing.py", "opendsr/raising.py", "proofs/telling.py"),
    "../console/glass/views.py",
)
TABLES = (telling.SUBJECTS, telling.SAYS, reminding.WORDS, chasing.WHY, forwarding.PRESSES)
SUBJECTS = (*reminding.OVERDUE, *reminding.TO_LOOK_AT, chasing.OWES, chasing.OWE)
NOT_MAILED = {
    "none yet: the worker proves it within a day, `troth privacy prove` at once",
    "proven {when}: {files} files, {total} bytes searched",
}
"""What is said of a proof that is fine stands in the console alone."""
WHOLE = {
    "contest": "CONTEST",
    "forward": "FORWARDED",
    "processor": "PROCESSOR",
    "agreement": "AGREEMENT",
    "leaving": "LEAVING",
    "left": "LEFT",
    "left but": "LEFT_BUT",
    "callback": "UNDELIVERED",
    "proof": "PROOF",
    "glass": "GLASS",
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
    calls = [node for node in nodes if isinstance(node.func, ast.Name) and node.func.id in ("say", "Said") and node.args]
    written = {call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)}
    return (written | {says for table in TABLES for says in table.values()} | set(SUBJECTS)) - NOT_MAILED


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_and_every_code_has_its_words_with_the_variables_of_the_english_ones(language: str) -> None:
    words = WORDS[language]
    codes = [*(one.value for kind in (RequestType, RequestState, RequestStatus, Role) for one in kind), LIFTED]
    known = (
        said()
        | {kind.label for kind in Kind}
        | {str(code).replace("_", " ") for code in codes}
        | {
            "campaign",
            "newsletter",
            "schedule",
            "channel",
            "webhook",
            "purpose",
            "collecting",
            "assignment",
            "external id",
            "email",
            "phone",
            "anonymous id",
            "device",
        }
    )

    assert len(said()) > 40 and known - set(words) == set()
    for english, translated in words.items():
        plain = getattr(mail_words, WHOLE[english]) if english in WHOLE else english
        assert sorted(re.findall(r"{\w+}", plain)) == sorted(re.findall(r"{\w+}", translated)), english


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_can_be_instructed_has_its_name_in_every_language(language: str) -> None:
    register = {action: says for action, says in ACTIONS.items() if action.partition(".")[0] in KINDS and action not in LOOKS}

    assert len(register) > 100 and set(register.values()) - set(WORDS[language]) == set()


def test_what_is_contested_is_named_in_the_language_of_who_reads_it() -> None:
    own = ContestedInstruction(action="campaign.published", detail={"campaign": 7, "name": "Hearts"}, waits="campaign:7")

    assert name_instruction(own, speech_of("en")) == "published a campaign (campaign 7 “Hearts”)"
    assert name_instruction(own, speech_of("de")) == "Veröffentlichung einer Kampagne (Kampagne 7 “Hearts”)"
    assert name_instruction(own, speech_of("es")) == "publicación de una campaña (campaña 7 “Hearts”)"


def test_members_are_told_in_their_language_and_where_they_chose_none_in_the_workspaces(workspace: Any, post: Kept) -> None:
    call_command("privacy_seat", str(workspace.pk), contact="privacy@acme.example", language="es", stdout=io.StringIO())
    for name, locale in (("olga", "de_AT"), ("oscar", ""), ("otto", "en_GB")):
        Member.objects.create(user=User.objects.create_user(f"{name}@acme.example", locale=locale), workspace=workspace, role="owner")
    now = now_ms()
    record_breach(workspace.pk, {"title": "A list went astray", "aware_at": now}, user_id=1, now=now)
    tell_of_breaches(now)
    told = texts(post)
    assert "Ein Vorfall ist eingetragen, 72 Stunden laufen" in told["olga@acme.example"] and "Bekannt seit" in told["olga@acme.example"]
    assert "se registró una brecha" in told["oscar@acme.example"] and "a breach was recorded" in told["otto@acme.example"]
    assert "se registró una brecha" in told["privacy@acme.example"]

    common = {"workspace_id": workspace.pk, "source": "api", "received_at": now}
    apply([Identify(identity=Identity(external_id="dana", email="dana@example.com"), attributes={}, **common)], now=now)
    request = cases.open_request(find_person(workspace.pk, "dana"), RequestType.ERASURE, by=By("api"), now=now)
    tell_of_terms(request.due_at + 1)
    told = texts(post)
    due = iso(request.due_at)[:10]
    assert told["olga@acme.example"].startswith(f"{workspace.name}: 1 Anliegen ÜBERFÄLLIG\nDie Frist ist VORBEI")
    assert f"- Löschung, fällig {due}: " in told["olga@acme.example"] and f"- supresión, vence el {due}: " in told["privacy@acme.example"]
    assert "1 privacy request OVERDUE" in told["otto@acme.example"]

    ProofRun.objects.create(begun_at=now, seen_at=now, ended_at=now, state=ProofState.FAILED, reasons=["found: tag"])
    tell_of_proofs(now)
    told = texts(post)
    assert (
        "Der Nachweis der Löschung ist NICHT gelungen" in told["olga@acme.example"] and "misslang: found: tag" in told["olga@acme.example"]
    )
    assert "la prueba de supresión NO se sostuvo" in told["oscar@acme.example"]


def test_the_privacy_contact_who_is_a_member_reads_their_own_language(workspace: Any) -> None:
    Workspace.objects.update(privacy_contact="Olga@acme.example", language="fr")
    assert [one.say.language for one in find_officers(workspace.pk, is_over=False)] == ["fr"]
    Member.objects.create(user=User.objects.create_user("olga@acme.example", locale="de"), workspace=workspace, role="owner")
    assert [one.say.language for one in find_officers(workspace.pk, is_over=False)] == ["de"]


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
