"""The ledger's room: what is in it and signed, checked on demand, and what is said when something was tampered with."""

from __future__ import annotations

import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tests.console.test_notices import agree, written_down
from tests.members import join
from troth.consent.ledger.log import append_for
from troth.consent.models import Checkpoint
from troth.console.ledger import reading, views
from troth.console.ledger.reading import read_public_key, tell_signature_check


@pytest.fixture
def officer(workspace: Any) -> Client:
    return join(workspace, "privacy_officer")


@pytest.fixture
def three(workspace: Any) -> Any:
    """Three decisions in the ledger."""
    for name in ("dana", "erin", "finn"):
        agree(workspace.pk, f"{name}@example.com")
    append_for(workspace.pk)
    return workspace


def read(client: Client, workspace: Any, rest: str = "", status: int = 200) -> str:
    answer = client.get(f"/console/{workspace.pk}/ledger{rest}")
    assert answer.status_code == status
    return unescape(answer.content.decode())


def do(client: Client, workspace: Any, rest: str, status: int = 303) -> str:
    answer = client.post(f"/console/{workspace.pk}/ledger{rest}", follow=status == 303)
    assert answer.redirect_chain[0][1] == status if status == 303 else answer.status_code == status
    return unescape(answer.content.decode())


def test_an_empty_ledger_says_so_and_signs_nothing(officer: Client, workspace: Any) -> None:
    page = read(officer, workspace)
    assert "Nothing in it yet" in page
    assert "Checkpoint now" not in page
    assert "nothing to sign yet" in do(officer, workspace, "/checkpoint")
    assert not Checkpoint.objects.exists()


def test_what_is_appended_waits_and_is_signed_is_told(officer: Client, three: Any) -> None:
    agree(three.pk, "gail@example.com")
    assert "1 decision is appended within seconds" in read(officer, three)
    page = do(officer, three, "/checkpoint")
    assert "Signed over 3 entries" in page
    assert "all of it" in page
    assert f"/ledger/{three.pk}/checkpoint/3" in page
    assert "covers the whole ledger" in do(officer, three, "/checkpoint")
    assert written_down("checkpoint.signed") == [{"size": 3}]
    append_for(three.pk)
    assert "the first 3 entries" in read(officer, three)
    do(officer, three, "/checkpoint")
    assert f"/ledger/{three.pk}/consistency/3/4" in read(officer, three)


def test_a_whole_ledger_is_found_whole(officer: Client, three: Any) -> None:
    assert "Check 3 entries" in read(officer, three, "/check")
    assert "Nothing was changed, removed or reordered." in do(officer, three, "/check", 200)
    assert written_down("ledger.checked") == [{"size": 3, "faults": 0}]


def test_what_was_tampered_with_is_named(officer: Client, three: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE consent_record SET at = at - 1000 WHERE workspace_id = %s AND leaf = 1", [three.pk])
    page = do(officer, three, "/check", 200)
    assert "entry 1: its record was changed" in page
    assert "72 hours" in page
    assert "dana@example.com" not in page
    assert written_down("ledger.checked") == [{"size": 3, "faults": 1}]


def test_a_large_ledger_is_left_to_the_command(officer: Client, three: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_CHECKED", 2)
    monkeypatch.setattr(views, "MOST_CHECKED", 2)
    for page in (read(officer, three, "/check"), do(officer, three, "/check", 200)):
        assert f"troth consent ledger {three.pk}" in page
        assert "Check 3 entries" not in page
    assert written_down("ledger.checked") == []


def test_the_commands_of_the_page_try_a_signature_and_find_a_changed_one(officer: Client, three: Any, tmp_path: Path) -> None:
    do(officer, three, "/checkpoint")
    key, note = tmp_path / "published.pem", tmp_path / "published"
    key.write_text(read_public_key())
    note.write_text(Checkpoint.objects.get(workspace_id=three.pk).note)
    commands = tell_signature_check(f"file://{key}", f"file://{note}")
    done = subprocess.run(["sh", "-c", commands], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Signature Verified Successfully" in done.stdout, done.stderr
    note.write_text(note.read_text().replace("\n3\n", "\n2\n"))
    assert subprocess.run(["sh", "-c", commands], cwd=tmp_path, capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize("role", ["marketer", "developer", "viewer"])
def test_who_may_not_see_it_is_refused(workspace: Any, role: str) -> None:
    client = join(workspace, role)
    read(client, workspace, "", 403)
    assert client.post(f"/console/{workspace.pk}/ledger/checkpoint").status_code == 403
