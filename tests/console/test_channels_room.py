"""The room Channels: adding, trying and removing channels, and the addresses that are stopped; each act is written down."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.console.test_notices import written_down
from tests.http_server import run_provider
from tests.mail_server import run_mail_server
from tests.members import join
from tests.messages.imap_server import run_imap_server
from troth.kernel.clock import now_ms
from troth.messages.configured import add_channel
from troth.messages.feedback.stops import Stopping, find_stop, stop_addresses
from troth.messages.models import ConfiguredChannel, ReturnMailbox, SendingDomain, StopReason
from troth.people.identifiers import make_handle


@pytest.fixture
def owner(workspace: Any, settings: Any) -> Client:
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]
    return join(workspace, "owner")


def place(workspace: Any, rest: str = "") -> str:
    return f"/console/{workspace.pk}/channels{rest}"


def test_a_server_is_added_checked_tried_edited_and_removed(owner: Client, workspace: Any) -> None:
    assert "No channels of its own" in owner.get(place(workspace)).content.decode()
    assert "Postmark" in owner.get(place(workspace, "/new")).content.decode()
    for kept, url in run_mail_server():
        port = url.rpartition(":")[2]
        given = {"setting_host": "127.0.0.1", "setting_port": port, "setting_security": "none", "priority": "5", "label": "Our relay"}
        assert owner.post(place(workspace, "/new/smtp"), given).status_code == 303
        own = ConfiguredChannel.objects.get()
        page = owner.get(place(workspace, f"/{own.pk}")).content.decode()
        assert "127.0.0.1" in page
        checked = owner.post(place(workspace, f"/{own.pk}/check"), follow=True).content.decode()
        assert "The mail server answers" in checked
        tried = owner.post(place(workspace, f"/{own.pk}/test"), {"recipient": "dana@example.org"}, follow=True).content.decode()
        assert "It was taken" in tried
        assert kept.mails[0][0] == ["dana@example.org"]
    assert owner.post(place(workspace, f"/{own.pk}/edit"), {**given, "label": "Old relay", "priority": "9"}).status_code == 303
    own.refresh_from_db()
    assert (own.label, own.priority, own.is_active) == ("Old relay", 9, False)
    assert owner.post(place(workspace, f"/{own.pk}/remove")).status_code == 303
    assert not ConfiguredChannel.objects.exists()
    acts = ("channel.added", "channel.tested", "channel.edited", "channel.removed")
    assert all(written_down(act) for act in acts)


def test_a_secret_is_written_and_never_shown(owner: Client, workspace: Any) -> None:
    owner.post(place(workspace, "/new/postmark"), {"setting_server_token": "very-secret", "priority": "10"})
    own = ConfiguredChannel.objects.get()
    pages = [owner.get(place(workspace, f"/{own.pk}{rest}")).content.decode() for rest in ("", "/edit", "/test", "/hook", "/remove")]
    assert not any("very-secret" in page for page in pages)
    assert f"/hooks/{own.pk}/" in pages[0]
    before = pages[0]
    owner.post(place(workspace, f"/{own.pk}/hook"))
    assert owner.get(place(workspace, f"/{own.pk}")).content.decode() != before


def test_what_is_missing_or_wrong_is_told_at_its_field(owner: Client, workspace: Any) -> None:
    answer = owner.post(place(workspace, "/new/twilio"), {"priority": "10", "setting_account_sid": "AC1"})
    assert answer.status_code == 422
    assert "setting_auth_token_error" in answer.content.decode()
    wrong = {"priority": "10", "setting_url": "ftp://example.com", "setting_secret": "x" * 20}
    assert "web address" in owner.post(place(workspace, "/new/webhook"), wrong).content.decode()
    assert owner.get(place(workspace, "/new/pigeon")).status_code == 404


def test_the_public_key_of_web_push_can_be_copied(owner: Client, workspace: Any) -> None:
    owner.post(place(workspace, "/new/web_push"), {"priority": "10", "setting_contact": "mailto:ops@acme.example"})
    page = owner.get(place(workspace, f"/{ConfiguredChannel.objects.get().pk}")).content.decode()
    assert "applicationServerKey" in page


def test_the_script_for_browsers_stands_beside_the_key(owner: Client, workspace: Any) -> None:
    row = add_channel(workspace.pk, "web_push", {"contact": "mailto:ops@acme.example"}, now=now_ms())
    page = owner.get(place(workspace, f"/{row.pk}")).content.decode()
    assert f"/w/{workspace.pk}/push.js" in page and "/w/worker.js" in page


def test_a_webhook_is_tried_at_its_own_address(owner: Client, workspace: Any) -> None:
    with run_provider() as provider:
        owner.post(place(workspace, "/new/webhook"), {"priority": "10", "setting_url": provider.url, "setting_secret": "s" * 20})
        own = ConfiguredChannel.objects.get()
        owner.post(place(workspace, f"/{own.pk}/test"))
        assert json.loads(provider.asked[-1].body)["title"] == "It works"


def test_who_only_looks_changes_nothing(workspace: Any, owner: Client) -> None:
    owner.post(place(workspace, "/new/postmark"), {"setting_server_token": "t", "priority": "10"})
    own = ConfiguredChannel.objects.get()
    marketer = join(workspace, "marketer")
    page = marketer.get(place(workspace, f"/{own.pk}")).content.decode()
    assert "/hooks/" not in page
    assert marketer.get(place(workspace, f"/{own.pk}/edit")).status_code == 403
    assert marketer.post(place(workspace, f"/{own.pk}/remove")).status_code == 403


def test_a_stopped_address_is_looked_up_and_lifted_with_a_reason(owner: Client, workspace: Any) -> None:
    handle = make_handle(workspace.pk, "email", "dana@example.com")
    assert handle
    stop_addresses(workspace.pk, [Stopping("email", handle.tag, StopReason.COMPLAINT, now_ms())])
    assert "never was" in owner.post(place(workspace, "/stopped"), {"address": "erik@example.com"}).content.decode()
    page = owner.post(place(workspace, "/stopped"), {"address": "Dana@example.com"}).content.decode()
    assert "Lift the stop" in page
    refused = owner.post(place(workspace, "/stopped/lift"), {"address": "dana@example.com", "reason": " "})
    assert refused.status_code == 422
    owner.post(place(workspace, "/stopped/lift"), {"address": "dana@example.com", "reason": "she asked for it"})
    found = find_stop(workspace.pk, "dana@example.com")
    assert found
    assert found.lift_reason == "she asked for it"
    assert found.lifted_at
    assert written_down("stop.lifted") == [{"was": "complaint"}]
    assert "dana@" not in str(written_down("stop.searched"))


def test_a_domain_shows_its_record_is_looked_up_and_signs(owner: Client, workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.messages.test_return import Zone
    from troth.messages import dns_records

    zone = Zone()
    monkeypatch.setattr(dns_records, "make_resolver", lambda: zone.resolver)
    assert "No domains" in owner.get(place(workspace, "/domains")).content.decode()
    assert owner.post(place(workspace, "/domains/_new"), {"domain": "no domain"}).status_code == 422
    owner.post(place(workspace, "/domains/_new"), {"domain": "acme.example"})
    row = SendingDomain.objects.get()
    page = owner.get(place(workspace, f"/domains/{row.pk}")).content.decode()
    assert "troth._domainkey.acme.example" in page
    assert "v=DKIM1; k=rsa; p=" in page
    assert "PRIVATE" not in page
    checked = owner.post(place(workspace, f"/domains/{row.pk}/check"), follow=True).content.decode()
    assert "Not yet as it should be: SPF, DKIM, DMARC." in checked
    zone.socket.close()
    owner.post(place(workspace, f"/domains/{row.pk}/set-up"), {"signs": "on", "return_address": "bounces@acme.example"})
    row.refresh_from_db()
    assert (row.signs, row.return_address) == (True, "bounces@acme.example")
    assert owner.post(place(workspace, f"/domains/{row.pk}/set-up"), {"return_address": "nowhere"}).status_code == 422
    assert "bounces@acme.example" in owner.get(place(workspace, "/domains")).content.decode()
    owner.post(place(workspace, f"/domains/{row.pk}/remove"))
    assert not SendingDomain.objects.exists()


def test_the_return_mailbox_is_tried_when_it_is_set_up(owner: Client, workspace: Any) -> None:
    with run_imap_server() as imap:
        given = {"host": "127.0.0.1", "port": str(imap.port), "security": "none", "user": "bounces", "password": "very-secret"}
        assert owner.post(place(workspace, "/domains/_mailbox"), given).status_code == 303
        page = owner.get(place(workspace, "/domains")).content.decode()
        assert "bounces" in page
        assert "very-secret" not in page + owner.get(place(workspace, "/domains/_mailbox")).content.decode()
        imap.refuses = True
        refused = owner.post(place(workspace, "/domains/_mailbox"), {**given, "password": ""})
        assert refused.status_code == 422
        assert "refused the log-in" in refused.content.decode()
    owner.post(place(workspace, "/domains/_mailbox/forget"))
    assert not ReturnMailbox.objects.exists()


def test_the_page_of_a_person_says_which_address_is_stopped_why_and_leads_to_lifting_it(owner: Client, workspace: Any) -> None:
    from tests.messages.posting import Post
    from troth.messages.feedback.stops import Stopping, stop_addresses
    from troth.messages.models import StopReason
    from troth.people.identifiers import make_handle

    dana = Post(workspace).person("dana")
    shown = f"/console/{workspace.pk}/people/{dana.person_id}"
    assert "nothing is sent there" not in owner.get(shown).content.decode()
    handle = make_handle(workspace.pk, "email", "dana@example.com")
    assert handle
    stop_addresses(workspace.pk, [Stopping("email", handle.tag, StopReason.COMPLAINT, now_ms())])
    page = owner.get(shown).content.decode()
    assert "nothing is sent there" in page and "complaint" in page
    assert "Lift the stop" in owner.post(place(workspace, "/stopped"), {"address": "dana@example.com"}).content.decode()


def test_what_came_back_of_a_message_stands_on_its_page(owner: Client, workspace: Any) -> None:
    from tests.messages.posting import Post
    from troth.messages.channels.port import Feedback, Medium, Told
    from troth.messages.feedback.noting import note_feedback
    from troth.messages.models import Message

    post = Post(workspace)
    post.queue(post.person("dana"))
    message = Message.objects.get()
    Message.objects.update(state="sent", recipient="dana@example.com", settled_at=now_ms())
    told = Feedback(told=Told.HARD_BOUNCE, at=now_ms(), message_id=message.message_id, recipient="dana@example.com", status="5.1.1")
    note_feedback(workspace.pk, Medium.EMAIL, [told], provider="postmark", now=now_ms())
    page = owner.get(f"/console/{workspace.pk}/outbox/{message.message_id}").content.decode()
    assert "What came back" in page and "Hard bounce" in page and "told by postmark" in page and "5.1.1" in page
