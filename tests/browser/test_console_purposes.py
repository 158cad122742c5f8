"""A purpose in a browser: created, revised with what a material change ends, given data with the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Filled, Watch

pytestmark = pytest.mark.browser


@pytest.fixture
def officer(chromium: Any, filled: Filled) -> Iterator[Any]:
    """A page of the privacy officer; nothing foreign is fetched on it, and nothing complains."""
    watch = Watch(filled.host)
    context = filled.open_context(chromium, "privacy_officer")
    yield watch.follow(context.new_page())
    context.close()
    assert watch.foreign == []
    assert watch.complaints == []


def test_a_purpose_is_created_revised_and_given_data_by_keyboard(officer: Any, filled: Filled) -> None:
    officer.goto(f"/console/{filled.examples['workspace_id']}/")
    officer.get_by_role("link", name="Purposes", exact=True).click()
    officer.get_by_role("link", name="New purpose").click()
    officer.get_by_label("Name", exact=True).fill("Advice by telephone")
    officer.get_by_label("Key").fill("advice")
    officer.get_by_label("Another language").fill("de")
    officer.get_by_role("button", name="Add").click()
    officer.get_by_label("de", exact=False).first.fill("Wir rufen Sie an.")
    expect(officer.get_by_label("Name", exact=True)).to_have_value("Advice by telephone")
    officer.get_by_role("button", name="Create").click()
    expect(officer.get_by_role("heading", level=1)).to_have_text("Advice by telephone")

    officer.get_by_role("link", name="Revise").click()
    officer.get_by_label("Recipients").fill("Callers Ltd")
    officer.get_by_role("button", name="See what it does…").click()
    expect(officer.get_by_text("This change is material.")).to_be_visible()
    expect(officer.get_by_text("0 persons who agreed before will count no more")).to_be_visible()
    officer.get_by_role("button", name="Back to editing").click()
    expect(officer.get_by_label("Recipients")).to_have_value("Callers Ltd")
    officer.get_by_role("button", name="See what it does…").click()
    officer.get_by_role("button", name="Save version 2").click()
    expect(officer.get_by_role("status")).to_contain_text("Saved as version 2")
    expect(officer.locator(".diff .added")).to_contain_text("Recipients: Callers Ltd")

    officer.goto(f"/console/{filled.examples['workspace_id']}/purposes/_assignments")
    officer.locator("#for").select_option("advice")
    box = officer.locator("#unassigned").get_by_role("checkbox", name="Choose logged_in")
    box.focus()
    officer.keyboard.press("Space")
    expect(box).to_be_checked()
    officer.get_by_role("button", name="Assign").focus()
    officer.keyboard.press("Enter")
    expect(officer.get_by_role("status")).to_contain_text("1 assigned to “Advice by telephone”")
    expect(officer.locator("#assigned")).to_contain_text("logged_in")
    officer.goto(f"/console/{filled.examples['workspace_id']}/purposes/advice")
    officer.get_by_role("link", name="Archive…").click()
    expect(officer.get_by_role("dialog")).to_contain_text("Something is assigned to it.")
