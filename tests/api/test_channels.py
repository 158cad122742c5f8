"""Channels and stopped addresses over the control API."""

from __future__ import annotations

from typing import Any

SMS = {"adapter": "twilio", "label": "Texts", "settings": {"account_sid": "AC1", "auth_token": "very-secret", "sender": "Acme"}}


def test_a_channel_is_added_changed_checked_and_removed_and_its_secret_never_told(alice: Any) -> None:
    api = alice.api
    made = api.json("POST", "/channels", SMS, status=201)
    assert made["settings"] == {"account_sid": "AC1", "sender": "Acme", "api_url": "https://api.twilio.com"}
    assert "/hooks/" in made["hook_url"]
    assert "very-secret" not in str([api.json("GET", "/channels"), made])
    changed = api.json("PUT", f"/channels/{made['id']}", {"priority": 1, "settings": {"api_url": "https://127.0.0.1:1"}})
    assert (changed["priority"], changed["label"]) == (1, "Texts")
    assert [one["id"] for one in api.json("GET", "/channels")] == [made["id"], alice.channel_id]
    checked = api.json("POST", f"/channels/{made['id']}/check")
    assert not checked["works"]
    assert api("DELETE", f"/channels/{made['id']}").status_code == 204
    assert api("GET", f"/channels/{made['id']}").status_code == 404


def test_the_adapters_say_what_they_have_to_be_told(alice: Any) -> None:
    adapters = {one["name"]: one for one in alice.api.json("GET", "/channels/adapters")}
    assert {"smtp", "postmark", "mailgun", "fcm", "apns", "web_push", "twilio", "http_sms", "webhook"} <= adapters.keys()
    assert [s["name"] for s in adapters["twilio"]["settings"] if s["secret"]] == ["auth_token"]
    refused = alice.api("POST", "/channels", {"adapter": "twilio", "settings": {"account_sid": "AC1"}})
    assert refused.status_code == 400
    assert "Auth token" in refused.json()["message"]


def test_a_stopped_address_is_found_and_lifted_with_a_reason(alice: Any) -> None:
    api = alice.api
    assert api.json("POST", "/stopped-addresses/find", {"address": "Nobody@Example.com"})["reason"] == "hard_bounce"
    assert api("POST", "/stopped-addresses/lift", {"address": "nobody@example.com", "reason": ""}).status_code == 422
    lifted = api.json("POST", "/stopped-addresses/lift", {"address": "nobody@example.com", "reason": "mended"})
    assert lifted["lift_reason"] == "mended"
    assert api("POST", "/stopped-addresses/lift", {"address": "nobody@example.com", "reason": "again"}).status_code == 404
    assert api("POST", "/stopped-addresses/find", {"address": "erik@example.com"}).status_code == 404


def test_a_message_says_what_came_back_of_it(alice: Any) -> None:
    from troth.kernel.clock import now_ms
    from troth.messages.channels.port import Feedback, Medium, Told
    from troth.messages.feedback.noting import note_feedback

    told = Feedback(told=Told.SOFT_BOUNCE, at=now_ms(), message_id=int(alice.message_id), status="4.2.2", diagnostic="full")
    note_feedback(alice.workspace.pk, Medium.EMAIL, [told], provider="mailbox", now=now_ms())
    (found,) = alice.api.json("GET", f"/messages/{alice.message_id}")["told"]
    assert (found["told"], found["status"], found["diagnostic"]) == ("soft_bounce", "4.2.2", "full")
