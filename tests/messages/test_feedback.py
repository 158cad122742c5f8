"""What providers tell of messages, through the doors they tell it at."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from django.test import Client

from tests.messages.posting import Post
from troth.consent.models import Stance, Standing
from troth.kernel.clock import DAY, iso, now_ms
from troth.kernel.personal_data import stores
from troth.messages.configured import add_channel, renew_hook
from troth.messages.feedback.keeping import DIAGNOSTIC_RETENTION, RETENTION, forget_old_feedback, settle_early
from troth.messages.feedback.stops import LiftRefused, StopNotFound, find_stop, lift_stop
from troth.messages.hooks import hook_url
from troth.messages.models import ConfiguredChannel, DeliveryEvent, Engagement, Message, State, StoppedAddress
from troth.messages.sending import send_due

AT = "2026-11-25T10:00:00Z"


@pytest.fixture
def postmark(post: Post) -> ConfiguredChannel:
    """Postmark's door of the workspace; what is sent still goes to the post."""
    row = add_channel(post.workspace.pk, "postmark", {"server_token": "t"}, now=now_ms())
    row.is_active = False
    row.save()
    return row


def _tell(row: ConfiguredChannel, told: Any, **headers: str) -> int:
    path = hook_url(row).split("//", 1)[1].partition("/")[2]
    return Client().post(f"/{path}", json.dumps(told), content_type="application/json", headers=headers).status_code


def _bounce(
    message: Message | None, kind: str = "HardBounce", *, event: int = 1, email: str = "dana@example.com", said: str = ""
) -> dict[str, Any]:
    return {
        "RecordType": "Bounce",
        "ID": event,
        "Type": kind,
        "MessageID": "p-1",
        "Metadata": {"troth_message": str(message.message_id)} if message else {},
        "Email": email,
        "BouncedAt": AT,
        "Details": said,
    }


def _complaint(message: Message) -> dict[str, Any]:
    return {**_bounce(message, "SpamComplaint"), "RecordType": "SpamComplaint"}


def _delivery(message: Message, at: str = AT) -> dict[str, Any]:
    return {
        "RecordType": "Delivery",
        "MessageID": "p-1",
        "Metadata": {"troth_message": str(message.message_id)},
        "Recipient": "dana@example.com",
        "DeliveredAt": at,
        "Details": "250 2.0.0 OK",
    }


def _send(post: Post, name: str = "dana", **queued: Any) -> Message:
    post.queue(post.person(name), **queued)
    send_due(now_ms())
    return Message.objects.order_by("-message_id").first()


def test_a_delivery_makes_the_message_delivered(post: Post, postmark: ConfiguredChannel) -> None:
    message = _send(post)
    assert _tell(postmark, _delivery(message)) == 200
    assert post.states() == [(State.DELIVERED, "")]


def test_a_hard_bounce_stops_the_address_until_a_person_lifts_it_with_a_reason(post: Post, postmark: ConfiguredChannel) -> None:
    workspace_id = post.workspace.pk
    message = _send(post)
    _tell(postmark, _bounce(message, said="smtp;550 5.1.1 <dana@example.com>: no such user"))
    assert post.states() == [(State.BOUNCED, "hard_bounce:5.1.1")]
    event = DeliveryEvent.objects.get()
    assert "dana@" not in event.diagnostic
    assert "no such user" in event.diagnostic
    _send(post, occurrence=2)
    assert post.states()[1] == (State.SKIPPED, "address_stopped:hard_bounce")
    assert "dana@example.com" not in str(list(StoppedAddress.objects.values()))
    assert find_stop(workspace_id, " Dana@Example.com ").reason == "hard_bounce"
    with pytest.raises(LiftRefused):
        lift_stop(workspace_id, "dana@example.com", reason=" ", by=None, now=now_ms())
    lift_stop(workspace_id, "dana@example.com", reason="the mailbox was mended", by=None, now=now_ms())
    _send(post, occurrence=3)
    assert post.states()[2] == (State.SENT, "")
    with pytest.raises(StopNotFound):
        lift_stop(workspace_id, "dana@example.com", reason="again", by=None, now=now_ms())
    # The same report told again undoes nothing; a new bounce stops the address anew.
    _tell(postmark, _bounce(message))
    assert find_stop(workspace_id, "dana@example.com").lifted_at is not None


