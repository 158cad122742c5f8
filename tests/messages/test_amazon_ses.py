"""Amazon SES: mails by its SMTP with what it is told in headers, and what it tells through a topic of SNS, signed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from django.test import Client

from tests.http_server import Asked, Provider, run_provider
from tests.mail_server import Kept, run_mail_server
from tests.messages.posting import Post
from troth.kernel.clock import now_ms
from troth.messages.channels import Outgoing, find_adapter
from troth.messages.channels.smtp import server_from_url
from troth.messages.channels.smtp.amazon import AmazonChannel
from troth.messages.channels.smtp.sending import SmtpChannel
from troth.messages.configured import add_channel
from troth.messages.errors import ChannelUnknown
from troth.messages.hooks import hook_url
from troth.messages.models import ConfiguredChannel, Message, State, StoppedAddress
from troth.messages.sending import send_due

TOPIC = "arn:aws:sns:eu-central-1:123456789012:mails"
SETTINGS = {"region": "eu-central-1", "user": "AKIA", "password": "p", "configuration_set": "troth", "topic_arn": TOPIC, "sns_url": ""}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ORDER = ("Message", "MessageId", "SubscribeURL", "Subject", "Timestamp", "Token", "TopicArn", "Type")


def certificate_of(key: rsa.RSAPrivateKey, days: int = 1) -> bytes:
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")]), datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    valid = made.not_valid_before(now - timedelta(days=9)).not_valid_after(now + timedelta(days=days))
    return valid.sign(key, SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture
def sns(settings: Any) -> Iterator[Provider]:
    """Stands for Amazon's SNS: its certificates, and the links that confirm."""
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]
    certificates = {"/good.pem": certificate_of(KEY), "/old.pem": certificate_of(KEY, days=-1)}

    def answer(asked: Asked) -> tuple[int, Any]:
        return (200, certificates[asked.path]) if asked.path in certificates else (200 if "Token=t-1" in asked.path else 404, {})

    with run_provider(answer) as provider:
        yield provider


@pytest.fixture
def channel(post: Post, sns: Provider) -> ConfiguredChannel:
    row = add_channel(post.workspace.pk, "amazon_ses", {**SETTINGS, "sns_url": sns.url}, now=now_ms())
    row.is_active = False
    row.save()
    return row


def sign(sns: Provider, key: rsa.RSAPrivateKey = KEY, version: str = "2", certificate: str = "good", **told: str) -> dict[str, str]:
    full = {"MessageId": "n-1", "TopicArn": TOPIC, "Timestamp": "2026-11-26T04:00:00.000Z", **told}
    text = "".join(f"{name}\n{full[name]}\n" for name in ORDER if name in full)
    signature = key.sign(text.encode(), PKCS1v15(), SHA256() if version == "2" else SHA1())
    url = f"{sns.url}/{certificate}.pem"
    return {**full, "SignatureVersion": version, "SigningCertURL": url, "Signature": base64.b64encode(signature).decode()}


def tell(row: ConfiguredChannel, told: Any) -> tuple[int, str]:
    path = hook_url(row).split("//", 1)[1].partition("/")[2]
    answer = Client().post(f"/{path}", json.dumps(told), content_type="text/plain; charset=UTF-8")
    return answer.status_code, answer.content.decode()


def notify(sns: Provider, event: dict[str, Any], **signed: Any) -> dict[str, str]:
    return sign(sns, Type="Notification", Message=json.dumps(event), **signed)


def send(post: Post) -> Message:
    post.queue(post.person("dana"))
    send_due(now_ms())
    return Message.objects.get()


def event_of(message: Message, kind: str, **more: Any) -> dict[str, Any]:
    mail = {"messageId": "p-1", "destination": ["dana@example.com"], "tags": {"troth_message": [str(message.message_id)]}}
    return {"eventType": kind, "mail": mail, **more}


def bounce(message: Message, kind: str = "Permanent", **said: str) -> dict[str, Any]:
    whom = [{"emailAddress": "dana@example.com", **said}]
    return event_of(message, "Bounce", bounce={"bounceType": kind, "bouncedRecipients": whom, "timestamp": "2026-11-26T04:00:00.123Z"})


def test_a_mail_leaves_with_what_amazon_is_to_be_told_and_its_own_number_comes_back() -> None:
    for kept, url in run_mail_server():
        amazon = AmazonChannel(SmtpChannel(server_from_url(url)), "troth")
        mail = b"Subject: Hi\r\nTo: dana@example.com\r\n\r\nHello\r\n"
        amazon.send(Outgoing(message_id=77, sender="a@acme.example", recipient="dana@example.com", mail=mail))
        assert isinstance(kept, Kept)
        ((recipients, raw),) = kept.mails
        assert recipients == ["dana@example.com"]
        assert raw.replace(b"\r\n", b"\n").startswith(
            b"X-SES-CONFIGURATION-SET: troth\nX-SES-MESSAGE-TAGS: troth_message=77\nSubject: Hi\n"
        )


