"""A workspace or an account that leaves is deleted for good: nothing of it is left anywhere, others keep everything, and a certificate says so."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from email import message_from_bytes, policy
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from planted import DANA, SECRET

from tests.conftest import eventually, make_served
from tests.mail_server import run_mail_server
from troth.kernel.clock import DAY, HOUR, now_ms
from troth.kernel.personal_data import Subject
from troth.kernel.sql import is_sqlite
from troth.kernel.worker import drain
from troth.privacy.certificate import verify_certificate
from troth.privacy.compaction.awaiting import next_begin
from troth.privacy.compaction.running import compact_now
from troth.privacy.leaving.asking import LeavingRefused, ask_to_leave, call_off, find_waiting, preview
from troth.privacy.leaving.carrying_out import carry_out
from troth.privacy.leaving.links import make_leaving_url
from troth.privacy.models.leaving import Leaving, LeavingState
from troth.privacy.workspace_tables import tables_of_workspace
from troth.workspaces.keys import create_key, find_grant
from troth.workspaces.models import Account, Member, Role, User, Workspace
from troth.workspaces.registry import create_workspace
from troth.workspaces.send_mode import SendModeInvalid, set_send_mode

FOLLOW = "http://127.0.0.1:8000"


def rows_of(workspace_id: int) -> dict[str, int]:
    found = {table.label: table.count(workspace_id, 10_000) for table in tables_of_workspace()}
    return {label: number for label, number in found.items() if number}


def ask(workspace: Any, hold_days: int = 14, *, now: int | None = None) -> Leaving:
    return ask_to_leave([workspace], confirmed=workspace.name, by="member 1", now=now or now_ms(), whole_account=False, hold_days=hold_days)


def owner_of(workspace: Any, email: str) -> User:
    user = User.objects.create_user(email, "correct horse battery")
    Member.objects.create(user=user, workspace=workspace, role=Role.OWNER)
    return user


def follow(made: Leaving, rest: str = "") -> Any:
    return Client().get(make_leaving_url(made).removeprefix(FOLLOW) + rest)


def test_nothing_is_left_of_it_in_any_table_and_nothing_of_others_is_touched(dana: Subject, data_dir: Path) -> None:
    from tests.api.conftest import make_tenant

    workspace = Workspace.objects.get(pk=dana.workspace_id)
    owner_of(workspace, "olga@leaving.example")
    other = make_tenant("alice").workspace
    both = owner_of(other, "both@example.com")
    Member.objects.create(user=both, workspace=workspace, role=Role.VIEWER)
    before, others = rows_of(workspace.pk), rows_of(other.pk)
    assert len(before) > 25

    done = carry_out(ask(workspace, 0))

    assert rows_of(workspace.pk) == {}
    assert rows_of(other.pk) == others
    assert not Workspace.objects.filter(pk=workspace.pk).exists()
    assert not Account.objects.filter(pk=workspace.account_id).exists()
    assert set(User.objects.values_list("email", flat=True)) == {"both@example.com"}
    claims = verify_certificate(done.certificate)
    assert (claims["type"], claims["members_deleted"]) == ("workspace deleted for good", 1)
    assert claims["rows_deleted"]["events"] == before["people.Event"]
    assert claims["kept"] and claims["ledger_entries"]
    assert not any(value in done.certificate for value in (*DANA.values(), SECRET, "olga@leaving.example"))
    reached = {level["level"]: level["reached"] for level in claims["levels"]}
    assert reached == ({"L1": True, "L2": False, "L3": is_sqlite(), "L4": is_sqlite(), "L5": is_sqlite()})
    assert done.state == (LeavingState.DONE if is_sqlite() else LeavingState.SEARCHING), "PostgreSQL's compaction is waited for"


def test_its_persons_and_members_are_in_the_files_before_and_not_after(dana: Subject, data_dir: Path) -> None:
    from troth.privacy.storage.apart import scan_apart
    from troth.privacy.storage.places import kept_paths
    from troth.privacy.storage.wal import empty_log_within

    if not is_sqlite():
        pytest.skip("the files of PostgreSQL are not Troth's to search")
    workspace = Workspace.objects.get(pk=dana.workspace_id)
    owner_of(workspace, "olga@leaving.example")
    values = [DANA["email"], SECRET, "bob@example.com", "olga@leaving.example"]
    assert empty_log_within(5)
    assert {hit.value_index for hit in scan_apart(kept_paths(), values).hits} == {0, 1, 2, 3}
    carry_out(ask(workspace, 0))
    assert scan_apart(kept_paths(), values).clean


def test_from_the_asking_on_keys_are_dead_nothing_is_sent_and_public_pages_are_closed(workspace: Any) -> None:
    from tests.api.conftest import Api, publish_news
    from troth.privacy.processors.register import why_held
    from troth.workspaces.keys import Keyring

    key = create_key(workspace, "server")
    api = Api(key)
    publish_news(api, "test")
    form = api.json("POST", "/forms", {"title": "Footer", "notice": "news-of-test"}, status=201)["id"]
    Workspace.objects.filter(pk=workspace.pk).update(is_transparent=True)
    assert Client().get(f"/transparency/{workspace.pk}").status_code == 200
    keyring = Keyring()

    ask(workspace)

    keyring.refresh()
    assert (find_grant(key), keyring(key), api("GET", "/people").status_code) == (None, None, 401)
    workspace.refresh_from_db()
    assert workspace.send_mode == "off"
    assert "to be deleted" in why_held(workspace.pk, "webhooks", 1, now_ms())
    with pytest.raises(SendModeInvalid):
        set_send_mode(workspace, "live")
    assert Client().get(f"/f/{form}").status_code == 410
    assert Client().get(f"/transparency/{workspace.pk}").status_code == 404
    assert Client().get(f"/my/of/{workspace.pk}").status_code == 200  # rights are honoured until the data is gone


def test_it_can_be_called_off_until_it_begins(workspace: Any) -> None:
    key = create_key(workspace, "server")
    made = ask(workspace)
    with pytest.raises(LeavingRefused, match="asked for already"):
        ask(workspace)
    assert find_waiting(workspace.pk) == made
    drain(now_ms())
    call_off(made, now_ms())
    assert find_grant(key)
    workspace.refresh_from_db()
    assert (workspace.leaves_at, workspace.send_mode) == (None, "live")
    drain(now_ms() + 15 * DAY)
    assert Workspace.objects.filter(pk=workspace.pk).exists()
    begun = ask(workspace, 0)
    carry_out(begun)
    with pytest.raises(LeavingRefused, match="cannot be called off"):
        call_off(begun, now_ms())


def is_done(made: Leaving, now: int) -> bool:
    """Whether it is, after one more round of the worker; on PostgreSQL a night passes in which it compacts."""
    drain(now, most=50)
    made.refresh_from_db()
    if not is_sqlite() and made.certificate and "compaction" not in made.facts and made.state != LeavingState.DONE:
        compact_now(now)
    return made.state == LeavingState.DONE


def test_the_worker_deletes_it_when_the_hold_is_over_and_mails_the_certificate(dana: Subject, settings: Any) -> None:
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        workspace = Workspace.objects.get(pk=dana.workspace_id)
        owner_of(workspace, "olga@leaving.example")
        now = now_ms()
        made = ask(workspace, 7, now=now)
        drain(now + 6 * DAY)
        assert Workspace.objects.filter(pk=workspace.pk).exists()
        assert "call it off" in follow(made).content.decode()

        assert eventually(partial(is_done, made, now + 8 * DAY))
        assert made.sealed is None
        mail = [
            message_from_bytes(body, policy=policy.default)
            for to, body in kept.mails
            if b"The certificate of" in body and "olga" in str(to)
        ][-1]
        text = mail.get_content()
        assert verify_certificate(text[text.index("{") :])["leaving_id"] == str(made.pk)
        assert "deleted for good" in follow(made).content.decode()
        assert json.loads(follow(made, "/certificate").content)["claims"]["rows_left"] == 0
        assert follow(made).headers["Cache-Control"] == "no-store"
    assert Client().get("/leaving/nonsense").status_code == 404


def test_an_account_goes_with_all_its_workspaces(workspace: Any) -> None:
    second = Workspace.objects.create(account=workspace.account, name="Second")
    create_workspace("Other")
    account = workspace.account
    with pytest.raises(LeavingRefused, match="not the name"):
        ask_to_leave([workspace, second], confirmed="Second", by="member 1", now=now_ms(), whole_account=True)
    done = carry_out(
        ask_to_leave([workspace, second], confirmed=account.name, by="member 1", now=now_ms(), whole_account=True, hold_days=0)
    )
    claims = verify_certificate(done.certificate)
    assert [one["name"] for one in claims["workspaces"]] == ["Test workspace", "Second"]
    assert list(Account.objects.values_list("name", flat=True)) == ["Other"]


def test_a_restored_backup_forgets_it_again_before_it_serves(dana: Subject) -> None:
    from troth.privacy.backups.restore import restore_backup
    from troth.privacy.backups.taking import create_backup

    if not is_sqlite():
        pytest.skip("backups are of the embedded database")
    workspace = Workspace.objects.get(pk=dana.workspace_id)
    owner_of(workspace, "olga@leaving.example")
    backup = create_backup(now_ms())
    done = carry_out(ask(workspace, 0))
    level = next(one for one in verify_certificate(done.certificate)["levels"] if one["level"] == "L5")
    assert (level["reached"], "unreadable by" in level["detail"]) == (False, True)
    restore_backup(backup.name)
    assert rows_of(workspace.pk) == {}
    assert not Workspace.objects.filter(pk=workspace.pk).exists()
    assert not User.objects.filter(email="olga@leaving.example").exists()


def test_what_would_go_is_shown_and_nothing_is_deleted(dana: Subject, capsys: Any) -> None:
    workspace = Workspace.objects.get(pk=dana.workspace_id)
    owner_of(workspace, "olga@leaving.example")
    (shown,) = preview([workspace])
    assert (dict(shown.rows)["persons"], shown.members) == (2, 1)
    before = rows_of(workspace.pk)
    call_command("workspace_delete", workspace.name)
    told = capsys.readouterr().out
    assert "2 persons" in told and "Nothing was deleted" in told
    assert rows_of(workspace.pk) == before


def test_from_the_command_line_it_is_asked_for_called_off_and_done_at_once(workspace: Any, capsys: Any) -> None:
    call_command("workspace_delete", workspace.name, "--confirm", workspace.name, "--json")
    assert json.loads(capsys.readouterr().out)["state"] == "waiting"
    call_command("workspace_keep", workspace.name)
    call_command("account_delete", workspace.account.name, "--confirm", workspace.account.name, "--now", "--json")
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["state"], told["certificate"]["claims"]["asked_by"]) == ("done", "operator")


KILLED = """
import os, signal, django
django.setup()
from troth.intake.commands import Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.privacy import workspace_tables as tables
from troth.privacy.leaving import carrying_out
from troth.privacy.leaving.asking import ask_to_leave
from troth.workspaces.models import Workspace
tables.SLICE = 7
workspace, now = Workspace.objects.get(), now_ms()
about = dict(workspace_id=workspace.pk, source="api", received_at=now)
apply([Identify(identity=Identity(external_id=f"p{n}", email=f"p{n}@leaving.example"), **about) for n in range(60)], now=now)
made = ask_to_leave([workspace], confirmed=workspace.name, by="operator", now=now_ms(), whole_account=False, hold_days=0)
carrying_out.begin(made, now_ms())
plain, times = tables.WorkspaceTable.delete_slice, []
def dying(self, *args):
    deleted = plain(self, *args)
    times.append(deleted)
    if sum(times) > 40:
        os.kill(os.getpid(), signal.SIGKILL)  # inside the transaction of a slice
    return deleted
