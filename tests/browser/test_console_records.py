"""The outbox, the audit log and the members in a browser: narrowed without a reload, read, taken away as a file, and somebody new comes in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Filled, Watch

pytestmark = pytest.mark.browser


@pytest.fixture
def owner(chromium: Any, filled: Filled) -> Iterator[Any]:
    context = filled.open_context(chromium, "owner")
    watch = Watch(filled.host)
    yield watch.follow(context.new_page())
    context.close()
    assert watch.foreign == []
    assert watch.complaints == []


def room(filled: Filled, name: str) -> str:
    return f"/console/{filled.examples['workspace_id']}/{name}"


def test_messages_are_narrowed_by_what_became_of_them_and_the_address_can_be_shared(owner: Any, filled: Filled) -> None:
    owner.goto(room(filled, "outbox"))
    rows = owner.locator("#results tbody tr")
    expect(rows.first).to_be_visible()
    owner.get_by_label("State").select_option("skipped")
    expect(owner).to_have_url(re.compile("state=skipped"))
    expect(owner.locator("#results").get_by_text("sent", exact=True)).to_have_count(0)
    shared = owner.url
    first = rows.first.inner_text()
    owner.goto("/console/")
    owner.goto(shared)
    assert rows.first.inner_text() == first
    expect(owner.get_by_label("State")).to_have_value("skipped")


def test_a_message_shows_its_parts_its_headers_and_why(owner: Any, filled: Filled) -> None:
    owner.goto(room(filled, f"outbox/{filled.examples['message_id']}"))
    expect(owner.frame_locator("iframe").locator("body")).not_to_be_empty()
    expect(owner.get_by_role("heading", name="Decisions")).to_be_visible()
    owner.get_by_role("link", name="Text", exact=True).click()
    expect(owner.locator("iframe")).to_have_count(0)
    expect(owner.get_by_role("link", name="Text", exact=True)).to_have_attribute("aria-current", "page")
    owner.get_by_role("link", name="Headers", exact=True).click()
    expect(owner.get_by_role("link", name="Headers", exact=True)).to_have_attribute("aria-current", "page")


def test_what_was_looked_at_stands_in_the_audit_log_and_can_be_taken_away(owner: Any, filled: Filled) -> None:
    person = filled.examples["person_id"]
    owner.goto(room(filled, f"people/{person}"))
    owner.goto(room(filled, "audit"))
    owner.get_by_role("combobox", name="Act").select_option("person.read")
    expect(owner).to_have_url(re.compile("action=person.read"))
    expect(owner.locator("#results tbody tr").first).to_contain_text("opened a person")
    with owner.expect_download() as downloaded:
        owner.get_by_role("link", name="NDJSON").click()
    lines = downloaded.value.path().read_text().splitlines()
    assert {json.loads(line)["action"] for line in lines} == {"person.read"}
    owner.goto(room(filled, "audit"))
    expect(owner.locator("#results tbody tr").filter(has_text="exported the audit log").first).to_be_visible()


def test_somebody_is_invited_comes_in_and_is_given_another_role(chromium: Any, owner: Any, filled: Filled) -> None:
    owner.goto(room(filled, "settings/members"))
    owner.get_by_role("link", name="Invite", exact=True).click()
    owner.get_by_label("E-mail").fill("nora@example.com")
    owner.get_by_role("radio", name=re.compile("^Viewer ")).check()
    owner.get_by_role("button", name="Invite").click()
    link = owner.locator("pre code").inner_text()
    context = chromium.new_context()
    nora = Watch(filled.host).follow(context.new_page())
    nora.goto(link)
    nora.get_by_label("Name").fill("Nora")
    nora.get_by_label("Password").fill("eleven green bicycles")
    nora.get_by_role("button", name="Join").click()
    expect(nora.get_by_role("heading", name="Home")).to_be_visible()
    expect(nora.get_by_role("link", name="People", exact=True)).to_have_count(0)
    owner.get_by_role("link", name="Done").click()
    owner.get_by_role("link", name="Role… nora@example.com").click()
    owner.get_by_role("dialog").get_by_role("radio", name=re.compile("^Marketer ")).check()
    owner.get_by_role("dialog").get_by_role("button", name="Change").click()
    expect(owner.locator("#toasts")).to_contain_text("nora@example.com is marketer now")
    nora.reload()
    nora.get_by_role("navigation", name="Rooms").get_by_role("link", name="People").click()
    expect(nora.get_by_role("heading", name="People")).to_be_visible()
    context.close()