def test_a_region_says_where_it_leads_and_what_is_wrong_is_told() -> None:
    opened = find_adapter("amazon_ses").open
    assert opened(SETTINGS).address == "email-smtp.eu-central-1.amazonaws.com:587"
    assert opened({**SETTINGS, "region": "cn-north-1"}).address == "email-smtp.cn-north-1.amazonaws.com.cn:587"
    for wrong in ({"region": "evil.example"}, {"region": ""}, {"configuration_set": "a\r\nBcc: b"}):
        with pytest.raises(ChannelUnknown):
            opened({**SETTINGS, **wrong})


@pytest.mark.parametrize("version", ["1", "2"])
def test_what_a_signed_notification_tells_becomes_of_the_message(
    post: Post, channel: ConfiguredChannel, sns: Provider, version: str
) -> None:
    message = send(post)
    delivery = {"recipients": ["dana@example.com"], "timestamp": "2026-11-26T04:00:00.123Z", "smtpResponse": "250 2.0.0 OK"}
    assert tell(channel, notify(sns, event_of(message, "Delivery", delivery=delivery), version=version))[0] == 200
    assert post.states() == [(State.DELIVERED, "")]
    told = notify(sns, bounce(message, status="5.1.1", diagnosticCode="smtp; 550 5.1.1 unknown"), MessageId="n-2", version=version)
    assert [tell(channel, told)[0] for _ in range(2)] == [200, 200]
    assert post.states() == [(State.BOUNCED, "hard_bounce:5.1.1")]
    assert StoppedAddress.objects.count() == 1


def test_a_full_mailbox_a_delay_and_a_complaint_are_told_apart(post: Post, channel: ConfiguredChannel, sns: Provider) -> None:
    message = send(post)
    assert tell(channel, notify(sns, event_of(message, "DeliveryDelay", deliveryDelay={})))[0] == 200
    assert post.states() == [(State.SENT, "")]
    assert tell(channel, notify(sns, bounce(message, "Transient"), MessageId="n-3"))[0] == 200
    assert post.states()[0][1].startswith("soft_bounce")
    complaint = {"complainedRecipients": [{"emailAddress": "dana@example.com"}], "timestamp": "2026-11-26T05:00:00.000Z"}
    event = {**event_of(message, "Complaint", complaint=complaint)}
    # The notifications of an identity have another name for the kind, and no tags.
    event["notificationType"] = event.pop("eventType")
    del event["mail"]["tags"]
    assert tell(channel, notify(sns, event, MessageId="n-4"))[0] == 200
    assert post.states()[0][0] == State.COMPLAINED


def test_a_subscription_is_confirmed_by_its_link_and_only_there(channel: ConfiguredChannel, sns: Provider) -> None:
    asks = {"Type": "SubscriptionConfirmation", "Message": "You have chosen", "Token": "t-1"}
    assert tell(channel, sign(sns, SubscribeURL=f"{sns.url}/?Action=ConfirmSubscription&Token=t-1", **asks)) == (200, "")
    assert sns.asked[-1].path == "/?Action=ConfirmSubscription&Token=t-1"
    before = len(sns.asked)
    code, says = tell(channel, sign(sns, SubscribeURL="http://127.0.0.1:1/?Token=t-1", **asks))
    assert (code, len(sns.asked)) == (400, before) and "does not lead to Amazon" in says
    assert tell(channel, sign(sns, SubscribeURL=f"{sns.url}/?Token=t-9", **asks))[0] == 400


def test_what_amazon_did_not_sign_for_this_topic_is_refused(post: Post, channel: ConfiguredChannel, sns: Provider) -> None:
    event = bounce(send(post), status="5.1.1")
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    good = notify(sns, event)
    refused = [
        notify(sns, event, key=other),
        notify(sns, event, certificate="old"),
        notify(sns, event, TopicArn=f"{TOPIC}-other"),
        {**good, "Message": json.dumps({**event, "eventType": "Complaint"})},
        {**good, "SigningCertURL": "https://sns.eu-central-1.amazonaws.com.evil.example/good.pem"},
        {**good, "SignatureVersion": "0"},
        {**good, "Signature": "!"},
        event,
        [],
    ]
    assert [tell(channel, told)[0] for told in refused] == [400] * len(refused)
    assert tell(channel, notify(sns, event, certificate="gone"))[0] == 503, "to be told again"
    assert post.states() == [(State.SENT, "")]
    assert tell(channel, good)[0] == 200
