"""The room Proofs: whether erasure is proven, one started, and any certificate verified; and the same by API and on the public page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.members import join
from troth.kernel.clock import DAY, HOUR, now_ms
from troth.privacy.certificate import certify
from troth.privacy.models.proofs import ProofRun, ProofState
from troth.privacy.proofs import starting
from troth.privacy.proofs.persons import make_up
from troth.privacy.proofs.statement import Looked, find_reasons, make_claims
from troth.workspaces.audit import read_entries
from troth.workspaces.keys import create_key
from troth.workspaces.models import Workspace


def prove(begun_at: int, *, left: str = "") -> ProofRun:
    """A proof as it is kept when it is over."""
    values = make_up().values
    found_in = [{"file": "logs/old.log", "encoding": "raw", "count": 1, "value": left}] if left else []
    seen = Looked(
        erased={name: name == left for name in values},
        control=dict.fromkeys(values, True),
        found_in=found_in,
        files=12,
        bytes_read=5_000_000,
        took_ms=1_200,
        gone=["the door"],
        stores=["people.person"],
        blind_spots=["free disk blocks"],
    )
    reasons = find_reasons(seen)
    state = ProofState.FAILED if reasons else ProofState.PASSED
    run = ProofRun(begun_at=begun_at, seen_at=begun_at, ended_at=begun_at + 2_000, state=state, reasons=reasons)
    run.files, run.total, run.done, run.took_ms = 12, 5_000_000, 5_000_000, 1_200
    run.certificate = certify(make_claims(seen, reasons, run_id=str(run.pk), begun_at=begun_at, now=begun_at + 2_000))
    run.save()
    return run


@pytest.fixture
def room(workspace: Any) -> str:
    return f"/console/{workspace.pk}/proofs"


def test_a_new_installation_says_when_the_first_proof_comes(workspace: Any, room: str) -> None:
    page = join(workspace, "owner").get(room).content.decode()
    assert "No proof yet" in page and "Nobody was erased here yet." in page


def test_the_officer_sees_whether_it_holds_and_how_it_went(workspace: Any, room: str) -> None:
    now = now_ms()
    failed, passed = prove(now - DAY, left="email"), prove(now - HOUR)
    officer = join(workspace, "privacy_officer")

    page = officer.get(room).content.decode()
    assert "Erasure is proven." in page and "did not hold" in page and "Seconds of searching" in page
    one = officer.get(f"{room}/{failed.pk}").content.decode()
    assert "the erased person was found: email" in one and "logs/old.log" in one and "free disk blocks" in one
    statement = officer.get(f"{room}/{passed.pk}/statement")
    assert json.loads(statement.content)["claims"]["state"] == "passed"
    assert "attachment" in statement["Content-Disposition"]


def test_a_proof_that_failed_is_an_alarm_here_and_in_readiness(workspace: Any, room: str) -> None:
    prove(now_ms() - HOUR, left="tag")
    owner = join(workspace, "owner")
    assert "The proof does not hold." in owner.get(room).content.decode()
    assert "Erasure is proven" in owner.get(f"/console/{workspace.pk}/readiness").content.decode()
    lines = owner.get(f"/console/{workspace.pk}/readiness").content.decode()
    assert "found: tag" in lines


def test_it_is_started_from_here_and_shows_how_far_it_is(workspace: Any, room: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "_start", lambda run: None)
    officer = join(workspace, "privacy_officer")

    assert officer.post(f"{room}/start").status_code == 303
    run = ProofRun.objects.get()
    ProofRun.objects.update(step="search", done=30, total=120)
    page = officer.get(room).content.decode()
    assert 'value="25"' in page and "every 2s" in page and "Prove it now" not in page
    assert "under way already" in officer.post(f"{room}/start", follow=True).content.decode()
    assert [(entry.action, entry.detail) for entry in read_entries(workspace.pk)] == [("proof.started", {"proof": str(run.pk)})]


def test_any_certificate_is_verified_from_a_file_or_as_text(workspace: Any, room: str) -> None:
    text = prove(now_ms()).certificate
    officer = join(workspace, "privacy_officer")
    page = f"{room}/verify"

    assert officer.get(page).status_code == 200
    assert "Genuine." in officer.post(page, {"text": text}).content.decode()
    assert "Genuine." in officer.post(page, {"file": SimpleUploadedFile("proof.json", text.encode())}).content.decode()
    for wrong in (text.replace('"passed"', '"failed"'), "{}", "not json", "[1]", '{"claims": 1}'):
        answer = officer.post(page, {"text": wrong})
        assert answer.status_code == 422 and "It does not hold." in answer.content.decode(), wrong
    assert officer.post(page, {"text": text, "key": "no key"}).status_code == 422
    assert officer.post(page, {}).status_code == 422


def test_who_may_not_see_registers_sees_nothing_of_it(workspace: Any, room: str) -> None:
    run = prove(now_ms())
    marketer = join(workspace, "marketer")
    for path in (room, f"{room}/verify", f"{room}/{run.pk}", f"{room}/{run.pk}/statement"):
        assert marketer.get(path).status_code == 403, path
    assert marketer.post(f"{room}/start").status_code == 403


def test_the_api_lists_reads_and_starts_them(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "_start", lambda run: None)
    key = create_key(workspace, "api", label="x", scopes=frozenset({"registers:write"}))
    client = Client(headers={"Authorization": f"Bearer {key}"})
    assert client.get("/api/troth/v1/proofs/last").json() == {"proof": None, "certificate": None}
    run = prove(now_ms() - HOUR)

    listed = client.get("/api/troth/v1/proofs").json()
    assert [(one["id"], one["state"], one["bytes_total"]) for one in listed] == [(str(run.pk), "passed", 5_000_000)]
    assert client.get("/api/troth/v1/proofs/last").json()["certificate"]["claims"]["type"] == "canary"
    assert client.post("/api/troth/v1/proofs", b"", content_type="application/json").status_code == 202
    again = client.post("/api/troth/v1/proofs", b"", content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


def test_the_public_page_tells_of_the_last_proof(workspace: Any, client: Client) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(is_transparent=True)
    page = f"/transparency/{workspace.pk}"
    assert client.get(f"{page}/proof").status_code == 404
    prove(now_ms() - DAY)
    assert "nothing of the erased one was found" in client.get(f"{page}?lang=en").content.decode()
    assert json.loads(client.get(f"{page}/proof").content)["claims"]["state"] == "passed"
    prove(now_ms(), left="email")
    assert "hielt das nicht" in client.get(f"{page}?lang=de").content.decode()
    Workspace.objects.filter(pk=workspace.pk).update(is_transparent=False)
    assert client.get(f"{page}/proof").status_code == 404