def test_a_bounce_told_twice_is_noted_once(post: Post, postmark: ConfiguredChannel) -> None:
    message = _send(post)
    for _ in range(3):
        assert _tell(postmark, _bounce(message, "SoftBounce", said="smtp;452 4.2.2 mailbox full")) == 200
    assert DeliveryEvent.objects.count() == 1
    assert post.states() == [(State.BOUNCED, "soft_bounce:4.2.2")]
    assert not StoppedAddress.objects.exists()


def test_soft_bounces_stop_an_address_only_when_they_are_many_and_nothing_arrived_since(post: Post, postmark: ConfiguredChannel) -> None:
    now = now_ms()

    def bounce(number: int) -> None:
        message = _send(post, occurrence=number)
        _tell(postmark, {**_bounce(message, "SoftBounce", event=number), "BouncedAt": iso(now - (7 - number) * DAY)})

    for number in (1, 2):
        bounce(number)
    _tell(postmark, _delivery(_send(post, occurrence=3), at=iso(now - 4 * DAY)))
    for number in (4, 5):
        bounce(number)
    assert not StoppedAddress.objects.exists()
    bounce(6)
    assert StoppedAddress.objects.get().reason == "soft_bounces"


def test_a_complaint_is_an_objection_to_marketing_and_stops_the_address(post: Post, postmark: ConfiguredChannel) -> None:
    message = _send(post, purpose="marketing_email")
    _tell(postmark, _delivery(message))
    _tell(postmark, _complaint(message))
    _tell(postmark, _delivery(message, at="2026-11-25T11:00:00Z"))
    assert post.states() == [(State.COMPLAINED, "complaint")]
    assert StoppedAddress.objects.get().reason == "complaint"
    stances = {row.purpose: row.standing for row in Stance.objects.all()}
    assert stances["marketing_email"] == stances["behavioural_profiling"] == Standing.REFUSED


def test_an_unsubscribe_at_the_provider_withdraws_what_the_message_was_sent_for(post: Post, postmark: ConfiguredChannel) -> None:
    message = _send(post, purpose="marketing_email")
    told = {
        "RecordType": "SubscriptionChange",
        "MessageID": "p-1",
        "Metadata": {"troth_message": str(message.message_id)},
        "Recipient": "dana@example.com",
        "ChangedAt": AT,
        "SuppressSending": True,
        "SuppressionReason": "ManualSuppression",
    }
    assert _tell(postmark, told) == 200
    assert Stance.objects.get(purpose="marketing_email").standing == Standing.REFUSED
    assert post.states() == [(State.SENT, "")]


def test_an_answering_machine_and_a_delay_are_no_bounces(post: Post, postmark: ConfiguredChannel) -> None:
    message = _send(post)
    for number, kind in enumerate(("AutoResponder", "Transient", "ChallengeVerification")):
        assert _tell(postmark, _bounce(message, kind, event=number)) == 200
    assert post.states() == [(State.SENT, "")]
    assert not DeliveryEvent.objects.exists()


def test_a_message_is_found_by_the_providers_id_and_the_address_where_ours_did_not_come_back(
    post: Post, postmark: ConfiguredChannel
) -> None:
    message = _send(post)
    _tell(postmark, _bounce(None))
    assert DeliveryEvent.objects.get().message_id == message.message_id
    assert post.states()[0][0] == State.BOUNCED


def test_what_is_about_nobody_leaves_no_trace(post: Post, postmark: ConfiguredChannel) -> None:
    _send(post)
    assert _tell(postmark, _bounce(None, email="stranger@example.com")) == 200
    assert not DeliveryEvent.objects.exists()
    assert not StoppedAddress.objects.exists()


