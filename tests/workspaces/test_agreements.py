"""Agreements: their versions, who accepted which, and what is kept of it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pypdf import PdfReader

from troth.kernel.clock import now_ms
from troth.workspaces.agreements.registry import (
    AgreementInvalid,
    Kind,
    accept_agreement,
    diff_texts,
    list_acceptances,
    newest_version,
    publish_agreement,
    read_statuses,
    write_agreement,
)
from troth.workspaces.models import Member, User

NOW = now_ms()


def member(workspace: Any, role: str) -> Member:
    return Member.objects.create(user=User.objects.create_user(f"{role}@example.com"), workspace=workspace, role=role)


def accept(own: Member, kind: Kind = Kind.DPA, **changed: Any) -> Any:
    version = newest_version(kind)
    said = {
        "name": "Ada Lovelace",
        "function": "managing director",
        "digest": version.digest,
        "address": "203.0.113.77",
        "now": NOW,
        **changed,
    }
    return accept_agreement(own, version, **said)


@pytest.mark.parametrize("section", ["(a)", "(b)", "(c)", "(e)", "(f)", "(g)", "(h)", "28(2), (4)", "2021/914"])
def test_the_processing_agreement_has_each_part_that_the_law_asks(workspace: Any, section: str) -> None:
    assert section in newest_version(Kind.DPA).text


def test_an_owner_accepts_and_a_new_version_asks_again(workspace: Any) -> None:
    owner = member(workspace, "owner")
    assert not any(status.counts for status in read_statuses(workspace.pk))
    assert accept(owner).address == "203.0.113.0"
    assert [status.counts for status in read_statuses(workspace.pk)] == [True, False, False]
    newer = publish_agreement(Kind.DPA, "# Data processing agreement\n\nShorter.", now=NOW + 1)
    status = read_statuses(workspace.pk)[0]
    assert (status.counts, status.newest.number, status.accepted and status.accepted.version.number) == (False, 2, 1)
    assert ("+", "Shorter.") in diff_texts(list_acceptances(workspace.pk, Kind.DPA)[0].version, newer)


def test_nobody_without_authority_accepts_and_nobody_what_they_did_not_see(workspace: Any) -> None:
    owner, officer = member(workspace, "owner"), member(workspace, "privacy_officer")
    with pytest.raises(AgreementInvalid, match="only an owner"):
        accept(officer)
    with pytest.raises(AgreementInvalid, match="in which function"):
        accept(owner, function=" ")
    with pytest.raises(AgreementInvalid, match="newer version"):
        accept(owner, digest="0" * 64)
    assert list_acceptances(workspace.pk, Kind.DPA) == []


def test_what_was_accepted_can_be_taken_away_word_for_word(workspace: Any) -> None:
    accepted = accept(member(workspace, "owner"), Kind.PRIVACY)
    made = write_agreement(accepted.version, accepted, "Acme", "1 March 2026").as_pdf()
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(made)).pages).split())
    for said in (
        "Ada Lovelace, managing director",
        accepted.version.digest[:20],
        "Your name, e-mail address, role",
        "What is kept, and why",
    ):
        assert said in text, said


def test_whoever_runs_the_installation_publishes_by_command(workspace: Any, tmp_path: Path) -> None:
    file = tmp_path / "terms.md"
    file.write_text("# Terms of use\n\nBe kind.\n")
    told = io.StringIO()
    call_command("agreements_publish", "terms", str(file), stdout=told)
    assert "version 2 is published" in told.getvalue()
    with pytest.raises(AgreementInvalid, match="word for word"):
        call_command("agreements_publish", "terms", str(file))
    told = io.StringIO()
    call_command("agreements_list", str(workspace.pk), json=True, stdout=told)
    assert [(row["agreement"], row["newest"], row["counts"]) for row in json.loads(told.getvalue())][1] == ("terms", 2, False)


def test_owners_are_told_once_of_a_new_version_and_of_troths_own_first_ones_not(workspace: Any, settings: Any) -> None:
    from tests.mail_server import run_mail_server
    from troth.privacy.renewed_agreements import tell_of_agreements

    for role in ("owner", "privacy_officer"):
        Member.objects.create(user=User.objects.create_user(f"{role}@acme.example"), workspace=workspace, role=role)
    newest_version(Kind.DPA)
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        assert not tell_of_agreements(NOW) and kept.mails == []
        publish_agreement(Kind.DPA, "# Agreement\n\nOther words.\n", now=NOW)
        while tell_of_agreements(NOW):
            pass
        assert [mail[0] for mail in kept.mails] == [["owner@acme.example"]]
        assert f"/console/{workspace.pk}/agreements/dpa" in kept.mails[0][1].decode() and b"version 2" in kept.mails[0][1]
