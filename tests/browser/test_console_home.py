"""Home and Audit in a browser: figures that move, ranges and filters that can be shared, a log that leads to its persons."""

from __future__ import annotations

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


def home_of(filled: Filled) -> str:
    return f"/console/{filled.examples['workspace_id']}/"


def read_rate(page: Any) -> int:
    return int(re.sub(r"\D", "", page.locator("#now .figure").first.inner_text()))


def test_the_live_number_moves_when_an_event_arrives(officer: Any, filled: Filled) -> None:
    officer.goto(home_of(filled))
    before = read_rate(officer)
    events = [
        {"type": "track", "anonymousId": f"visitor-{number}", "event": "Page Viewed", "messageId": f"m-{number}"} for number in range(50)
    ]
    key = filled.served.workspace["write_key"]
    assert filled.served.post("/v1/batch", {"writeKey": key, "batch": events})[0] == 200
    officer.wait_for_function(
        "(least) => Number(document.querySelector('#now .figure').textContent.replace(/\\D/g, '')) >= least",
        arg=before + 25,
        timeout=60_000,
    )
    assert officer.url.endswith(home_of(filled))


def test_a_range_has_an_address_that_can_be_shared(officer: Any, filled: Filled) -> None:
    officer.goto(home_of(filled))
    officer.get_by_role("link", name="30 days").click()
    expect(officer).to_have_url(re.compile(r"\?range=30d$"))
    expect(officer.get_by_text("Events per day")).to_be_visible()
    expect(officer.get_by_role("link", name="30 days")).to_have_attribute("aria-current", "page")


def test_the_log_is_filtered_without_a_button_and_exported(officer: Any, filled: Filled) -> None:
    officer.goto(f"{home_of(filled)}audit")
    officer.locator("select[name=action]").select_option("person.read")
    expect(officer).to_have_url(re.compile("action=person.read"))
    expect(officer.locator("tbody tr").first).to_contain_text("opened a person")
    expect(officer.locator("tbody")).not_to_contain_text("read the audit log")
    with officer.expect_download() as downloaded:
        officer.get_by_role("link", name="CSV").click()
    lines = downloaded.value.path().read_text().splitlines()
    assert lines[0] == "entry,at,member,member_id,role,action,person,reason,address,detail"
    assert len(lines) > 1
    assert all(",person.read," in line for line in lines[1:])
    officer.goto(f"{home_of(filled)}audit?action=audit.exported")
    expect(officer.locator("tbody tr").first).to_contain_text("format: csv")
