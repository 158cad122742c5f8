"""People in a browser: found and opened, corrected in a dialog, history that goes on by itself, erased with progress until the proof is there."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Filled, Watch

pytestmark = pytest.mark.browser


@pytest.fixture
def officer(chromium: Any, filled: Filled) -> Any:
    """A page of the privacy officer; nothing foreign is fetched on it, and nothing complains."""
    context = filled.open_context(chromium, "privacy_officer")
    watch = Watch(filled.host)
    yield watch.follow(context.new_page())
    context.close()
    assert watch.foreign == []
    assert watch.complaints == []


def people_of(filled: Filled) -> str:
    return f"/console/{filled.examples['workspace_id']}/people"


def bring(filled: Filled, name: str, events: int = 1) -> None:
    """Somebody arrives through the door with events, and their history is there."""
    token = {"auth_token": filled.served.workspace["auth_token"]}
    identity = {"id": name, "email": f"{name}@example.com"}
    assert filled.served.post("/api/v2/users/track", {**token, **identity, "data": {"team": "blue"}})[0] == 200
    for number in range(events):
        assert (
            filled.served.post("/api/v2/events/track", {**token, "identity": identity, "event_name": f"step {number}", "data": {}})[0]
            == 200
        )


def find(page: Any, filled: Filled, name: str) -> None:
    page.goto(people_of(filled))
    page.get_by_label("Find").fill(f"{name}@")
    row = page.get_by_role("link", name=f"{name}@example.com")
    expect(page.locator("#results tbody tr")).to_have_count(1)
    row.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{name}@example.com")


def test_somebody_is_found_while_typing_and_corrected_in_a_dialog(officer: Any, filled: Filled) -> None:
    bring(filled, "greta")
    find(officer, filled, "greta")
    officer.get_by_role("link", name="Correct team").click()
    dialog = officer.get_by_role("dialog")
    expect(dialog).to_contain_text("Art. 16")
    dialog.get_by_label("Value").fill("solo")
    dialog.get_by_role("button", name="Save").click()
    expect(officer.locator("#attributes")).to_contain_text("solo")
    expect(officer.get_by_role("status")).to_contain_text("“team” is corrected")
    expect(officer.locator("ol.timeline")).to_contain_text("Rectification")


def test_a_dialog_is_left_with_escape_and_nothing_has_happened(officer: Any, filled: Filled) -> None:
    bring(filled, "hugo")
    find(officer, filled, "hugo")
    officer.get_by_role("link", name="Erase…").click()
    expect(officer.get_by_role("dialog")).to_contain_text("Events: what the person did")
    officer.keyboard.press("Escape")
    expect(officer.get_by_role("dialog")).to_have_count(0)
    officer.reload()
    expect(officer.get_by_role("heading", level=1)).to_have_text("hugo@example.com")


def test_the_history_goes_on_while_scrolling(officer: Any, filled: Filled) -> None:
    bring(filled, "ines", events=90)
    find(officer, filled, "ines")
    items = officer.locator("ol.timeline > li")
    for _ in range(12):
        officer.keyboard.press("End")
        if items.filter(has_text="first known").count():
            break
        officer.wait_for_timeout(150)
    expect(items.filter(has_text="first known")).to_have_count(1)
    told = [re.search(r"step_\d+|step \d+", text) for text in items.all_inner_texts()]
    steps = [found[0] for found in told if found]
    assert len(steps) == len(set(steps)) == 90


def test_an_erasure_shows_its_progress_and_ends_with_the_certificate(officer: Any, filled: Filled) -> None:
    bring(filled, "jonas")
    find(officer, filled, "jonas")
    officer.get_by_role("link", name="Erase…").click()
    dialog = officer.get_by_role("dialog")
    dialog.get_by_label("Yes, erase this person.").check()
    dialog.get_by_role("button", name="Erase").click()
    expect(officer.get_by_role("heading", level=1)).to_have_text("Erasure")
    # The page asks by itself; nobody reloads it.
    expect(officer.get_by_text("nothing of the person is left")).to_be_visible(timeout=60_000)
    with officer.expect_download() as downloaded:
        officer.get_by_role("link", name="Certificate").click()
    certificate = downloaded.value.path().read_text()
    assert json.loads(certificate)
    assert "jonas" not in certificate
    officer.goto(f"{people_of(filled)}?q=jonas@example.com")
    expect(officer.get_by_text("Nobody found")).to_be_visible()


def test_without_scripts_the_same_is_done_on_pages(chromium: Any, filled: Filled) -> None:
    bring(filled, "karla")
    context = filled.open_context(chromium, "privacy_officer", java_script_enabled=False)
    page = context.new_page()
    page.goto(people_of(filled))
    page.get_by_label("Find").fill("karla")
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("link", name="karla@example.com").click()
    page.get_by_role("link", name="Restrict…").click()
    page.get_by_role("button", name="Restrict").click()
    expect(page.get_by_text("Processing is restricted.")).to_be_visible()
    context.close()
