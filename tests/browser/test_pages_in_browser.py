"""Dana with the link in her mail, in a browser without a script engine."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_the_link_asks_and_only_the_button_unsubscribes(new_page: Any, dana: Any, standing: Any) -> None:
    page = new_page()
    page.goto(f"/u/{dana['token']}")
    expect(page.get_by_role("heading", name="Stop these mails?")).to_be_visible()
    assert standing()["marketing_email"] == "granted"
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    assert standing()["marketing_email"] == "refused"
    page.get_by_role("link", name="Choose what you want to get").click()
    box = page.get_by_role("listitem").filter(has_text="News and offers by e-mail").get_by_role("checkbox")
    expect(box).not_to_be_checked()
    assert page.context.cookies() == []


def test_choices_are_made_saved_and_still_there(new_page: Any, dana: Any, standing: Any) -> None:
    page = new_page(360)
    page.goto(f"/p/{dana['token']}")
    clicks = page.get_by_role("listitem").filter(has_text="Measure who clicks links").get_by_role("checkbox")
    clicks.check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved. It counts from now on.")
    assert standing()["click_tracking"] == "granted"
    page.goto(f"/p/{dana['token']}")
    expect(clicks).to_be_checked()
    clicks.uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_be_visible()
    assert standing()["click_tracking"] == "refused"
    page.reload()
    expect(clicks).not_to_be_checked()


def test_the_pages_work_from_the_keyboard_alone(new_page: Any, dana: Any, standing: Any) -> None:
    page = new_page()
    page.goto(f"/p/{dana['token']}")
    before = standing()["open_tracking"]
    opens = page.get_by_role("listitem").filter(has_text="Measure who opens mail").get_by_role("checkbox")
    for _ in range(10):
        page.keyboard.press("Tab")
        if opens.evaluate("box => box === document.activeElement"):
            break
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.get_by_role("status").wait_for()
    assert standing()["open_tracking"] != before


@pytest.mark.parametrize("width", [320, 1280])
def test_no_page_scrolls_sideways(new_page: Any, dana: Any, width: int) -> None:
    page = new_page(width)
    for path in (f"/u/{dana['token']}", f"/p/{dana['token']}"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
