"""Amazon SES by its API: signed requests to a server that checks the signature, with Amazon's answers and what they mean for a mail."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests.amazon_signatures import signed_rightly
from tests.http_server import Asked, Provider, run_provider
from tests.messages.posting import Post
from troth.kernel.clock import now_ms
from troth.messages.channels import Outgoing, find_adapter
from troth.messages.channels.port import Channel
from troth.messages.configured import add_channel
from troth.messages.errors import ChannelDown, ChannelError, ChannelUnknown
from troth.messages.hooks import hook_url
from troth.messages.models import State
from troth.messages.sending import send_due

MAIL = "Subject: Grüße\r\nTo: dana@example.org\r\nList-Unsubscribe: <https://acme.example/u/x>\r\n\r\nHallo\r\n".encode()
OUTGOING = Outgoing(message_id=77, sender="Acme <hello@acme.example>", recipient="dana@example.org", mail=MAIL)
SETTINGS = {
    "region": "eu-central-1",
    "access_key_id": "AKIA",
    "secret_access_key": "s3cret",
    "configuration_set": "troth",
    "topic_arn": "",
    "sns_url": "",
}
ACCOUNT = {"SendingEnabled": True, "ProductionAccessEnabled": False, "SendQuota": {"MaxSendRate": 14.0, "Max24HourSend": 50000.0}}


def answer(asked: Asked) -> Any:
    """SES as far as we speak with it."""
    if not signed_rightly(asked, "s3cret"):
        return 403, {"message": "The request signature we calculated does not match."}, {"x-amzn-ErrorType": "InvalidSignatureException"}
    if (asked.method, asked.path) == ("GET", "/v2/email/account"):
        return 200, ACCOUNT
    return (200, {"MessageId": "0107-1"}) if (asked.method, asked.path) == ("POST", "/v2/email/outbound-emails") else (404, {})


@pytest.fixture
def ses(settings: Any) -> Iterator[Provider]:
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]
    with run_provider(answer) as provider:
        yield provider


def opened(ses: Provider, **further: str) -> Channel:
    return find_adapter("amazon_ses_api").open({**SETTINGS, "api_url": ses.url, **further})


def test_a_mail_arrives_as_it_is_with_our_own_number_and_a_signature_that_holds(ses: Provider) -> None:
    assert opened(ses).send(OUTGOING).provider_id == "0107-1"
    told = ses.asked[0].json
    assert base64.b64decode(told["Content"]["Raw"]["Data"]) == MAIL
    assert told["Destination"] == {"ToAddresses": ["dana@example.org"]}
    assert told["EmailTags"] == [{"Name": "troth_message", "Value": "77"}]
    assert told["ConfigurationSetName"] == "troth"
    assert "/eu-central-1/ses/aws4_request" in ses.asked[0].headers["authorization"]
    opened(ses, configuration_set="").send(OUTGOING)
    assert "ConfigurationSetName" not in ses.asked[1].json


def test_the_check_tells_what_the_account_may_send_and_whether_the_keys_are_right(ses: Provider) -> None:
    assert "14.0 a second, 50000.0 a day, in the sandbox" in opened(ses).check()
    with pytest.raises(ChannelDown, match="does not believe the access key"):
        opened(ses, secret_access_key="wrong").check()
    ses.next_answers = [(200, {**ACCOUNT, "SendingEnabled": False})]
    with pytest.raises(ChannelDown, match="switched off"):
        opened(ses).check()


def said(status: int, kind: str, message: str = "dana@example.org") -> Any:
    return status, {"message": message}, {"x-amzn-ErrorType": f"{kind}:http://internal.amazon.com/coral/"}


@pytest.mark.parametrize(
    ("told", "down", "permanent", "doubtful"),
    [
        (said(429, "TooManyRequestsException", "Maximum sending rate exceeded."), False, False, False),
        (said(400, "LimitExceededException"), False, False, False),
        (said(400, "SendingPausedException"), True, False, False),
        (said(400, "AccountSuspendedException"), True, False, False),
        (said(400, "MailFromDomainNotVerifiedException"), True, False, False),
        (said(404, "NotFoundException"), True, False, False),
        (said(403, "AccessDeniedException"), True, False, False),
        (said(400, "MessageRejected", "Email address is not verified. dana@example.org failed the check"), True, False, False),
        (said(400, "MessageRejected", "Illegal content"), False, True, False),
        (said(400, "BadRequestException"), False, True, False),
        (said(503, "ServiceUnavailable"), True, False, False),
        (said(500, "InternalFailure"), False, False, True),
        ((200, b"<html>"), False, False, True),
        (None, False, False, True),
    ],
    ids=lambda value: value[2]["x-amzn-ErrorType"].partition(":")[0] if isinstance(value, tuple) and len(value) == 3 else "",
)
def test_what_amazon_answers_says_whether_to_try_again(ses: Provider, told: Any, down: bool, permanent: bool, doubtful: bool) -> None:
    ses.next_answers = [told]
    with pytest.raises(ChannelError) as caught:
        opened(ses).send(OUTGOING)
    fault = caught.value
    assert (isinstance(fault, ChannelDown), fault.permanent, fault.doubtful) == (down, permanent, doubtful)
    assert "dana" not in str(fault)


def test_nothing_inside_is_reached_and_no_other_region_is_made_up(ses: Provider, settings: Any) -> None:
    channel = find_adapter("amazon_ses_api").open({**SETTINGS, "api_url": ""})
    assert channel.address == "email.eu-central-1.amazonaws.com"
    for wrong in ({"region": "evil.example/"}, {"configuration_set": "a b"}):
        with pytest.raises(ChannelUnknown):
            opened(ses, **wrong)
    settings.TROTH_PRIVATE_TARGETS = []
    with pytest.raises(ChannelError, match="inside this network"):
        opened(ses).send(OUTGOING)
    assert ses.asked == []


def test_a_throttled_mail_leaves_later_and_what_came_of_it_comes_back_by_the_topic(post: Post, ses: Provider) -> None:
    row = add_channel(post.workspace.pk, "amazon_ses_api", {**SETTINGS, "api_url": ses.url}, now=now_ms())
    ses.next_answers = [said(429, "TooManyRequestsException")]
    post.queue(post.person("dana"))
    send_due(now_ms())
    assert post.states() == [(State.QUEUED, "channel_unavailable")]
    send_due(now_ms() + 10 * 60_000)
    assert post.states() == [(State.SENT, "")]
    # Without a topic's ARN nothing is believed; what a signed one tells is read as with SMTP (test_amazon_ses).
    told = Client().post(f"/{hook_url(row).split('//', 1)[1].partition('/')[2]}", '{"Type": "Notification"}', content_type="text/plain")
    assert (told.status_code, "ARN of the topic" in told.content.decode()) == (400, True)
