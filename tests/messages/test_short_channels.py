"""Push, SMS and webhooks, against servers on this machine that speak as the providers do."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import http_ece
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.test import Client

from tests.http_server import Asked, Provider, run_provider
from tests.messages.apple import run_apple
from tests.messages.posting import Post
from troth.consent.models import Stance, Standing
from troth.content.models import Template
from troth.content.short_text import ShortTemplate
from troth.intake.commands import Device, Identify, Identity
from troth.kernel.clock import now_ms
from troth.kernel.personal_data import Subject
from troth.messages.channels import find_adapter
from troth.messages.channels.apns.sending import ApnsChannel
from troth.messages.channels.port import Channel, Content, Outgoing
from troth.messages.channels.web_push.keys import load_private_key, public_key_of
from troth.messages.configured import ConfiguredChannel, SettingsInvalid, add_channel, public_facts, revise_channel
from troth.messages.errors import ChannelError, ChannelUnknown
from troth.messages.hooks import hook_url
from troth.messages.models import Message, State, StoppedAddress
from troth.messages.sending import send_due
from troth.people.models import Identifier

CONTENT = Content(body="Your parcel is there", title="Parcel", url="https://acme.example/p", data={"order": "7"})


@pytest.fixture(autouse=True)
def this_machine_may_be_reached(settings: Any) -> None:
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]


def _out(recipient: str, platform: str = "") -> Outgoing:
    return Outgoing(message_id=77, sender="", recipient=recipient, content=CONTENT, platform=platform)


def _refused(channel: Channel, outgoing: Outgoing) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        channel.send(outgoing)
    assert outgoing.recipient not in str(caught.value) or not outgoing.recipient
    return caught.value


# Firebase


def _google(asked: Asked) -> tuple[int, Any]:
    if asked.path == "/token":
        return 200, {"access_token": "ya29.x", "expires_in": 3600, "token_type": "Bearer"}
    return 200, {"name": "projects/acme/messages/0:1"}


@pytest.fixture(scope="module")
def service_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


@pytest.fixture
def google() -> Iterator[Provider]:
    with run_provider(_google) as provider:
        yield provider


def _account(provider: Provider, key: str) -> str:
    names = {"type": "service_account", "project_id": "acme", "client_email": "push@acme.example", "token_uri": f"{provider.url}/token"}
    return json.dumps({**names, "private_key": key, "private_key_id": "1", "client_id": "2"})


def _fcm(provider: Provider, key: str) -> Channel:
    return find_adapter("fcm").open({"service_account": _account(provider, key), "api_url": provider.url, "platforms": "android"})


def test_firebase_gets_the_message_with_a_token_from_where_the_key_says(google: Provider, service_key: str) -> None:
    channel = _fcm(google, service_key)
    assert "acme" in channel.check()
    assert channel.send(_out("device-1", "android")).provider_id == "projects/acme/messages/0:1"
    sent = google.asked[-1]
    assert sent.path == "/v1/projects/acme/messages:send"
    assert sent.headers["authorization"] == "Bearer ya29.x"
    message = sent.json["message"]
    assert (message["token"], message["notification"]) == ("device-1", {"title": "Parcel", "body": "Your parcel is there"})
    assert message["data"] == {"order": "7", "url": "https://acme.example/p", "troth_message": "77"}
    assert [asked.path for asked in google.asked].count("/token") == 1


@pytest.mark.parametrize(
    ("status", "word", "permanent", "doubtful", "gone"),
    [
        (404, "UNREGISTERED", True, False, True),
        (400, "INVALID_ARGUMENT", True, False, False),
        (403, "SENDER_ID_MISMATCH", True, False, False),
        (403, "PERMISSION_DENIED", False, False, False),
        (429, "QUOTA_EXCEEDED", False, False, False),
        (500, "INTERNAL", False, True, False),
        (503, "UNAVAILABLE", False, False, False),
    ],
)
def test_what_firebase_answers_says_what_to_do(
    google: Provider, service_key: str, status: int, word: str, permanent: bool, doubtful: bool, gone: bool
) -> None:
    channel = _fcm(google, service_key)
    channel.check()
    google.next_answers = [(status, {"error": {"code": status, "status": "X", "details": [{"errorCode": word}]}})]
    error = _refused(channel, _out("device-1"))
    assert (error.permanent, error.doubtful, error.gone) == (permanent, doubtful, gone)


def test_a_token_that_google_does_not_take_any_more_is_renewed_once(google: Provider, service_key: str) -> None:
    channel = _fcm(google, service_key)
    channel.check()
    google.next_answers = [(401, {}), (200, {"access_token": "new", "expires_in": 3600}), (200, {"name": "n"})]
    assert channel.send(_out("device-1")).provider_id == "n"
    assert google.asked[-1].headers["authorization"] == "Bearer new"


def test_what_is_no_key_of_a_service_account_is_refused_when_it_is_entered() -> None:
    with pytest.raises(ChannelUnknown, match="service account"):
        find_adapter("fcm").open({"service_account": "{}", "api_url": "https://fcm.example", "platforms": "android"})


# Apple


def _apple_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def test_apple_gets_the_message_over_http2_and_its_answers_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aioapns import connection

    with run_apple(tmp_path) as apple:
        monkeypatch.setattr(connection.APNsDevelopmentClientProtocol, "APNS_SERVER", "localhost")
        monkeypatch.setattr(connection.APNsTLSClientProtocol, "APNS_PORT", apple.port)
        channel = ApnsChannel(_apple_key(), "KEYID", "TEAMID", "com.acme.app", is_sandbox=True, trust=apple.trust)
        apple.answers = {
            "0" * 64: ("400", "BadDeviceToken"),
            "left": ("410", "Unregistered"),
            "busy": ("429", "TooManyRequests"),
            "bad-k": ("403", "InvalidProviderToken"),
            "long": ("413", "PayloadTooLarge"),
        }
        assert "knows" in channel.check()
        assert channel.send(_out("good", "ios")).detail == "200"
        headers, payload = apple.got[-1]
        assert (headers["apns-topic"], headers["apns-push-type"], headers["apns-collapse-id"]) == ("com.acme.app", "alert", "77")
        assert headers["authorization"].startswith("bearer ")
        assert payload["aps"]["alert"] == {"title": "Parcel", "body": "Your parcel is there"}
        assert (payload["url"], payload["order"]) == ("https://acme.example/p", "7")
        found = {token: _refused(channel, _out(token)) for token in ("left", "busy", "bad-k", "long")}
        assert [(e.permanent, e.gone) for e in found.values()] == [(True, True), (False, False), (False, False), (True, False)]


# Browsers


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_a_browser_gets_what_it_alone_can_read_and_the_push_service_knows_who_sends() -> None:
    browser, secret = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
    point = browser.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    adapter = find_adapter("web_push")
    settings = {"contact": "mailto:ops@acme.example", **adapter.complete({})}
    assert public_key_of(settings["private_key"]) == next(iter(adapter.public(settings).values()))
    assert load_private_key(settings["private_key"])
    channel = adapter.open(settings)
    with run_provider(lambda asked: (201, b"")) as provider:
        token = json.dumps({"endpoint": f"{provider.url}/push/1", "keys": {"p256dh": _b64(point), "auth": _b64(secret)}})
        channel.send(_out(token, "web"))
        sent = provider.asked[0]
        assert sent.headers["content-encoding"] == "aes128gcm"
        assert sent.headers["authorization"].startswith("vapid t=")
        told = json.loads(http_ece.decrypt(sent.body, private_key=browser, auth_secret=secret, version="aes128gcm"))
        assert told["title"] == "Parcel"
        assert told["data"] == {"order": "7"}
        provider.next_answers = [(410, b""), (429, b""), (413, b"")]
        errors = [_refused(channel, _out(token, "web")) for _ in range(3)]
        assert [(e.permanent, e.gone) for e in errors] == [(True, True), (False, False), (True, False)]
    assert _refused(channel, _out("no subscription", "web")).gone


def test_a_subscription_cannot_have_us_call_what_only_we_can_reach(settings: Any) -> None:
    settings.TROTH_PRIVATE_TARGETS = []
    browser = ec.generate_private_key(ec.SECP256R1())
    point = browser.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    adapter = find_adapter("web_push")
    channel = adapter.open({"contact": "mailto:ops@acme.example", **adapter.complete({})})
    with run_provider(lambda asked: (201, b"")) as provider:
        token = json.dumps({"endpoint": f"{provider.url}/push/1", "keys": {"p256dh": _b64(point), "auth": _b64(os.urandom(16))}})
        error = _refused(channel, _out(token, "web"))
        assert "inside this network" in str(error)
        for url in (provider.url, provider.url.replace("127.0.0.1", "localhost"), provider.url.replace("127.0.0.1", "[::ffff:127.0.0.1]")):
            hook = find_adapter("webhook").open({"url": url, "secret": "x" * 20})
            assert not _refused(hook, _out("")).permanent
            with pytest.raises(ChannelError):
                hook.check()
        assert provider.asked == []
    smtp = find_adapter("smtp").open({"host": "127.0.0.1", "port": "1", "security": "none", "user": "", "password": ""})
    with pytest.raises(ChannelError):
        smtp.check()


# Text messages


def _twilio(provider: Provider) -> Channel:
    return find_adapter("twilio").open({"account_sid": "AC1", "auth_token": "tok", "sender": "+15550100", "api_url": provider.url})


def test_twilio_gets_a_form_and_its_numbers_say_what_to_do() -> None:
    with run_provider(lambda asked: (201, {"sid": "SM1", "status": "queued"})) as provider:
        channel = _twilio(provider)
        assert channel.send(_out("+33612345678")).provider_id == "SM1"
        sent = provider.asked[0]
        assert sent.path == "/2010-04-01/Accounts/AC1/Messages.json"
        assert sent.form == {"From": "+15550100", "To": "+33612345678", "Body": "Your parcel is there"}
        assert sent.headers["authorization"] == "Basic " + base64.b64encode(b"AC1:tok").decode()
        provider.next_answers = [(400, {"code": 21211}), (400, {"code": 21610}), (429, {"code": 20429}), (500, {}), None]
        errors = [_refused(channel, _out("+33612345678")) for _ in range(5)]
        assert [(e.permanent, e.doubtful, e.gone) for e in errors] == [
            (True, False, True),
            (True, False, False),
            (False, False, False),
            (False, True, False),
            (False, True, False),
        ]
        provider.next_answers = [(401, {})]
        assert not _refused(channel, _out("+33612345678")).permanent


def test_any_provider_that_takes_json_gets_text_messages() -> None:
    with run_provider(lambda asked: (202, {"id": "m-9"})) as provider:
        channel = find_adapter("http_sms").open({"url": f"{provider.url}/sms", "authorization": "Bearer s", "sender": "Acme"})
        assert channel.send(_out("+33612345678")).provider_id == "m-9"
        assert provider.asked[0].json == {"to": "+33612345678", "from": "Acme", "text": "Your parcel is there", "id": "77"}
        assert provider.asked[0].headers["authorization"] == "Bearer s"
        provider.next_answers = [(422, {}), (503, {}), (502, {})]
        errors = [_refused(channel, _out("+33612345678")) for _ in range(3)]
        assert [(e.permanent, e.doubtful) for e in errors] == [(True, False), (False, False), (False, True)]


# Webhooks


def test_a_webhook_is_signed_over_moment_and_body_and_says_which_message_it_is() -> None:
    secret = "s3cret-s3cret-s3cret"
    with run_provider() as provider:
        channel = find_adapter("webhook").open({"url": f"{provider.url}/in", "secret": secret})
        assert "answers" in channel.check()
        channel.send(_out(""))
        sent = provider.asked[-1]
        stamp, signature = (part.partition("=")[2] for part in sent.headers["troth-signature"].split(","))
        assert hmac.new(secret.encode(), f"{stamp}.".encode() + sent.body, hashlib.sha256).hexdigest() == signature
        assert sent.headers["idempotency-key"] == sent.json["id"] == "77"
        assert sent.json["title"] == "Parcel"
        provider.next_answers = [(500, {}), (400, {}), None]
        errors = [_refused(channel, _out("")) for _ in range(3)]
        assert [(e.permanent, e.doubtful) for e in errors] == [(False, False), (True, False), (False, False)]


# From the queue to the provider


def _queue(post: Post, name: str, medium: str, *, purpose: str = "service", occurrence: int = 1, **short: Any) -> Message:
    subject = _reachable(post, name)
    template = Template.objects.create(workspace_id=post.workspace.pk, short=ShortTemplate(**short).as_json())
    post.queue(subject, occurrence, purpose=purpose)
    Message.objects.filter(occurrence=occurrence).update(channel=medium, template_id=template.pk)
    send_due(now_ms())
    return Message.objects.get(occurrence=occurrence)


def _reachable(post: Post, name: str) -> Subject:
    subject = post.person(name)
    devices = (Device(token="phone", platform="android"), Device(token="tablet", platform="android"))
    post.say(
        Identify(identity=Identity(external_id=name, phone="+33612345678", devices=devices), attributes={"first": "Dana"}, **post.common)
    )
    return subject


def _add(post: Post, name: str, **settings: str) -> ConfiguredChannel:
    return add_channel(post.workspace.pk, name, settings, now=now_ms())


def test_a_push_goes_to_each_device_and_one_that_is_gone_is_taken_from_the_person(post: Post, google: Provider, service_key: str) -> None:
    _add(post, "fcm", service_account=_account(google, service_key), api_url=google.url)
    gone = (404, {"error": {"details": [{"errorCode": "UNREGISTERED"}]}})
    google.answer = lambda asked: gone if b"tablet" in asked.body else _google(asked)
    message = _queue(post, "dana", "push", title="Hi {{ person.first }}", body="Parcel", data={"n": "{{ event.n }}"})
    assert (message.state, message.recipient) == (State.SENT, "")
    assert {
        asked.json["message"]["notification"]["title"] for asked in google.asked if b"message" in asked.body and asked.path != "/token"
    } == {"Hi Dana"}
    assert [row.value for row in Identifier.objects.filter(kind="device")] == ["phone"]
    google.answer = lambda asked: gone if asked.path != "/token" else _google(asked)
    message = _queue(post, "erik", "push", occurrence=2, body="Parcel")
    assert (message.state, message.reason) == (State.FAILED, "no_such_address")


def test_who_wants_no_marketing_over_a_channel_gets_none_there(post: Post) -> None:
    from troth.intake.commands import Decide, Decision

    with run_provider(lambda asked: (201, {"sid": "SM1"})) as provider:
        _add(post, "twilio", account_sid="AC1", auth_token="tok", sender="+15550100", api_url=provider.url)
        subject = _reachable(post, "dana")
        refused = Decide(identity=Identity(person_id=subject.person_id), decision=Decision.REFUSE, purpose="channel:sms", **post.common)
        post.say(refused)
        message = _queue(post, "dana", "sms", purpose="marketing_email", body="Offer")
        assert (message.state, message.reason) == (State.SKIPPED, "channel:sms:unwanted")
        assert _queue(post, "dana", "sms", occurrence=2, body="Code 1").state == State.SENT
        assert len(provider.asked) == 1


def test_twilio_tells_what_became_of_a_message_and_that_somebody_said_stop(post: Post, settings: Any) -> None:
    settings.TROTH_URL = "https://acme.example"
    with run_provider(lambda asked: (201, {"sid": "SM1"})) as provider:
        row = _add(post, "twilio", account_sid="AC1", auth_token="tok", sender="+15550100", api_url=provider.url)
        message = _queue(post, "dana", "sms", body="Code 1")
        told_at = provider.asked[0].form["StatusCallback"]
        assert told_at == hook_url(row, message.message_id)

    def tell(url: str, key: str = "tok", **form: str) -> int:
        signed = url + "".join(f"{name}{form[name]}" for name in sorted(form))
        signature = base64.b64encode(hmac.new(key.encode(), signed.encode(), hashlib.sha1).digest()).decode()
        path, kind = url.removeprefix("https://acme.example"), "application/x-www-form-urlencoded"
        return Client().post(path, urlencode(form), content_type=kind, headers={"X-Twilio-Signature": signature}).status_code

    form = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+33612345678"}
    assert tell(told_at, key="another", **form) == 400
    assert tell(told_at, **form) == 200
    assert Message.objects.get().state == State.DELIVERED
    gone = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30005", "To": "+33612345678"}
    assert tell(told_at, **gone) == 200
    assert (Message.objects.get().state, StoppedAddress.objects.get().kind) == (State.BOUNCED, "phone")
    assert tell(hook_url(row), OptOutType="STOP", From="+33612345678", MessageSid="SM9") == 200
    assert Stance.objects.get(purpose="channel:sms").standing == Standing.REFUSED


def test_without_a_way_out_a_message_is_kept_in_the_outbox_or_skipped_with_the_reason(post: Post, settings: Any) -> None:
    assert _queue(post, "dana", "webhook", body="{{ event.n }}").state == State.SENT
    settings.TROTH_EMAIL_URL = "smtp://mail.example"
    message = _queue(post, "dana", "webhook", occurrence=2, body="x")
    assert (message.state, message.reason) == (State.SKIPPED, "no_channel")


def test_the_next_channel_takes_what_the_first_surely_did_not_and_nothing_that_is_in_doubt(post: Post) -> None:
    with run_provider() as first, run_provider() as second:
        for place, provider in enumerate((first, second), start=1):
            row = _add(post, "http_sms", url=provider.url)
            revise_channel(row, {}, priority=place, now=now_ms())
        first.next_answers = [(503, {}), (502, {})]
        assert _queue(post, "dana", "sms", purpose="marketing_email", body="One").state == State.SENT
        assert len(second.asked) == 1
        message = _queue(post, "dana", "sms", purpose="marketing_email", occurrence=2, body="Two")
        assert (message.state, message.reason) == (State.UNKNOWN, "answer_lost")
        assert len(second.asked) == 1


# Configuration


def test_secrets_are_kept_encrypted_and_an_empty_one_keeps_the_old(workspace: Any) -> None:
    row = add_channel(workspace.pk, "twilio", {"account_sid": "AC1", "auth_token": "very-secret", "sender": "Acme"}, now=1)
    kept = ConfiguredChannel.objects.get()
    assert b"very-secret" not in bytes(kept.sealed)
    assert "very-secret" not in json.dumps(kept.settings)
    revise_channel(row, {"auth_token": "", "sender": "Acme 2"}, now=2)
    from troth.messages.configured import settings_of

    assert settings_of(ConfiguredChannel.objects.get()) == {
        "account_sid": "AC1",
        "auth_token": "very-secret",
        "sender": "Acme 2",
        "api_url": "https://api.twilio.com",
    }
    with pytest.raises(SettingsInvalid, match="Account SID"):
        add_channel(workspace.pk, "twilio", {"auth_token": "x", "sender": "y"}, now=1)
    with pytest.raises(SettingsInvalid, match="no such setting"):
        add_channel(workspace.pk, "twilio", {"account_sid": "x", "password": "y"}, now=1)
    with pytest.raises(ChannelUnknown, match="no such channel"):
        add_channel(workspace.pk, "pigeon", {}, now=1)


def test_the_key_of_web_push_is_made_once_and_its_public_half_can_be_told(workspace: Any) -> None:
    row = add_channel(workspace.pk, "web_push", {"contact": "mailto:ops@acme.example"}, now=1)
    before = public_facts(row)
    revise_channel(row, {"contact": "https://acme.example"}, now=2)
    assert public_facts(ConfiguredChannel.objects.get()) == before
