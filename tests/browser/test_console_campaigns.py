"""A marketer writes a campaign, sees it as a real person, tries it by mail, publishes it; then an event leads to a mail."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import expect

from tests.browser.conftest import Control
from tests.browser.test_console_in_browser import log_in
from tests.conftest import Served, make_served

pytestmark = pytest.mark.browser


class Letterbox:
    """What arrived at the mail server: recipient and mail."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, Any]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append((envelope.rcpt_tos[0], message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"

    def subjects_for(self, address: str) -> list[str]:
        return [str(mail["Subject"]) for recipient, mail in self.mails if recipient == address]


@pytest.fixture(scope="module")
def letterbox() -> Letterbox:
    return Letterbox()


@pytest.fixture(scope="module")
def troth_server(tmp_path_factory: pytest.TempPathFactory, letterbox: Letterbox) -> Iterator[Served]:
    """A served installation with a mail server, where Dana agreed to marketing by behaviour."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(letterbox, hostname="127.0.0.1", port=port)
    controller.start()
    folder: Path = tmp_path_factory.mktemp("served")
    served = make_served(folder, TROTH_EMAIL_URL=f"smtp://127.0.0.1:{port}")
    served.start()
    track(served, "signed_up", plan="pro")
    call = Control(served)
    for purpose in ("marketing_email", "behavioural_profiling"):
        said = {
            "purpose": purpose,
            "decision": "grant",
            "notice": "May we?",
            "default_state": "unchecked",
            "source_url": "https://example.com/join",
        }
        call("POST", "/people/dana/consents", said)
    served.eventually(lambda: call("GET", "/people/dana/events")["items"])
    yield served
    assert served.stop() == 0
    controller.stop()


def track(served: Served, name: str, **properties: str) -> None:
    key = {"auth_token": served.workspace["auth_token"]}
    person = {"id": "dana", "email": "dana@example.com"}
    assert served.post("/api/v2/users/track", {**key, **person, "data": {"first_name": "Dana"}})[0] == 200
    assert served.post("/api/v2/events/track", {**key, "identity": person, "event_name": name, "data": properties})[0] == 200


def test_a_campaign_is_written_seen_tried_published_and_sent(new_page: Any, troth_server: Served, letterbox: Letterbox) -> None:
    page = new_page(scripts=True)
    log_in(page)
    page.get_by_role("link", name="Campaigns").click()
    page.get_by_role("link", name="New campaign").click()
    mail = page.frame_locator("iframe.mail")
    expect(mail.get_by_role("heading", name="Hello there")).to_be_visible()

    page.get_by_label("Name").fill("Welcome")
    page.get_by_role("combobox", name="Triggering event").press_sequentially("sign")
    page.get_by_role("option", name="signed_up").click()
    page.get_by_role("combobox", name="As this person").press_sequentially("dana@")
    page.get_by_role("option", name="dana@example.com").click()
    page.get_by_role("textbox", name="Subject").fill("Welcome, {{ person.first_name }}")
    page.get_by_label("HTML").fill("<h1>Hello {{ person.first_name }}</h1><p>Plan: {{ event.properties.plan }}</p>")
    expect(mail.get_by_role("heading", name="Hello Dana")).to_be_visible()
    expect(mail.get_by_text("Plan: pro")).to_be_visible()
    expect(page.get_by_text("Welcome, Dana")).to_be_visible()
    expect(page.get_by_text("The gate would let it through")).to_be_visible()

    page.get_by_label("HTML").fill("<h1>Hello\n{% if %}")
    expect(page.get_by_role("alert")).to_contain_text("html, line 2")
    page.get_by_label("HTML").fill("<h1>Hello {{ person.first_name }}</h1>")
    page.get_by_role("radio", name="Phone").check()
    expect(mail.get_by_role("heading", name="Hello Dana")).to_be_visible()
    assert page.locator("iframe.mail").bounding_box()["width"] <= 376
    page.get_by_role("radio", name="Text").check()
    expect(mail.get_by_text("/u/test")).to_be_visible()

    page.get_by_role("button", name="Send a test to alice@example.com").click()
    expect(page.get_by_text("Sent to alice@example.com")).to_be_visible()
    assert letterbox.subjects_for("alice@example.com") == ["[Test] Welcome, Dana"]
    assert letterbox.subjects_for("dana@example.com") == []

    page.get_by_role("button", name="Save and publish…").click()
    expect(page.get_by_role("heading", name="Publish “Welcome”")).to_be_visible()
    expect(page.get_by_text("1 person, as things stand")).to_be_visible()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("heading", name="Welcome", exact=True)).to_be_visible()
    track(troth_server, "Signed Up", plan="free")
    troth_server.eventually(lambda: letterbox.subjects_for("dana@example.com") == ["Welcome, Dana"])
    page.reload()
    expect(page.locator(".stat").first).to_contain_text(re.compile(r"Sent\s*1"))


def test_back_leads_from_the_form_to_where_one_came_from(new_page: Any) -> None:
    page = new_page(scripts=True)
    log_in(page)
    page.goto("/console/1/campaigns")
    page.get_by_role("link", name=re.compile("New campaign|Write the first one")).first.click()
    mail = page.frame_locator("iframe.mail")
    for text in ("One", "Two", "Three"):
        page.get_by_label("HTML").fill(f"<p>{text}</p>")
        expect(mail.get_by_text(text)).to_be_visible()
    page.go_back()
    expect(page).to_have_url(re.compile("/campaigns$"))


def test_without_script_there_are_buttons_for_preview_and_test(new_page: Any, letterbox: Letterbox) -> None:
    page = new_page()
    log_in(page)
    page.goto("/console/1/campaigns/new")
    page.get_by_label("Name").fill("By hand")
    page.get_by_role("textbox", name="Subject").fill("By hand")
    page.get_by_role("combobox", name="As this person").fill("dana")
    page.get_by_role("button", name="Preview").click()
    expect(page.frame_locator("iframe.mail").get_by_role("heading", name="Hello Dana")).to_be_visible()
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("Sent to alice@example.com")).to_be_visible()
    assert page.get_by_label("Name").input_value() == "By hand"
    assert "[Test] By hand" in letterbox.subjects_for("alice@example.com")


def test_a_decision_opens_as_a_dialog_and_pauses(new_page: Any, troth_server: Served) -> None:
    call = Control(troth_server)
    draft = {"name": "Receipt", "trigger_event": "paid", "purpose": "service", "subject": "Thanks", "html": "<p>Thanks</p>"}
    made = call("POST", "/campaigns", draft)
    call("POST", f"/campaigns/{made['id']}/publish")
    page = new_page(scripts=True)
    log_in(page)
    page.goto(f"/console/1/campaigns/{made['id']}")
    page.get_by_role("link", name="Pause…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Messages that are queued still go out: 0.")).to_be_visible()
    dialog.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("Paused")
    assert call("GET", f"/campaigns/{made['id']}")["state"] == "paused"


def test_what_is_not_covered_is_told_while_one_writes_and_a_tick_leads_out(new_page: Any, troth_server: Served) -> None:
    call = Control(troth_server)
    call("POST", "/purposes", {"key": "tips", "name": "Recommendations"})
    call("PUT", "/purposes/assignments", {"kind": "attribute", "name": "likes", "purpose": "tips"})
    page = new_page(scripts=True)
    log_in(page)
    page.goto("/console/1/campaigns/new")
    page.get_by_label("Name").fill("For you")
    page.get_by_role("combobox", name="Triggering event").fill("browsed")
    page.get_by_label("HTML").fill("<p>You like {{ person.likes }}</p>")
    expect(page.get_by_text("collected for Recommendations · not covered")).to_be_visible()
    expect(page.get_by_text("It is read as person.likes (html, line 1, column 16).")).to_be_visible()
    page.get_by_label("Recommendations").check()
    expect(page.get_by_text("collected for Recommendations · each person is asked about it")).to_be_visible()
    expect(page.get_by_text("Ways out")).to_have_count(0)
    page.get_by_role("button", name="Save and publish…").click()
    expect(page.get_by_text("The mail uses data collected for “Recommendations”")).to_be_visible()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("heading", name="For you", exact=True)).to_be_visible()
    call("PUT", "/purposes/assignments", {"kind": "attribute", "name": "likes", "purpose": "open_tracking"})
    troth_server.eventually(lambda: page.reload() and page.get_by_text("Nobody gets what was published.").is_visible())
