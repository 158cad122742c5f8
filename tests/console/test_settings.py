"""The settings of a workspace: its rules, its sender, what becomes of its mail, and whether the mail server answers."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from tests.mail_server import Kept
from tests.members import join
from troth.messages.models import State
from troth.workspaces.models import AuditEntry, Workspace

HTMX = {"HX-Request": "true"}


@pytest.fixture
def owner(workspace: Any) -> Client:
    return join(workspace, "owner")


def path(workspace: Any, rest: str = "") -> str:
    return f"/console/{workspace.pk}/settings{rest}"


def read(client: Client, workspace: Any, rest: str = "") -> str:
    answer = client.get(path(workspace, rest))
    assert answer.status_code == 200
    return str(answer.content.decode())


def acts() -> list[tuple[str, dict[str, Any]]]:
    return list(AuditEntry.objects.order_by("entry_id").values_list("action", "detail"))


def test_an_owner_changes_the_workspace_and_it_is_written_down(owner: Client, workspace: Any) -> None:
    answer = owner.post(path(workspace), {"name": "Shop", "match_on_email": "on", "audit_days": "90", "processes_for": "Acme"}, follow=True)
    assert "Saved." in answer.content.decode()
    workspace.refresh_from_db()
    assert (workspace.name, workspace.match_on_email, workspace.public_key_deletes, workspace.audit_days) == ("Shop", True, False, 90)
    assert workspace.processes_for == "Acme"
    assert acts() == [("workspace.edited", {"fields": ["audit_days", "match_on_email", "name", "processes_for"]})]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": ""}, "required"),
        ({"name": "Other"}, "Another workspace has this name"),
        ({"audit_days": "3"}, "greater than or equal to 30"),
        ({"audit_days": "99999"}, "less than or equal to 3650"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_saved(owner: Client, workspace: Any, change: dict[str, str], says: str) -> None:
    from troth.workspaces.registry import create_workspace

    create_workspace("Other")
    answer = owner.post(path(workspace), {"name": "Shop", "audit_days": "90", **change})
    assert says in answer.content.decode()
    assert Workspace.objects.get(pk=workspace.pk).audit_days == 400
    assert acts() == []


def test_others_see_the_settings_and_change_nothing(workspace: Any) -> None:
    marketer = join(workspace, "marketer")
    page = read(marketer, workspace)
    assert "Only owners change these." in page
    assert 'name="audit_days"' not in page
    assert marketer.post(path(workspace), {"name": "Mine", "audit_days": "90"}).status_code == 403
    sending = read(marketer, workspace, "/sending")
    assert "Change…" not in sending
    assert 'name="sender"' not in sending
    for rest in ("/sending", "/sending/mode", "/sending/check", "/sending/test"):
        assert marketer.post(path(workspace, rest), {"mode": "off", "sender": "x@example.com"}).status_code == 403
    assert Workspace.objects.get(pk=workspace.pk).name == "Test workspace"
    assert join(workspace, "viewer").get(path(workspace)).status_code == 403
    assert acts() == []


def test_the_mode_is_chosen_in_a_dialog_that_says_what_will_happen(owner: Client, workspace: Any) -> None:
    dialog = read(owner, workspace, "/sending/mode")
    assert "All mail goes to one address" in dialog
    assert "held message" not in dialog
    answer = owner.post(path(workspace, "/sending/mode"), {"mode": "test", "address": "tester@example.net"}, follow=True)
    page = answer.content.decode()
    assert "tester@example.net" in page
    assert "Test mode: all mail goes to one address." in page
    assert acts() == [("send_mode.changed", {"from": "live", "to": "test"})]
    owner.post(path(workspace, "/sending/mode"), {"mode": "off", "address": ""})
    workspace.refresh_from_db()
    assert (workspace.send_mode, workspace.test_address) == ("off", "tester@example.net")
    assert "Sending is off" in read(owner, workspace, "/sending")


def test_held_mail_is_counted_before_sending_is_switched_on(owner: Client, workspace: Any) -> None:
    from tests.console.test_outbox import put
    from tests.console.test_people import know

    dana = know(workspace, "dana")
    for _ in range(3):
        put(workspace, dana, state=State.HELD, reason="sending_off")
    put(workspace, dana, state=State.QUEUED)
    assert "3 held messages go out as soon as sending is on" in read(owner, workspace, "/sending/mode")
    assert f'/console/{workspace.pk}/outbox?state=held">3</a>' in read(owner, workspace, "/sending")
    assert ">held</" in owner.get(f"/console/{workspace.pk}/outbox?state=held").content.decode()


@pytest.mark.parametrize(("mode", "address"), [("test", "nobody"), ("loud", "a@example.com")])
def test_a_mode_that_cannot_be_changes_nothing(owner: Client, workspace: Any, mode: str, address: str) -> None:
    answer = owner.post(path(workspace, "/sending/mode"), {"mode": mode, "address": address})
    assert answer.status_code == 400
    assert Workspace.objects.get(pk=workspace.pk).send_mode == "live"
    assert acts() == []


def test_mail_names_the_sender_that_was_set(owner: Client, workspace: Any) -> None:
    owner.post(path(workspace, "/sending"), {"sender": "Acme <hello@acme.example>"})
    assert Workspace.objects.get(pk=workspace.pk).sender == "Acme <hello@acme.example>"
    for wrong in ("Acme", "Acme <hello>", "a@b.example\r\nBcc: c@d.example"):
        assert "wrong" in owner.post(path(workspace, "/sending"), {"sender": wrong}).content.decode()
    assert Workspace.objects.get(pk=workspace.pk).sender == "Acme <hello@acme.example>"
    owner.post(path(workspace, "/sending"), {"sender": ""})
    assert Workspace.objects.get(pk=workspace.pk).sender == ""


def test_the_mail_server_is_tried_without_sending_anything(owner: Client, workspace: Any, mail_server: Kept, settings: Any) -> None:
    answer = owner.post(path(workspace, "/sending/check"), headers=HTMX)
    assert "The mail server answers: not encrypted, without log-in." in answer.content.decode()
    assert mail_server.mails == []
    page = owner.post(path(workspace, "/sending/check"), follow=True).content.decode()
    assert "The mail server answers" in page
    settings.TROTH_EMAIL_URL = "smtp://user:very-secret@127.0.0.1:1"
    assert "cannot be reached" in owner.post(path(workspace, "/sending/check"), headers=HTMX).content.decode()
    page = read(owner, workspace, "/sending")
    assert "127.0.0.1:1" in page
    assert "very-secret" not in page


def test_a_test_mail_goes_to_the_member_who_asks(owner: Client, workspace: Any, mail_server: Kept, settings: Any) -> None:
    assert "owner@example.com" in read(owner, workspace, "/sending/test")
    page = owner.post(path(workspace, "/sending/test"), follow=True).content.decode()
    assert "The mail server took the test mail over." in page
    ((recipients, raw),) = mail_server.mails
    mail = message_from_bytes(raw, policy=policy.default)
    assert recipients == ["owner@example.com"]
    assert mail["Subject"] == "[Test] Mail of Test workspace arrives"
    assert acts() == [("channel.tested", {"channel": "smtp"})]
    settings.TROTH_EMAIL_URL = "smtp://127.0.0.1:1"
    assert "The test was not sent." in owner.post(path(workspace, "/sending/test"), follow=True).content.decode()


def test_what_is_measured_is_off_until_an_owner_switches_it_on(owner: Client, workspace: Any) -> None:
    assert "checked" not in read(owner, workspace, "/sending").partition('id="measuring"')[2].partition("</form>")[0]
    page = owner.post(path(workspace, "/sending/measuring"), {"measures_clicks": "on"}, follow=True).content.decode()
    assert 'name="measures_clicks" checked' in page
    assert 'name="measures_opens" checked' not in page
    owner.post(path(workspace, "/sending/measuring"), {"measures_clicks": "on"})
    assert acts() == [("measuring.changed", {"measures_clicks": True})]
    marketer = join(workspace, "marketer")
    assert 'name="measures_clicks"' not in read(marketer, workspace, "/sending")
    assert "Who follows which link" in read(marketer, workspace, "/sending")
    assert marketer.post(path(workspace, "/sending/measuring"), {}).status_code == 403
    workspace.refresh_from_db()
    assert workspace.measures_clicks


def test_what_is_measured_is_set_at_the_command_line(workspace: Any, capsys: Any) -> None:
    call_command("workspace_tracking", workspace.name, "--opens", "on")
    assert capsys.readouterr().out.splitlines()[0].split()[:2] == ["opens", "on"]
    workspace.refresh_from_db()
    assert (workspace.measures_opens, workspace.measures_clicks, workspace.counts_opens) == (True, False, False)