tables.WorkspaceTable.delete_slice = dying
for _ in carrying_out._deleting(made):
    pass
"""
WENT_ON = """
import time, django
django.setup()
from troth.kernel.clock import now_ms
from troth.privacy.leaving.carrying_out import leave_due
from troth.privacy.models.leaving import Leaving
while True:
    if not leave_due(now_ms()):
        time.sleep(0.05)
    own = Leaving.objects.get()
    if own.state == "done":
        break
print(own.state, own.certificate)
"""


def test_a_process_that_is_killed_is_followed_by_one_that_goes_on(tmp_path: Path) -> None:
    served = make_served(tmp_path)
    environment = {**served._environ(), "DJANGO_SETTINGS_MODULE": "troth.project.settings"}
    killed = subprocess.run([sys.executable, "-c", KILLED], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    went_on = subprocess.run([sys.executable, "-c", WENT_ON], env=environment, check=False, capture_output=True, text=True, timeout=60)
    state, _, certificate = went_on.stdout.partition(" ")
    assert state == "done", went_on.stderr
    claims = json.loads(certificate)["claims"]
    assert (claims["rows_deleted"]["persons"], claims["rows_deleted"]["identifiers"]) == (60, 120)
    assert claims["search"]["found_in"] == []


def test_by_the_control_api_only_a_key_that_was_given_the_scope_by_name(workspace: Any) -> None:
    from tests.api.conftest import Api

    assert Api(create_key(workspace, "server")).json("GET", "/leaving", status=403)["code"] == "scope_missing"
    api = Api(create_key(workspace, "api", scopes=frozenset({"account"})))
    shown = api.json("GET", "/leaving")
    assert (shown["confirm"], shown["goes"][0]["workspace_id"]) == (workspace.name, workspace.pk)
    assert api.json("POST", "/leaving", {"confirm": "no"}, status=400)["code"] == "leaving_refused"
    told = api.json("POST", "/leaving", {"confirm": workspace.name}, status=202)
    assert Client().get(told["follow"].removeprefix(FOLLOW)).status_code == 200
    assert api("GET", "/leaving").status_code == 401


def logged_in(user: User) -> Client:
    client = Client()
    assert client.post("/console/account/login/", {"login": user.email, "password": "correct horse battery"}).status_code == 302
    return client


def test_an_owner_asks_in_the_console_with_the_name_and_the_password_once_more(workspace: Any) -> None:
    client = logged_in(owner_of(workspace, "olga@leaving.example"))
    path = f"/console/{workspace.pk}/settings/leaving"
    assert "What stays, and why" in client.get(path).content.decode()
    asked = client.post(path, {"name": workspace.name, "hold_days": "3"})
    assert (asked.status_code, "reauthenticate" in asked.headers["Location"]) == (302, True)
    assert find_waiting(workspace.pk) is None
    again = client.post(asked.headers["Location"], {"password": "correct horse battery"}, follow=True)
    assert again.status_code == 200
    waiting = find_waiting(workspace.pk)
    assert waiting is not None
    assert client.post(path, {"name": "wrong", "hold_days": "3"}).status_code == 200  # asked for already: the page that says so
    assert "to be deleted for good" in client.get(f"/console/{workspace.pk}/").content.decode()
    client.post(path + "/call-off")
    assert find_waiting(workspace.pk) is None
    assert client.post(path, {"name": "wrong", "hold_days": "3"}).status_code == 422


@given(st.integers(0, 40 * 24), st.none() | st.integers(0, 72), st.integers(0, 23))
def test_a_compaction_begins_in_its_hour_of_the_night_and_not_twice_within_twenty_hours(hours: int, ago: int | None, hour: int) -> None:
    now = 1_700_000_000_000 // DAY * DAY + hours * HOUR + 7
    last = None if ago is None else now - ago * HOUR
    first = next(at for at in range(now, now + 4 * DAY, HOUR // 4) if at // HOUR % 24 == hour and (last is None or at >= last + 20 * HOUR))
    assert first - HOUR // 4 < next_begin(now, last, hour) <= first
