"""The script tag for web push, in a real browser: it asks after a person's press alone, and hands the subscription over at the public door."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.template.loader import render_to_string

from troth.messages.channels.web_push.keys import make_private_key, public_key_of

pytestmark = pytest.mark.browser
STUBS = """
window.asked = 0; window.sent = [];
Object.defineProperty(window, "Notification", {value: {requestPermission: async () => { window.asked += 1; return window.answer || "granted"; }}});
const subscription = {toJSON: () => ({endpoint: "https://push.example/1", keys: {p256dh: "p", auth: "a"}})};
const worker = {pushManager: {subscribe: async (how) => { window.how = how; return subscription; }}};
Object.defineProperty(navigator, "serviceWorker", {value: {register: async (path) => { window.registered = path; return worker; }, ready: Promise.resolve()}});
window.PushManager = window.PushManager || function () {};
window.fetch = async (door, how) => { window.sent.push([door, how.body, how.credentials]); return {ok: true}; };
"""


KEY = public_key_of(make_private_key())


def test_a_press_asks_subscribes_and_hands_over(chromium: Any) -> None:
    text = render_to_string("pages/push.js", {"key": KEY, "door": "https://troth.example/v1/identify"})
    page = chromium.new_page()
    page.route("**/*", lambda route: route.fulfill(body="<button data-troth-push>Tell me</button>", content_type="text/html"))
    page.goto("https://shop.example/")
    page.add_script_tag(content=STUBS)
    given = {"writeKey": "wk", "userId": "user-1", "purpose": "push_news"}
    page.evaluate(
        "([text, given]) => { const tag = document.createElement('script'); Object.assign(tag.dataset, given); tag.textContent = text; document.body.append(tag); }",
        [text, given],
    )
    page.evaluate("document.querySelector('button').click()")
    assert page.evaluate("asked") == 0  # no script can have it asked
    page.click("button")
    page.wait_for_selector("[data-troth-push=subscribed]")
    ((door, body, credentials),) = page.evaluate("sent")
    sent = json.loads(body)
    assert (door, credentials, page.evaluate("registered")) == ("https://troth.example/v1/identify", "omit", "/troth-push.js")
    assert (sent["writeKey"], sent["userId"]) == ("wk", "user-1")
    assert json.loads(sent["context"]["device"]["token"])["endpoint"] == "https://push.example/1"
    assert sent["context"]["consent"] == {"categoryPreferences": {"push_news": True}}
    assert page.evaluate("how.applicationServerKey.length") == 65
    page.evaluate("window.answer = 'denied'")
    page.click("button")
    page.wait_for_selector("[data-troth-push=refused]")
    assert page.evaluate("sent.length") == 1
    page.close()