def test_opens_and_clicks_of_a_provider_are_ignored_unless_switched_on_and_agreed_to(post: Post, postmark: ConfiguredChannel) -> None:
    message = _send(post)
    opened = {**_delivery(message), "RecordType": "Open", "ReceivedAt": AT, "UserAgent": "Mozilla/5.0"}
    assert _tell(postmark, opened) == 200
    postmark.hears_engagement = True
    postmark.save()
    assert _tell(postmark, opened) == 200
    assert not Engagement.objects.exists()  # Dana agreed to nothing


def test_a_door_opens_to_its_own_address_alone(post: Post, postmark: ConfiguredChannel) -> None:
    address = hook_url(postmark)
    path = "/" + address.split("//", 1)[1].partition("/")[2]
    client = Client()
    assert client.get(path).status_code == client.head(path).status_code == 200
    assert client.put(path).status_code == 405
    assert client.post(path[:-1] + ("0" if path[-1] != "0" else "1"), b"{}", content_type="application/json").status_code == 404
    assert client.post(path.replace(f"/{postmark.pk}/", f"/{postmark.pk + 1}/"), b"{}", content_type="application/json").status_code == 404
    assert client.post(path, b"not json", content_type="application/json").status_code == 400
    renew_hook(postmark)
    assert client.get(path).status_code == 404


def test_a_callback_whose_signature_is_wrong_is_refused(post: Post) -> None:
    row = add_channel(post.workspace.pk, "mailgun", {"api_key": "k", "webhook_signing_key": "hook-key"}, now=now_ms())
    row.is_active = False
    row.save()
    message = _send(post)
    event = {
        "event": "failed",
        "severity": "permanent",
        "reason": "bounce",
        "id": "e-1",
        "timestamp": 1_764_000_000,
        "recipient": "dana@example.com",
        "user-variables": {"troth_message": str(message.message_id)},
        "delivery-status": {"code": 550, "message": "5.1.1 no such user"},
        "message": {"headers": {"message-id": "p-1"}},
    }

    def signed(key: str) -> dict[str, Any]:
        signature = hmac.new(key.encode(), b"1764000000tok", hashlib.sha256).hexdigest()
        return {"signature": {"timestamp": "1764000000", "token": "tok", "signature": signature}, "event-data": event}

    assert _tell(row, signed("another key")) == 400
    assert post.states() == [(State.SENT, "")]
    assert _tell(row, signed("hook-key")) == 200
    assert post.states() == [(State.BOUNCED, "hard_bounce:5.1.1")]


def test_what_is_told_before_the_worker_has_settled_is_not_lost(post: Post, postmark: ConfiguredChannel) -> None:
    message = _send(post)
    Message.objects.update(state=State.SENDING)
    _tell(postmark, _delivery(message))
    assert post.states()[0][0] == State.SENDING
    Message.objects.update(state=State.SENT)
    settle_early(now_ms())
    assert post.states()[0][0] == State.DELIVERED


def test_feedback_is_exported_and_erased_with_its_person_and_forgotten_in_time(post: Post, postmark: ConfiguredChannel) -> None:
    subject = post.person("dana")
    message = _send(post)
    _tell(postmark, _bounce(message, said="550 5.1.1 gone"))
    by_name = {store.name: store for store in stores()}
    (exported,) = by_name["messages.delivery"].export(subject)
    assert (exported["told"], exported["status"]) == ("hard_bounce", "5.1.1")
    (stop,) = by_name["messages.stops"].export(subject)
    assert stop["reason"] == "hard_bounce"
    forget_old_feedback(now_ms() + DIAGNOSTIC_RETENTION + DAY)
    assert DeliveryEvent.objects.get().diagnostic == ""
    forget_old_feedback(now_ms() + RETENTION + DAY)
    assert not DeliveryEvent.objects.exists()
    assert by_name["messages.stops"].erase([subject]).total() == 1
    assert not StoppedAddress.objects.exists()
