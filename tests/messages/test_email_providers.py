"""Mail through providers' APIs, against servers that answer in their shapes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.http_server import Asked, Provider, run_provider
from troth.content.email_template import RenderedEmail
from troth.messages.channels import find_adapter
from troth.messages.channels.port import Channel, Outgoing
from troth.messages.errors import ChannelError
from troth.messages.mail import build_mail

POSTMARK = {"ErrorCode": 0, "Message": "OK", "MessageID": "0a129aee-e1cd-480d-b08d-4f48548ff48d", "To": "dana@example.org"}


def _mail(list_unsubscribe_url: str | None = "https://acme.example/u/x") -> Outgoing:
    rendered = RenderedEmail(subject="Grüße", html="<p>Hallo Zoë</p>", text="Hallo Zoë")
    sender, recipient = "Acme <hello@acme.example>", "dana@example.org"
    mail = build_mail(rendered, sender=sender, recipient=recipient, message_id=77, list_unsubscribe_url=list_unsubscribe_url, date=0)
    return Outgoing(message_id=77, sender=sender, recipient=recipient, mail=mail)


@pytest.fixture(autouse=True)
def this_machine_may_be_reached(settings: Any) -> None:
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]


@pytest.fixture
def postmark() -> Iterator[Provider]:
    with run_provider(lambda asked: (200, POSTMARK)) as provider:
        yield provider


def _open(name: str, provider: Provider, **settings: str) -> Channel:
    adapter = find_adapter(name)
    empty = {setting.name: setting.default for setting in adapter.settings}
    return adapter.open({**empty, "api_url": provider.url, **settings})


def test_a_mail_reaches_the_provider_with_its_parts_its_headers_and_our_own_id(postmark: Provider) -> None:
    receipt = _open("postmark", postmark, server_token="t0ken").send(_mail())
    assert receipt.provider_id == POSTMARK["MessageID"]
    asked = postmark.asked[0]
    assert asked.headers["x-postmark-server-token"] == "t0ken"
    told = asked.json
    assert (told["Subject"], told["TextBody"].strip(), told["HtmlBody"].strip()) == ("Grüße", "Hallo Zoë", "<p>Hallo Zoë</p>")
    assert (told["From"], told["To"]) == ("Acme <hello@acme.example>", "dana@example.org")
    headers = {one["Name"]: one["Value"] for one in told["Headers"]}
    assert headers["List-Unsubscribe"] == "<https://acme.example/u/x>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert told["Metadata"] == {"troth_message": "77"}


def _answer_as_mailgun(asked: Asked) -> tuple[int, Any]:
    return 200, {"id": "<20261125.1@acme.example>", "message": "Queued. Thank you."}


def test_each_workspace_has_keys_of_its_own_at_one_provider() -> None:
    with run_provider(_answer_as_mailgun) as one, run_provider(_answer_as_mailgun) as other:
        for provider, key in ((one, "key-1"), (other, "key-2")):
            channel = _open("mailgun", provider, api_key=key, webhook_signing_key="s", sender_domain="acme.example")
            assert channel.send(_mail()).provider_id == "<20261125.1@acme.example>"
        assert one.asked[0].headers["authorization"] != other.asked[0].headers["authorization"]
        assert one.asked[0].path == "/acme.example/messages"


@pytest.mark.parametrize(
    ("answer", "permanent", "doubtful"),
    [
        ((401, {"ErrorCode": 10, "Message": "Bad token"}), False, False),
        ((429, {}), False, False),
        ((503, {}), False, False),
        ((500, {}), False, True),
        ((413, {}), True, False),
        ((422, {"ErrorCode": 300, "Message": "Error parsing 'To': Illegal email domain 'x' in address 'dana@x'."}), True, False),
        ((422, {"ErrorCode": 406, "Message": "Found inactive addresses: dana@example.org. Inactive recipients are ones …"}), True, False),
        (None, False, True),
    ],
)
def test_what_a_provider_answers_says_whether_to_try_again(postmark: Provider, answer: Any, permanent: bool, doubtful: bool) -> None:
    postmark.next_answers = [answer]
    with pytest.raises(ChannelError) as caught:
        _open("postmark", postmark, server_token="t").send(_mail())
    assert (caught.value.permanent, caught.value.doubtful) == (permanent, doubtful)
    assert "dana@" not in str(caught.value)


def test_a_provider_that_cannot_be_reached_is_tried_again(postmark: Provider) -> None:
    channel = find_adapter("postmark").open({"server_token": "t", "api_url": "http://127.0.0.1:1", "message_stream": ""})
    with pytest.raises(ChannelError) as caught:
        channel.send(_mail())
    assert (caught.value.permanent, caught.value.doubtful) == (False, False)
    with pytest.raises(ChannelError, match="cannot be reached"):
        channel.check()
    assert "answers" in _open("postmark", postmark, server_token="t").check()


@pytest.mark.parametrize(
    "name",
    [
        "brevo",
        "mailersend",
        "mailgun",
        "mailjet",
        "mailtrap",
        "mandrill",
        "postal",
        "postmark",
        "resend",
        "scaleway",
        "sendgrid",
        "sparkpost",
        "unisender_go",
    ],
)
def test_each_provider_gets_the_unsubscribe_headers_or_refuses_the_mail(name: str) -> None:
    with run_provider(lambda asked: (400, {})) as provider:
        given = {setting.name: "k" for setting in find_adapter(name).settings if setting.required}
        with pytest.raises(ChannelError):
            _open(name, provider, **{**given, "api_url": provider.url}).send(_mail())
        sent = b"".join(asked.body for asked in provider.asked).decode()
        assert "acme.example/u/x" in sent.replace("%2F", "/")
