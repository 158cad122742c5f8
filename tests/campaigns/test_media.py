"""A campaign may go out by text message or push: a stored short message, through the workspace's channel, past the same gate."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Api
from tests.http_server import run_provider
from tests.messages.posting import Post
from troth.content.library import create_piece
from troth.content.publishing import publish_piece
from troth.intake.commands import Decide, Decision, Identify, Identity, Track
from troth.kernel.clock import now_ms
from troth.kernel.worker import drain
from troth.messages.configured import add_channel
from troth.messages.models import Message
from troth.workspaces.keys import create_key

DRAFT = {
    "name": "Parcel",
    "trigger_event": "shipped",
    "purpose": "service",
    "template_key": "parcel",
    "rules": {"medium": "sms"},
}


@pytest.fixture(autouse=True)
def this_machine_may_be_reached(settings: Any) -> None:
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]


@pytest.fixture
def api(post: Post) -> Api:
    parts = {"en": {"title": "", "body": "{{ person.first }}, parcel {{ event.properties.n }} is on its way", "url": ""}}
    publish_piece(create_piece(post.workspace.pk, kind="short", key="parcel", parts=parts))
    return Api(create_key(post.workspace, "server"))


def ship(post: Post, **more: Any) -> None:
    who = Identity(external_id="dana", phone="+33612345678")
    post.say(Identify(identity=who, attributes={"first": "Dana"}, **post.common))
    post.say(Track(identity=who, name="Shipped", ts=now_ms(), properties={"n": 7}, **post.common))
    drain(now_ms())


def test_a_text_message_follows_from_an_event(post: Post, api: Api) -> None:
    with run_provider(lambda asked: (202, {"id": "m-1"})) as provider:
        add_channel(post.workspace.pk, "http_sms", {"url": f"{provider.url}/sms", "sender": "Acme"}, now=now_ms())
        made = api.json("POST", "/campaigns", DRAFT, status=201)["id"]
        assert api.json("POST", f"/campaigns/{made}/publish")["state"] == "published"
        ship(post)
        assert [asked.json["text"] for asked in provider.asked] == ["Dana, parcel 7 is on its way"]
    message = Message.objects.get()
    assert (message.channel, message.state) == ("sms", "sent")


def test_who_wants_no_marketing_by_text_message_gets_none(post: Post, api: Api) -> None:
    with run_provider(lambda asked: (202, {"id": "m-1"})) as provider:
        add_channel(post.workspace.pk, "http_sms", {"url": f"{provider.url}/sms", "sender": "Acme"}, now=now_ms())
        made = api.json("POST", "/campaigns", {**DRAFT, "purpose": "marketing_email"}, status=201)["id"]
        api.json("POST", f"/campaigns/{made}/publish")
        post.person("dana")
        post.say(Decide(identity=Identity(external_id="dana"), decision=Decision.REFUSE, purpose="channel:sms", **post.common))
        ship(post)
        assert provider.asked == []
    assert Message.objects.get().reason == "channel:sms:unwanted"


def test_without_a_channel_or_a_short_message_it_is_not_published(post: Post, api: Api) -> None:
    made = api.json("POST", "/campaigns", DRAFT, status=201)["id"]
    refused = api.json("POST", f"/campaigns/{made}/publish", status=400)
    assert refused["path"] == "$.rules.medium" and "Channels" in refused["message"]
    add_channel(post.workspace.pk, "http_sms", {"url": "https://sms.example.com/out", "sender": "Acme"}, now=now_ms())
    api.json("PATCH", f"/campaigns/{made}", {"template_key": "", "subject": "s", "html": "<p>h</p>"})
    assert api.json("POST", f"/campaigns/{made}/publish", status=400)["path"] == "$.template_key"
    wrong = api.json("PATCH", f"/campaigns/{made}", {"template_key": "parcel", "rules": {"medium": "fax"}}, status=400)
    assert wrong["path"] == "$.rules.medium"
    api.json("PATCH", f"/campaigns/{made}", {"template_key": "parcel", "rules": {}})
    assert "no template of an e-mail" in api.json("POST", f"/campaigns/{made}/publish", status=400)["message"]


def test_a_newsletter_may_be_a_text_message(post: Post, api: Api) -> None:
    fields = {"name": "Ferries", "purpose": "service", "medium": "sms", "variants": [{"key": "A", "template": "parcel"}]}
    refused = api.json("POST", "/newsletters", {**fields, "variants": [{"key": "A", "subject": "s", "html": "h"}]}, status=400)
    assert refused["path"] == "$.variants"
    who = Identity(external_id="dana", phone="+33612345678")
    post.say(Identify(identity=who, attributes={"first": "Dana"}, **post.common))
    with run_provider(lambda asked: (202, {"id": "m-1"})) as provider:
        made = api.json("POST", "/newsletters", fields, status=201)["id"]
        assert api.json("POST", f"/newsletters/{made}/start", status=400)["path"] == "$.medium"
        add_channel(post.workspace.pk, "http_sms", {"url": f"{provider.url}/sms", "sender": "Acme"}, now=now_ms())
        api.json("POST", f"/newsletters/{made}/start")
        drain(now_ms())
        drain(now_ms())  # what was gathered is sent
        assert [asked.json["text"] for asked in provider.asked] == ["Dana, parcel  is on its way"]
