"""A workspace in test mode sends to nobody but its tester; where sending is off, mail waits, and none of it is lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from tests.messages.posting import Post
from troth.intake.commands import Decide, Decision, Identity
from troth.kernel.clock import now_ms
from troth.kernel.worker import drain
from troth.messages import queue
from troth.messages.models import Message, State
from troth.messages.sending import resume, send_due
from troth.privacy.erasure.erasing import erase_identifier
from troth.workspaces.models import SendMode, Workspace
from troth.workspaces.send_mode import SendModeInvalid, set_send_mode

TESTER = "tester@example.net"


def test_in_test_mode_all_mail_goes_to_the_tester_marked_and_without_a_link_that_withdraws(post: Post) -> None:
    set_send_mode(post.workspace, SendMode.TEST, TESTER)
    dana, emil = post.person("dana"), post.person("emil")
    post.queue(dana)
    post.queue(emil, purpose="marketing_email")
    send_due(now_ms())
    assert {outgoing.recipient for outgoing in post.sent} == {TESTER}
    for outgoing in post.sent:
        head = outgoing.mail.split(b"\r\n\r\n")[0]
        assert b"Subject: [Test] Hi" in head
        assert f"To: {TESTER}".encode() in head
        assert b"List-Unsubscribe" not in head
        assert b"dana@example.com" not in head
        assert b"emil@example.com" not in head
    for message in Message.objects.all():
        assert (message.state, message.reason, message.recipient) == (State.SENT, "test_mode", TESTER)
        links = [part.split()[0].rstrip(")") for part in message.rendered["text"].split("/u/")[1:]]
        assert links == (["test"] if message.is_marketing else [])


def test_in_test_mode_the_gate_is_asked_as_ever(post: Post) -> None:
    set_send_mode(post.workspace, SendMode.TEST, TESTER)
    post.queue(post.person("dana"), purpose="marketing_email")
    post.say(Decide(identity=Identity(external_id="dana"), decision=Decision.WITHDRAW, purpose="marketing_email", **post.common))
    send_due(now_ms())
    assert post.sent == []
    assert post.states() == [(State.SKIPPED, "marketing_email:withdrawn")]


def test_while_sending_is_off_what_is_due_is_held_and_goes_out_once_it_is_on(post: Post) -> None:
    set_send_mode(post.workspace, SendMode.OFF)
    dana = post.person("dana")
    for number in range(3):
        post.queue(dana, number)
    send_due(now_ms())
    resume(now_ms())
    assert send_due(now_ms()) is False
    assert post.states() == [(State.HELD, "sending_off")] * 3
    assert post.sent == []
    set_send_mode(post.workspace, SendMode.LIVE)
    resume(now_ms())
    send_due(now_ms())
    assert post.states() == [(State.SENT, "")] * 3
    assert [outgoing.recipient for outgoing in post.sent] == ["dana@example.com"] * 3
    assert all(b"<p>" in outgoing.mail for outgoing in post.sent)


def test_what_was_held_is_asked_about_again_before_it_goes(post: Post) -> None:
    set_send_mode(post.workspace, SendMode.OFF)
    post.queue(post.person("dana"), purpose="marketing_email")
    send_due(now_ms())
    post.say(Decide(identity=Identity(external_id="dana"), decision=Decision.WITHDRAW, purpose="marketing_email", **post.common))
    set_send_mode(post.workspace, SendMode.LIVE)
    resume(now_ms())
    send_due(now_ms())
    assert post.sent == []
    assert post.states() == [(State.SKIPPED, "marketing_email:withdrawn")]


def test_what_is_held_of_an_erased_person_goes_with_them(post: Post) -> None:
    set_send_mode(post.workspace, SendMode.OFF)
    post.queue(post.person("dana"))
    send_due(now_ms())
    erase_identifier(post.workspace.pk, "dana", now=now_ms(), source="api")
    drain(now_ms())
    assert not Message.objects.exists()


def test_one_workspace_waits_while_another_sends(post: Post) -> None:
    from troth.workspaces.registry import create_workspace

    other = create_workspace("Other").workspace
    set_send_mode(other, SendMode.OFF)
    post.queue(post.person("dana"))
    send_due(now_ms())
    assert post.states() == [(State.SENT, "")]


def test_holding_is_no_attempt(post: Post) -> None:
    post.queue(post.person("dana"))
    for _ in range(queue.MAX_ATTEMPTS + 2):
        set_send_mode(post.workspace, SendMode.OFF)
        send_due(now_ms())
        set_send_mode(post.workspace, SendMode.LIVE)
        resume(now_ms())
    (claim,) = queue.claim_due(now_ms(), 1)
    assert claim.attempts == 1


def test_test_mode_that_lost_its_address_holds_rather_than_sends(post: Post) -> None:
    Workspace.objects.filter(pk=post.workspace.pk).update(send_mode=SendMode.TEST, test_address="")
    post.queue(post.person("dana"))
    send_due(now_ms())
    assert post.sent == []
    assert post.states() == [(State.HELD, "sending_off")]


@pytest.mark.parametrize(("mode", "address"), [("test", ""), ("test", "nobody"), ("loud", ""), ("live", "nobody")])
def test_a_mode_that_cannot_be_is_refused_and_nothing_changes(workspace: Any, mode: str, address: str) -> None:
    with pytest.raises(SendModeInvalid):
        set_send_mode(workspace, mode, address)
    workspace.refresh_from_db()
    assert (workspace.send_mode, workspace.test_address) == (SendMode.LIVE, "")


def test_the_command_says_what_holds_now(workspace: Any, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("workspace_sending", workspace.name, "test", to=TESTER)
    assert f"all mail goes to {TESTER}" in capsys.readouterr().out
    call_command("workspace_sending", str(workspace.pk), "off")
    assert "held until" in capsys.readouterr().out
    call_command("workspace_sending", workspace.name, "test")
    assert f"all mail goes to {TESTER}" in capsys.readouterr().out
    call_command("workspace_sending", workspace.name, "live")
    workspace.refresh_from_db()
    assert workspace.send_mode == SendMode.LIVE


def test_in_test_mode_what_is_no_mail_reaches_the_tester_as_a_mail_that_shows_it(post: Post, settings: Any) -> None:
    from email import message_from_bytes, policy

    from troth.content.models import Template
    from troth.intake.commands import Identify

    set_send_mode(post.workspace, SendMode.TEST, TESTER)
    dana = post.person("dana")
    post.say(Identify(identity=Identity(external_id="dana", phone="+33612345678"), attributes={"first": "Dana"}, **post.common))
    post.queue(dana)
    short = {"title": "", "body": "Parcel for {{ person.first }}", "url": "https://acme.example/p", "image": "", "data": {}}
    Template.objects.filter(pk=post.template.pk).update(kind="short", short=short, subject="", html="")
    Message.objects.update(channel="sms")
    send_due(now_ms())
    (outgoing,) = post.sent
    mail = message_from_bytes(outgoing.mail, policy=policy.default)
    assert (outgoing.recipient, mail["Subject"]) == (TESTER, "[Test] sms: Parcel for Dana")
    assert "https://acme.example/p" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert b"33612345678" not in outgoing.mail
    message = Message.objects.get()
    assert (message.state, message.reason, message.rendered["text"]) == (State.SENT, "test_mode", "Parcel for Dana")
