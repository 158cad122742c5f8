"""“My data” in a browser: without a script engine, on a phone, by keyboard, and as axe sees it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.axe import CONTRAST, find_violations
from tests.browser.conftest import plant

pytestmark = pytest.mark.browser
MAKE = """
import django; django.setup()
from troth.kernel.clock import now_ms
from troth.people.lookup import find_person
from troth.privacy.desk.links import make_data_token
from troth.workspaces.models import Workspace
workspace = Workspace.objects.get()
print(workspace.pk, make_data_token(find_person(workspace.pk, {email!r}), {email!r}, now_ms()))
"""


def link_of(server: Any, name: str) -> tuple[str, str]:
    """Where a person asks for a link, and the link that they would get by mail."""
    plant(server, name)
    settings = {**os.environ, "TROTH_DATA": str(server.data), "DJANGO_SETTINGS_MODULE": "troth.project.settings"}
    code = MAKE.format(email=f"{name}@example.com")
    told = subprocess.run([sys.executable, "-c", code], env=settings, check=True, capture_output=True, text=True).stdout.split()
    return f"/my/of/{told[-2]}", f"/my/{told[-1]}"


@pytest.fixture(scope="module")
def emil(troth_server: Any) -> tuple[str, str]:
    return link_of(troth_server, "emil")


def test_a_person_sees_corrects_and_erases_on_a_phone_without_a_script(new_page: Any, troth_server: Any) -> None:
    _ask, link = link_of(troth_server, "frida")
    page = new_page(360)
    page.goto(link)
    expect(page.get_by_text("frida@example.com").first).to_be_visible()
    page.get_by_text("Events: what the person did").click()
    expect(page.get_by_text("signed_up_frida").first).to_be_visible()
    page.get_by_role("link", name="Correct it").click()
    page.get_by_label("name", exact=True).fill("Frieda")
    page.get_by_role("button", name="Send the corrections").click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()
    page.get_by_role("link", name="Back to my data").click()
    page.get_by_role("link", name="Erase everything").click()
    page.get_by_label("I am sure.").check()
    page.get_by_role("button", name="Erase everything").click()
    expect(page.get_by_role("status")).to_contain_text("Nobody sees your data any more")
    page.get_by_role("link", name="Follow this request").click()
    proof = page.url
    expect(page.get_by_role("heading", name="Your request: erasure")).to_be_visible()

    def is_erased() -> bool:
        page.goto(proof)
        return bool(page.get_by_text("nothing of you is left").count())

    troth_server.eventually(is_erased)
    assert page.context.cookies() == []


def test_what_was_provided_is_sent_to_another_company_on_a_phone_without_a_script(new_page: Any, troth_server: Any) -> None:
    _ask, link = link_of(troth_server, "gesa")
    page = new_page(360)
    page.goto(link)
    page.get_by_role("link", name="Have it sent to another company").click()
    page.get_by_label("Who gets it").fill("Other Ltd")
    page.get_by_label("Address that takes the file").fill("https://127.0.0.1:9/inbox")
    if target := os.environ.get("TROTH_TEST_PICTURES"):
        page.screenshot(path=f"{target}/my-handover.png", full_page=True)
    page.get_by_label("I am sure.").check()
    page.get_by_role("button", name="Send it there").click()
    expect(page.get_by_role("status")).to_contain_text("on its way to Other Ltd")
    page.get_by_role("link", name="Follow this request").click()
    expect(page.get_by_role("heading", name="Your request: data to take along")).to_be_visible()
    if target := os.environ.get("TROTH_TEST_PICTURES"):
        page.screenshot(path=f"{target}/my-handover-request.png", full_page=True)


def test_the_link_is_asked_for_by_keyboard_alone(new_page: Any, emil: tuple[str, str]) -> None:
    page = new_page()
    page.goto(emil[0])
    page.keyboard.press("Tab")
    page.keyboard.type("nobody@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("nothing is held under it")


@pytest.mark.parametrize("width", [320, 1280])
def test_no_page_scrolls_sideways(new_page: Any, emil: tuple[str, str], width: int) -> None:
    page = new_page(width)
    ask, link = emil
    for path in (ask, link, f"{link}/correct", f"{link}/do/erase", f"{link}/do/human_review", f"{link}/hand-over"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.node
def test_axe_finds_nothing_serious_by_day_and_night(new_page: Any, emil: tuple[str, str]) -> None:
    ask, link = emil
    found = []
    for scheme in ("light", "dark"):
        page = new_page(360, scheme, scripts=True)
        for path in (ask, link, f"{link}/correct", f"{link}/do/erase", f"{link}/do/human_review", f"{link}/hand-over"):
            page.goto(path)
            page.evaluate("() => document.querySelectorAll('details').forEach(one => one.open = true)")
            found += [f"{path} ({scheme}): {line}" for line in find_violations(page, rules=CONTRAST if scheme == "dark" else None)]
    assert found == []
