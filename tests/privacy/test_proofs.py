"""The daily proof: two made-up persons go through everything, one is erased, and what is kept is searched for both."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.mail_server import Kept, run_mail_server
from troth.kernel.checks import examine
from troth.kernel.clock import DAY, HOUR, now_ms
from troth.kernel.personal_data import stores
from troth.kernel.sql import is_sqlite
from troth.messages.models import Message
from troth.people.models import Person
from troth.privacy.certificate import CertificateInvalid, verify_certificate
from troth.privacy.models import PrivacyRequest
from troth.privacy.models.proofs import ProofRun, ProofState
from troth.privacy.proofs import running, starting
from troth.privacy.proofs.persons import make_up
from troth.privacy.proofs.running import ProofUnderWay, begin, prove
from troth.privacy.proofs.searching import Search
from troth.privacy.proofs.telling import judge_last, tell_of_proofs
from troth.privacy.scanning.scanner import scan
from troth.workspaces.models import Member, Role, User, Workspace
from troth.workspaces.registry import canary_workspace, list_workspaces

WAYS = {
    *("the door", "a campaign and its mail", "a newsletter", "push, SMS and calls of a webhook", "what webhooks are told"),
    *("a form that is filled in and confirmed", "self-service", "a request of somebody not on file", "a request over OpenDSR"),
    *("a hand-over, recipients", "what came in while somebody watches"),
}


@pytest.fixture(autouse=True)
def _no_waiting_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other process has to learn of what a way prepares."""
    for module in ("troth.privacy.proofs.own_ways", "troth.campaigns.proof_way", "troth.webhooks.proof_way", "troth.pages.proof_way"):
        monkeypatch.setattr(f"{module}.SEEN_AFTER_S", 0)


def claims_of(run: ProofRun) -> dict[str, Any]:
    return verify_certificate(run.certificate)


@pytest.fixture
def proven(workspace: Any) -> ProofRun:
    return prove(begin(now_ms()))


def test_both_go_through_every_store_and_only_the_control_is_found(proven: ProofRun, data_dir: Path) -> None:
    claims = claims_of(proven)

    assert (proven.state, proven.reasons) == (ProofState.PASSED, [])
    assert claims["erased"]["found"] == []
    assert claims["control"]["found"] == claims["control"]["values_searched_for"] != []
    assert set(claims["stores_reached"]) == {store.name for store in stores()}
    assert claims["stores_not_reached"] == []
    assert set(claims["ways"]) >= WAYS
    assert claims["search"]["bytes"] > 0 and claims["blind_spots"]
    assert ("on PostgreSQL" in claims["blind_spots"][-1]) is not is_sqlite()


