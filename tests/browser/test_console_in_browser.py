"""Alice logs in and looks around; a mail that she opens reaches nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import plant

pytestmark = pytest.mark.browser


def log_in(page: Any) -> None:
    page.goto("/")
    page.get_by_label("E-mail").fill("Alice@example.com")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Log in", exact=True).click()


def test_a_member_logs_in_looks_around_and_logs_out(new_page: Any, dana: Any) -> None:
    page = new_page()
    log_in(page)
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    page.get_by_role("link", name="Outbox", exact=True).click()
    page.get_by_role("link", name="Welcome, Dana").first.click()
    mail = page.frame_locator("iframe")
    expect(mail.get_by_role("heading", name="Hello Dana")).to_be_visible()
    page.get_by_role("link", name="dana@example.com").first.click()
    expect(page.get_by_role("heading", name="dana@example.com")).to_be_visible()
    expect(page.get_by_text("signed_up_dana").first).to_be_visible()
    page.locator("details.upward > summary").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in", exact=True)).to_be_visible()
    page.goto("/console/")
    expect(page.get_by_role("button", name="Log in", exact=True)).to_be_visible()


def test_a_wrong_password_is_refused(new_page: Any) -> None:
    page = new_page()
    page.goto("/console/account/login/")
    page.get_by_label("E-mail").fill("alice@example.com")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert "/login" in page.url


class Tracker(BaseHTTPRequestHandler):
    """Somebody else's server that would like to know who opens a mail."""

    hits: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.hits.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the signature of the base class
        pass


@pytest.fixture
def tracker() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Tracker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_mail_in_the_console_runs_no_script_and_calls_nobody(chromium: Any, troth_server: Any, tracker: HTTPServer) -> None:
    pixel = f"http://127.0.0.1:{tracker.server_port}/pixel.gif"
    html = f"<h1>Hello</h1><script>document.title='broken into';new Image().src='{pixel}?script'</script><img src='{pixel}' onerror=\"document.title='broken into'\">"
    mail = plant(troth_server, "erin", html)
    context = chromium.new_context(base_url=troth_server.url)
    page = context.new_page()
    log_in(page)
    page.goto(f"/console/{troth_server.workspace['id']}/outbox/{mail['message_id']}")
    frame = page.locator("iframe").first
    page.frame_locator("iframe").get_by_role("heading", name="Hello").wait_for()
    page.goto(frame.get_attribute("src"))
    expect(page.get_by_role("heading", name="Hello")).to_be_visible()
    assert page.title() != "broken into"
    page.wait_for_load_state("networkidle")
    assert Tracker.hits == []
    context.close()


def test_the_documentation_of_the_api_needs_nobody_else(new_page: Any) -> None:
    page = new_page(scripts=True)
    page.goto("/api/troth/v1/docs")
    expect(page.get_by_text("/api/troth/v1/people/{person}/erasure").first).to_be_visible()
