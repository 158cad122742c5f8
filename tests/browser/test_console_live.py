"""Live in a browser, against a real server: what is sent appears while one looks."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Filled, Watch

pytestmark = pytest.mark.browser


@pytest.fixture
def developer(chromium: Any, filled: Filled) -> Any:
    """A page of a developer; nothing foreign is fetched on it, and nothing complains."""
    context = filled.open_context(chromium, "developer")
    watch = Watch(filled.host)
    yield watch.follow(context.new_page())
    context.close()
    assert watch.foreign == []
    assert watch.complaints == []


def live_of(filled: Filled) -> str:
    return f"/console/{filled.examples['workspace_id']}/live"


def send(filled: Filled, *messages: dict[str, Any]) -> None:
    key = base64.b64encode(f"{filled.served.workspace['write_key']}:".encode()).decode()
    batch = {"batch": [{"type": "track", **message} for message in messages]}
    assert filled.served.post("/v1/batch", batch, {"Authorization": f"Basic {key}"})[0] == 200


def listen(page: Any, filled: Filled) -> None:
    """Open Live, and wait until it listens and the web processes know: they look once a second who watches."""
    page.goto(live_of(filled))
    expect(page.get_by_text("listening", exact=True)).to_be_visible()
    filled.served.eventually(lambda: hears(page, filled))
    page.wait_for_timeout(1_500)


def hears(page: Any, filled: Filled) -> bool:
    send(filled, {"userId": "probe", "event": "Sound Heard"})
    page.wait_for_timeout(500)
    return bool(page.locator("tbody tr", has_text="sound_heard").count())


def test_what_is_sent_appears_with_what_became_of_it(developer: Any, filled: Filled) -> None:
    listen(developer, filled)
    before = developer.locator("tbody tr").count()
    send(filled, {"userId": "walter", "event": "Tea Ordered"}, {"userId": "walter"})
    row = developer.locator("tbody tr", has_text="tea_ordered")
    expect(row).to_be_visible()
    expect(row).to_contain_text("accepted")
    refused = developer.locator("tbody tr", has_text="refused").first
    expect(refused).to_contain_text("walter")
    expect(refused).to_contain_text("event")
    expect(developer.locator("tbody tr")).to_have_count(before + 2)
    row.get_by_role("link", name="tea_ordered").click()
    expect(developer.get_by_role("heading", level=1)).to_have_text("tea_ordered")
    expect(developer.locator("#raw")).to_contain_text('"Tea Ordered"')
    expect(developer.locator("#made")).to_contain_text("Track")
    developer.get_by_role("link", name="walter").click()
    expect(developer).to_have_url(re.compile(r"/people/\d+$"))


def test_a_filter_applies_to_what_arrives(developer: Any, filled: Filled) -> None:
    listen(developer, filled)
    developer.get_by_label("Refused only").check()
    expect(developer).to_have_url(re.compile(r"refused=1"))
    expect(developer.locator("tbody tr", has_text="accepted")).to_have_count(0)
    expect(developer.get_by_text("listening", exact=True)).to_be_visible()
    send(filled, {"userId": "wanda", "event": "Coffee Ordered"}, {"userId": "wanda"})
    expect(developer.locator("tbody tr", has_text="wanda")).to_contain_text("refused")
    expect(developer.locator("tbody")).not_to_contain_text("coffee_ordered")
    developer.get_by_label("Refused only").uncheck()
    developer.get_by_label("Event").fill("Coffee Ordered")
    expect(developer.locator("tbody tr")).to_have_count(1)
    expect(developer.locator("tbody tr")).to_contain_text("coffee_ordered")


def test_paused_it_stays_as_it_is_until_one_goes_on(developer: Any, filled: Filled) -> None:
    listen(developer, filled)
    developer.get_by_role("link", name="Pause").click()
    expect(developer.get_by_text("paused", exact=True)).to_be_visible()
    expect(developer).to_have_url(re.compile(r"paused=1"))
    expect(developer.locator("#pause")).to_be_focused()
    shown = developer.locator("tbody tr").count()
    send(filled, {"userId": "zoe", "event": "Milk Ordered"})
    developer.wait_for_timeout(2_500)
    assert developer.locator("tbody tr").count() == shown
    developer.get_by_role("link", name="Continue").click()
    expect(developer.get_by_text("listening", exact=True)).to_be_visible()
    expect(developer.locator("tbody")).to_contain_text("milk_ordered")  # others may have watched, or the watch was not over yet
    send(filled, {"userId": "zoe", "event": "Bread Ordered"})
    expect(developer.locator("tbody")).to_contain_text("bread_ordered")


def test_a_page_left_open_keeps_only_the_newest_rows(developer: Any, filled: Filled) -> None:
    listen(developer, filled)
    for part in range(5):
        # Rows come once a second, so that no second sees more than two of these: 50 are captured in one.
        send(filled, *({"userId": "many", "event": f"Row {part} {number}"} for number in range(24)))
        expect(developer.locator("tbody")).to_contain_text(f"row_{part}_23")
    expect(developer.locator("tbody tr")).to_have_count(100)


def test_without_script_the_page_shows_the_last_and_reloads(chromium: Any, filled: Filled) -> None:
    context = filled.open_context(chromium, "developer", java_script_enabled=False)
    page = context.new_page()
    page.goto(live_of(filled))

    def shows_what_is_sent() -> bool:
        send(filled, {"userId": "nora", "event": "Script Free"})
        page.get_by_role("link", name="Reload").click()
        return bool(page.get_by_text("script_free").count())

    filled.served.eventually(shows_what_is_sent)
    assert not page.get_by_text("connecting").is_visible()
    context.close()


def test_many_streams_leave_the_console_its_threads_and_a_stop_does_not_wait_for_them(chromium: Any, filled: Filled) -> None:
    import http.client

    streams = []
    for _ in range(20):
        connection = http.client.HTTPConnection(filled.host, timeout=10)
        connection.request("GET", f"{live_of(filled)}/stream", headers={"Cookie": f"sessionid={filled.sessions['developer']}"})
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.readline().startswith(b"retry")
        streams.append(connection)
    context = filled.open_context(chromium, "developer")
    context.new_page().goto(f"/console/{filled.examples['workspace_id']}/people")
    context.close()
    assert filled.served.stop() == 0, "else somebody did not end in the time given, and was killed"
    filled.served.start()
    for connection in streams:
        connection.close()
