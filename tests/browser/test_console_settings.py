"""Settings in a browser: from an empty installation to the first event, seen arriving; keys that end; mail that waits and is sent on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watch
from tests.conftest import Served, make_served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A new installation to which nothing was sent yet."""
    served = make_served(tmp_path_factory.mktemp("new"))
    served.start()
    yield served
    assert served.stop() == 0


@pytest.fixture
def owner(chromium: Any, served: Served) -> Iterator[Any]:
    context = chromium.new_context(base_url=served.url, viewport={"width": 1280, "height": 800})
    watch = Watch(f"127.0.0.1:{served.port}")
    page = watch.follow(context.new_page())
    page.goto("/console/account/login/")
    page.get_by_label("E-mail").fill("alice@example.com")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    yield page
    context.close()
    assert watch.foreign == []
    assert watch.complaints == []


def settings_of(served: Served, rest: str = "") -> str:
    return f"/console/{served.workspace['id']}/settings{rest}"


def track(served: Served, token: str, event: str = "Signed up") -> int:
    """What the copied program of curl sends."""
    body = {"auth_token": token, "identity": {"id": "42", "email": "dana@example.com"}, "event_name": event, "data": {}}
    return served.post("/api/v2/events/track", body)[0]


def test_from_a_new_key_to_the_first_event_which_the_page_sees_arrive_by_itself(owner: Any, served: Served) -> None:
    owner.get_by_role("link", name="Set up").click()
    step = owner.locator("#steps li").filter(has_text="Send the first event")
    expect(step).to_contain_text("to do")
    expect(step).to_contain_text("Waiting.")
    owner.get_by_role("link", name="Keys").first.click()
    owner.get_by_role("link", name="New key").click()
    owner.get_by_label("Name").fill("Shop")
    expect(owner.get_by_label("correct people")).to_be_hidden()
    owner.get_by_role("radio", name=re.compile("^Control API ")).check()
    expect(owner.get_by_label("correct people")).to_be_visible()
    owner.get_by_role("radio", name=re.compile("^Server ")).check()
    owner.get_by_role("button", name="Make the key").click()
    expect(owner.get_by_text("Copy it now.")).to_be_visible()
    token = owner.locator("pre code").inner_text()
    owner.get_by_role("link", name="What to do with it").click()
    owner.get_by_role("link", name="curl", exact=True).click()
    expect(owner.locator("pre").first).to_contain_text(served.url)
    assert track(served, token) == 200
    expect(step).to_contain_text("done")
    expect(step).to_contain_text("The latest arrived")
    owner.goto(settings_of(served, "/keys"))
    row = owner.get_by_role("row").filter(has_text="Shop")
    expect(row).to_contain_text(token[:14])
    row.get_by_role("link", name="Revoke…").click()
    dialog = owner.get_by_role("dialog")
    expect(dialog).to_contain_text("Within a second")
    dialog.get_by_role("button", name="Revoke").click()
    expect(owner.locator("#toasts")).to_contain_text("is revoked")
    served.eventually(lambda: track(served, token) == 401)


def test_mail_waits_while_sending_is_off_and_then_goes_to_the_tester(owner: Any, served: Served) -> None:
    token = served.workspace["auth_token"]
    draft = {"name": "Receipt", "trigger_event": "bought", "purpose": "service", "subject": "Your receipt", "html": "<p>Thank you</p>"}
    auth = {"Authorization": f"Bearer {token}"}
    status, body = served.post("/api/troth/v1/campaigns", draft, auth)
    assert status == 201, body
    assert served.post(f"/api/troth/v1/campaigns/{json.loads(body)['id']}/publish", {}, auth)[0] == 200
    owner.goto(settings_of(served, "/sending"))
    owner.get_by_role("link", name="Change…").click()
    owner.get_by_role("dialog").get_by_role("radio", name=re.compile("^Off ")).check()
    owner.get_by_role("dialog").get_by_role("button", name="Set").click()
    expect(owner.locator("#toasts")).to_contain_text("Nothing goes out.")
    expect(owner.get_by_text("Sending is off: messages wait in the queue.")).to_be_visible()
    assert track(served, token, "bought") == 200
    outbox = f"/console/{served.workspace['id']}/outbox"

    def shown(word: str) -> bool:
        owner.goto(outbox)
        return bool(owner.locator("tbody tr").filter(has_text=word).count())

    served.eventually(lambda: shown("held"))
    owner.goto(settings_of(served, "/sending/mode"))
    expect(owner.get_by_text("1 held message goes out as soon as sending is on")).to_be_visible()
    owner.get_by_role("radio", name=re.compile("^Test ")).check()
    owner.get_by_label("Where test mode sends").fill("tester@example.net")
    owner.get_by_role("button", name="Set").click()
    expect(owner.get_by_text("Test mode: all mail goes to one address.")).to_be_visible()
    served.eventually(lambda: shown("[Test] Your receipt"))
    owner.get_by_role("link", name="[Test] Your receipt").click()
    expect(owner.get_by_text("tester@example.net").first).to_be_visible()


def test_a_snippet_is_copied_with_one_click(owner: Any, served: Served, tmp_path: Path) -> None:
    owner.context.grant_permissions(["clipboard-read", "clipboard-write"])
    owner.goto(settings_of(served, "/setup?client=segment-python"))
    owner.get_by_role("button", name="Copy").nth(1).click()
    copied = owner.evaluate("() => navigator.clipboard.readText()")
    assert f'analytics.host = "{served.url}"' in copied
    compile(copied, str(tmp_path / "copied.py"), "exec")