def test_a_declared_store_that_they_do_not_come_through_fails_the_proof(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from troth.kernel import personal_data

    elsewhere = replace(stores()[0], name="elsewhere.notes", erase=lambda subjects: Counter(), export=lambda subject: iter(()))
    monkeypatch.setitem(personal_data._stores, elsewhere.name, elsewhere)
    run = prove(begin(now_ms()))

    assert run.state == ProofState.FAILED
    assert run.reasons == ["stores of personal data in which nothing of them was: elsewhere.notes"]


def test_nothing_of_them_stays_and_no_value_stands_in_the_statement(workspace: Any, data_dir: Path) -> None:
    people = (make_up(), make_up())
    run = prove(begin(now_ms()), people=people)

    own = canary_workspace()
    assert not Person.objects.filter(workspace_id=own.pk).exists()
    assert not PrivacyRequest.objects.filter(workspace_id=own.pk).exists()
    values = [value for person in people for value in person.values.values()]
    assert not any(value in run.certificate for value in values)
    if is_sqlite():
        from troth.privacy.storage.wal import empty_log_within

        assert empty_log_within(5)
        assert scan([data_dir], values).clean, "the control is erased as well"


def test_the_next_proof_searches_for_the_control_of_the_last(proven: ProofRun) -> None:
    again = prove(begin(now_ms()))

    assert claims_of(again)["control_before"]["values_searched_for"] == len(make_up().values)
    assert again.state == ProofState.PASSED
    assert ProofRun.objects.filter(sealed__isnull=False).count() == 1


def test_a_file_that_still_holds_the_erased_fails_the_proof_and_says_where(workspace: Any, data_dir: Path) -> None:
    people = (make_up(), make_up())
    left = data_dir / "logs" / "left.log"
    left.parent.mkdir(exist_ok=True)
    left.write_text(f"somebody wrote {people[0].values['email']} down")

    run = prove(begin(now_ms()), people=people)

    left.unlink()
    assert run.state == ProofState.FAILED
    assert run.reasons == ["the erased person was found: email"]
    assert claims_of(run)["search"]["found_in"] == [{"file": "logs/left.log", "encoding": "raw", "count": 1, "value": "email"}]


def test_a_search_that_does_not_see_the_control_proves_nothing(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def see_nothing(groups: Any, buckets: Any, progress: Any) -> Search:
        blind = [dict.fromkeys(group, False) for group in groups]
        return Search(groups=blind, found_in=[], unread=[], files=1, bytes_read=1, took_ms=1, blind_spots=[])

    monkeypatch.setattr(running, "search_for", see_nothing)
    run = prove(begin(now_ms()))

    assert run.state == ProofState.FAILED
    assert "proves nothing" in run.reasons[0]


def test_a_way_that_cannot_be_gone_fails_the_proof(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **options: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("troth.privacy.proofs.rights_ways.place_hold", broken)
    run = prove(begin(now_ms()))

    assert run.state == ProofState.FAILED
    assert "ways that could not be gone: requests, holds, an export, the audit log" in run.reasons


@pytest.fixture
def mail_server(settings: Any) -> Iterator[Kept]:
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        yield kept


def test_nothing_leaves_even_where_a_mail_server_is_there(workspace: Any, mail_server: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    states: list[str] = []
    settle = running._settle

    def look(workspace_id: int) -> bool:
        done = settle(workspace_id)
        states.extend(Message.objects.filter(workspace_id=workspace_id).values_list("state", flat=True))
        return done

    monkeypatch.setattr(running, "_settle", look)
    run = prove(begin(now_ms()))

    assert run.state == ProofState.PASSED, run.reasons
    assert states and set(states) == {"sent"}, "their mail is rendered, and handed to the outbox"
    assert mail_server.mails == []


def test_their_workspace_stands_in_no_list_and_has_no_members(proven: ProofRun) -> None:
    own = canary_workspace()

    assert own.pk not in [workspace.pk for workspace in list_workspaces()]
    out = io.StringIO()
    call_command("workspace_list", "--json", stdout=out)
    assert own.pk not in [row["id"] for row in json.loads(out.getvalue())]
    assert not Member.objects.filter(workspace=own).exists()
    assert Workspace.objects.filter(is_canary=True).count() == 1


def test_one_at_a_time_and_what_died_is_closed(workspace: Any) -> None:
    now = now_ms()
    first = begin(now)
    with pytest.raises(ProofUnderWay):
        begin(now)

    second = begin(now + HOUR)

    first.refresh_from_db()
    assert first.state == ProofState.BROKEN
    assert second.state == ProofState.RUNNING


def test_a_proof_that_breaks_off_is_cleared_up_by_the_next(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> Any:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(running, "search_for", broken)
        with pytest.raises(RuntimeError):
            prove(begin(now_ms()))
    assert ProofRun.objects.get().state == ProofState.BROKEN
    assert Person.objects.filter(workspace_id=canary_workspace().pk).count() == 1, "the control was not erased yet"

    assert prove(begin(now_ms())).state == ProofState.PASSED
    assert not Person.objects.filter(workspace_id=canary_workspace().pk).exists()


def test_the_worker_starts_one_a_day_in_a_process_of_its_own(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[ProofRun] = []
    monkeypatch.setattr(starting, "_start", started.append)
    now = now_ms()

    starting.start_when_due(now)
    assert started == [], "an installation is left alone for its first hour"
    starting.start_when_due(now + 2 * HOUR)
    assert len(started) == 1
    started[0].state, started[0].ended_at = ProofState.PASSED, now + 2 * HOUR
    started[0].save()
    starting.start_when_due(now + 25 * HOUR)
    assert len(started) == 1
    starting.start_when_due(now + 27 * HOUR)
    assert len(started) == 2


def test_a_proof_that_was_begun_is_carried_out_by_the_command_that_is_started(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr("os.nice", lambda more: 0)
    with monkeypatch.context() as patch:
        patch.setattr("subprocess.Popen", lambda command, **options: started.append(command))
        run = starting.start_now(now_ms())
    assert started[0][1:3] == ["-m", "django"]

    assert started[0][-1] == "--skip-checks"
    call_command(*started[0][3:-1])

    run.refresh_from_db()
    assert run.state == ProofState.PASSED, run.reasons


def test_a_served_installation_proves_it_in_a_child_that_is_really_started(own_server: Any) -> None:
    auth = {"Authorization": f"Bearer {own_server.workspace['auth_token']}"}
    status, told = own_server.post("/api/troth/v1/proofs", {}, auth)
    assert status in (200, 201, 202), told

    def last() -> Any:
        runs = own_server.json("privacy", "prove", "--history", "--json")
        return runs[0] if runs and runs[0]["state"] != ProofState.RUNNING else None

    run = own_server.eventually(last, 120)
    assert (run["state"], run["reasons"]) == (ProofState.PASSED, [])


def test_whoever_asks_for_one_waits_between_two(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "_start", lambda run: None)
    now = now_ms()
    run = starting.start_now(now)
    with pytest.raises(ProofUnderWay):
        starting.start_now(now)
    run.state, run.ended_at = ProofState.PASSED, now
    run.save()
    with pytest.raises(starting.ProvenJustNow):
        starting.start_now(now + 1)
    assert starting.start_now(now + HOUR).state == ProofState.RUNNING


def test_doctor_tells_of_a_proof_that_failed_or_is_old(workspace: Any) -> None:
    now = now_ms()
    assert judge_last(now)[0], "a new installation has none yet"
    run = ProofRun.objects.create(begun_at=now, seen_at=now, ended_at=now, state=ProofState.PASSED)
    assert judge_last(now + DAY)[0]
    assert not judge_last(now + 3 * DAY)[0]
    run.state, run.reasons = ProofState.FAILED, ["the erased person was found: email"]
    run.save()
    found = {finding.check: finding for finding in examine(now)}["proof of erasure"]
    assert not found.ok and "found: email" in found.says


def test_the_privacy_officer_is_told_once(workspace: Any, mail_server: Kept) -> None:
    officer = User.objects.create_user("officer@example.com")
    Member.objects.create(user=officer, workspace=workspace, role=Role.PRIVACY_OFFICER)
    now = now_ms()
    ProofRun.objects.create(begun_at=now, seen_at=now, ended_at=now, state=ProofState.FAILED, reasons=["the erased person was found: tag"])
    tell_of_proofs(now)
    tell_of_proofs(now + HOUR)

    assert [to for to, _ in mail_server.mails] == [["officer@example.com"]]
    assert b"did NOT hold" in mail_server.mails[0][1]


def test_the_command_proves_and_anybody_verifies_what_it_signs(workspace: Any, tmp_path: Path) -> None:
    out = io.StringIO()
    call_command("privacy_prove", "--json", stdout=out)
    statement = tmp_path / "statement.json"
    statement.write_text(out.getvalue())

    told = io.StringIO()
    call_command("privacy_verify", str(statement), stdout=told)
    assert told.getvalue().startswith("Genuine: proof of erasure") and "passed" in told.getvalue()
    statement.write_text(out.getvalue().replace('"passed"', '"failed"'))
    with pytest.raises((CommandError, CertificateInvalid)):
        call_command("privacy_verify", str(statement))
    listed = io.StringIO()
    call_command("privacy_prove", "--history", stdout=listed)
    assert "passed" in listed.getvalue()


def test_no_two_made_up_persons_share_a_value() -> None:
    values = [value for _ in range(50) for value in make_up().values.values()]

    assert len(set(values)) == len(values)
    assert all(len(value) >= 10 for value in values)
