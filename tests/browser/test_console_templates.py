"""A marketer writes a template in MJML and another language, sees it on a phone and in the dark, inserts what is known, and publishes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Filled, Watch

pytestmark = pytest.mark.browser
MJML = "<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ person.name | default: 'you' }}</mj-text></mj-column></mj-section></mj-body></mjml>"


@pytest.fixture
def marketer(chromium: Any, filled: Filled) -> Iterator[Any]:
    """A page of the marketer; nothing foreign is fetched on it, and nothing complains."""
    watch = Watch(filled.host)
    context = filled.open_context(chromium, "marketer")
    yield watch.follow(context.new_page())
    context.close()
    assert watch.foreign == []
    assert watch.complaints == []


def test_a_template_is_written_seen_translated_and_published(marketer: Any, filled: Filled) -> None:
    page = marketer
    page.goto(f"/console/{filled.examples['workspace_id']}/templates")
    page.get_by_role("link", name="New e-mail").click()
    mail = page.frame_locator("iframe.mail")
    expect(mail.get_by_role("heading", name="Hello there")).to_be_visible()

    page.get_by_label("Key").fill("spring")
    page.get_by_label("Name").fill("Spring")
    page.get_by_label("Subject").fill("Spring is here")
    page.get_by_label("Written in", exact=True).select_option("mjml")
    page.get_by_label("Body").fill("<mjml><mj-body>\n<mj-sec></mj-sec></mj-body></mjml>")
    expect(page.get_by_text("MJML has no <mj-sec>").first).to_be_visible()
    page.get_by_label("Body").fill(MJML)
    expect(mail.get_by_text("Hello you")).to_be_visible()
    page.get_by_text("Made up", exact=True).click()
    page.get_by_label("A made-up person").fill('{"name": "Al"}')
    expect(mail.get_by_text("Hello Al")).to_be_visible()
    page.get_by_role("radio", name="Phone").check()
    page.get_by_role("radio", name="Dark").check()
    expect(mail.get_by_text("Hello Al")).to_be_visible()
    assert page.locator("iframe.mail").bounding_box()["width"] <= 376

    page.get_by_label("Subject").fill("Hi ")
    page.get_by_label("Subject").press("End")
    page.get_by_text("What can be inserted").click()
    page.get_by_role("button", name="person.email", exact=True).click()
    assert page.get_by_label("Subject").input_value() == "Hi {{ person.email }}"
    page.get_by_label("Subject").fill("Hi ")
    page.get_by_label("Subject").press("End")
    page.get_by_label("Subject").press_sequentially("{{ person.em")
    expect(page.get_by_role("button", name="event.name", exact=True)).to_be_hidden()
    page.get_by_role("button", name="person.email", exact=True).click()
    assert page.get_by_label("Subject").input_value() == "Hi {{ person.email }}"
    expect(page.get_by_role("button", name="event.name", exact=True)).to_be_visible()

    page.get_by_role("button", name="Save the draft").click()
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Translate into").fill("de")
    page.get_by_role("button", name="Write", exact=True).click()
    page.get_by_label("Subject").fill("Der Frühling ist da")
    expect(mail.get_by_text("Hello you")).to_be_visible()
    page.get_by_role("button", name="Save and publish…").click()
    expect(page.get_by_role("heading", name="Publish “Spring” as version 1")).to_be_visible()
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("link", name="Version 1")).to_be_visible()
    page.get_by_role("link", name="de", exact=True).click()
    expect(page.get_by_text("Der Frühling ist da")).to_be_visible()
