"""A notice in a browser: its faults while it is typed, its publication and what changed; then a consent on paper is recorded with its proof."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Control, Filled, Watch

pytestmark = pytest.mark.browser
TEXT = "Acme Ltd would like to write to you once a week about its shoes.\n\nStop with the link in every mail."
SAYS = {
    "Who asks": "Acme Ltd",
    "What for": "News about shoes",
    "Which data": "Your e-mail address",
    "How to withdraw": "The link in every mail",
}


@pytest.fixture
def watch(filled: Filled) -> Watch:
    return Watch(filled.host)


@pytest.fixture
def officer(chromium: Any, filled: Filled, watch: Watch) -> Iterator[Any]:
    """A page of the privacy officer; nothing foreign is fetched on it, and nothing complains."""
    context = filled.open_context(chromium, "privacy_officer")
    yield watch.follow(context.new_page())
    context.close()
    assert watch.foreign == []
    assert watch.complaints == []


def bring(filled: Filled, name: str) -> str:
    """Somebody arrives through the door and agrees; their id."""
    who = {"id": name, "email": f"{name}@example.com"}
    assert filled.served.post("/api/v2/users/track", {"auth_token": filled.served.workspace["auth_token"], **who})[0] == 200
    call = Control(filled.served)
    said = {"purpose": "marketing_email", "decision": "grant", "notice": "May we write?", "default_state": "unchecked"}
    call("POST", f"/people/{name}/consents", said)
    return str(call("GET", f"/people/{name}")["id"])


def write_notice(page: Any, filled: Filled) -> None:
    page.goto(f"/console/{filled.examples['workspace_id']}/")
    page.get_by_role("link", name="Notices", exact=True).click()
    page.get_by_role("link", name="New notice").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Title").fill("Shoes")
    dialog.get_by_label("Key").fill("shoes")
    dialog.get_by_label("News and offers by e-mail").check()
    dialog.get_by_role("button", name="Create and write").click()
    checked = page.locator("#checked")
    expect(checked).to_contain_text("It does not say: controller.")
    page.get_by_label("Text", exact=True).fill(TEXT)
    expect(checked.get_by_text("Acme Ltd would like to write")).to_be_visible()
    for label, words in SAYS.items():
        page.get_by_label(re.compile(f"^{label}")).fill(words)
    expect(checked).to_contain_text("It says what it must")
    box = checked.get_by_role("checkbox")
    expect(box).to_have_count(1)
    expect(box).not_to_be_checked()
    page.get_by_label(re.compile("^Who asks")).fill("Beta Ltd")
    expect(checked).to_contain_text("does not name the controller")
    page.get_by_label(re.compile("^Who asks")).fill("Acme Ltd")
    expect(checked).to_contain_text("It says what it must")


def publish(page: Any, number: int) -> None:
    page.get_by_role("button", name="Save and publish…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Publish “Shoes” as version {number}")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text(f"Published as version {number}")


def test_a_notice_is_written_published_and_compared_and_a_signed_consent_recorded(officer: Any, filled: Filled, watch: Watch) -> None:
    write_notice(officer, filled)
    publish(officer, 1)
    officer.get_by_role("link", name="Write", exact=True).click()
    officer.get_by_label("Text", exact=True).fill(TEXT.replace("once", "twice"))
    publish(officer, 2)
    officer.get_by_role("link", name="Version 2").click()
    expect(officer.locator(".diff .removed")).to_contain_text("once a week")
    expect(officer.locator(".diff .added")).to_contain_text("twice a week")

    officer.goto(f"/console/{filled.examples['workspace_id']}/people/{bring(filled, 'paula')}")
    officer.get_by_role("link", name="Record a consent…").click()
    dialog = officer.get_by_role("dialog")
    dialog.get_by_label("Purpose").select_option("marketing_email")
    dialog.get_by_label("What the person read or heard").select_option("shoes/2/en")
    decided = (datetime.now(UTC) + timedelta(minutes=2)).strftime("%Y-%m-%dT%H:%M")
    dialog.get_by_label("When they decided").fill(decided)
    dialog.get_by_role("button", name="Record the consent").click()
    expect(officer.get_by_text("rule C11")).to_be_visible()
    # The browser tells its console of a form that was refused.
    assert [said for said in watch.complaints if "422" not in said] == []
    watch.complaints.clear()
    officer.get_by_label("Where the proof is kept").fill("Binder 7, sheet 12")
    officer.get_by_role("button", name="Record the consent").click()
    expect(officer.get_by_role("status")).to_contain_text("The consent is recorded with its proof")

    officer.get_by_role("link", name="All records with their proof").click()
    officer.locator("#results tbody tr").first.get_by_role("link").first.click()
    expect(officer.get_by_text("It counts now.")).to_be_visible()
    expect(officer.get_by_text("Binder 7, sheet 12")).to_be_visible()
    expect(officer.get_by_text("twice a week")).to_be_visible()
    expect(officer.get_by_text("consent given anew")).to_be_visible()
    officer.reload()
    expect(officer.locator("#ledger")).to_contain_text(re.compile("as it was recorded|is appended within seconds"))


def test_records_are_narrowed_without_a_further_page(officer: Any, filled: Filled) -> None:
    bring(filled, "quentin")
    officer.goto(f"/console/{filled.examples['workspace_id']}/consents")
    rows = officer.locator("#results tbody tr")
    expect(rows).to_have_count(50)
    officer.get_by_role("searchbox", name="Person").fill("quentin@example.com")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("quentin@example.com")
    officer.get_by_role("combobox", name="Decision").select_option("object")
    expect(officer.get_by_text("No records fit")).to_be_visible()
    officer.get_by_role("link", name="Refused at the door").click()
    expect(officer.get_by_role("figure")).to_contain_text("Refused claims a day")
