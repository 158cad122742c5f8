"""The search over any page: opened with a key, moved through with arrows, and a page of its own where no script runs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Filled, Watch

pytestmark = pytest.mark.browser


@pytest.fixture
def marketer(chromium: Any, filled: Filled) -> Any:
    """A page of the marketer; nothing foreign is fetched on it, and nothing complains."""
    context = filled.open_context(chromium, "marketer")
    watch = Watch(filled.host)
    yield watch.follow(context.new_page())
    context.close()
    assert watch.foreign == []
    assert watch.complaints == []


def home_of(filled: Filled) -> str:
    return f"/console/{filled.examples['workspace_id']}/"


def test_a_person_is_reached_by_keys_alone(marketer: Any, filled: Filled) -> None:
    marketer.goto(home_of(filled))
    marketer.keyboard.press("Control+k")
    box = marketer.get_by_role("dialog").get_by_role("searchbox")
    expect(box).to_be_focused()
    marketer.keyboard.type("heavy-person")
    expect(marketer.locator("#found a").first).to_contain_text("heavy-person")
    marketer.keyboard.press("Enter")
    expect(marketer).to_have_url(re.compile(r"/people/\d+$"))


def test_arrows_move_through_what_was_found(marketer: Any, filled: Filled) -> None:
    marketer.goto(home_of(filled))
    marketer.get_by_role("link", name="Search", exact=False).first.click()
    expect(marketer.get_by_role("searchbox")).to_be_focused()
    marketer.keyboard.type("o")
    expect(marketer.locator("#found [data-for=o]")).to_be_visible()
    marketer.keyboard.press("ArrowDown")
    expect(marketer.locator("#found a").first).to_be_focused()
    marketer.keyboard.press("ArrowUp")
    expect(marketer.get_by_role("searchbox")).to_be_focused()
    # The first empties the field, as everywhere.
    marketer.keyboard.press("Escape")
    marketer.keyboard.press("Escape")
    expect(marketer.get_by_role("dialog")).to_have_count(0)


def test_without_scripts_the_search_is_a_page(chromium: Any, filled: Filled) -> None:
    context = filled.open_context(chromium, "marketer", java_script_enabled=False)
    page = context.new_page()
    page.goto(home_of(filled))
    page.get_by_role("link", name="Search", exact=False).first.click()
    page.get_by_role("searchbox").fill("people")
    page.keyboard.press("Enter")
    page.locator("#found").get_by_role("link", name="People").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("People")
    context.close()
