"""A person from the form on somebody's site to the mail, the button, the receipt and the withdrawal: real browser, real mail server, other origins."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Control
from tests.conftest import Served, make_served
from tests.mail_server import Kept, run_mail_server

pytestmark = pytest.mark.browser
TEXT = "Acme Ltd writes to you once a week about its shoes.\n\nStop with the link in every mail."
SAYS = {"controller": "Acme Ltd", "purposes": "news about shoes", "data": "e-mail address", "withdrawal": "link in every mail"}


@dataclass
class Shop:
    """A site of the company, on an origin of its own."""

    url: str = ""
    pages: dict[str, str] = field(default_factory=dict)


@dataclass
class Acme:
    """An installation that sends real mail, a published notice, a form for it, and the company's site."""

    served: Served
    mail: Kept
    shop: Shop
    form_id: str = ""
    snippets: dict[str, str] = field(default_factory=dict)

    def standing(self, email: str) -> str:
        rows = Control(self.served)("GET", f"/people/email:{email}/consents")["standing"]
        return str(next(row["standing"] for row in rows if row["purpose"] == "marketing_email"))

    def link_for(self, email: str) -> str:
        """The link of the confirmation mail, once it has come."""

        def find() -> str:
            for recipients, raw in list(self.mail.mails):
                part = message_from_bytes(raw, policy=default).get_body(("plain",))
                if email in recipients and part and (found := re.search(r"http://\S+/c/\S+", part.get_content())):
                    return found[0]
            return ""

        return str(self.served.eventually(find))


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    site = Shop()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = site.pages.get(self.path)
            body = (page or "").encode()
            self.send_response(200 if page else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield site
    server.shutdown()


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory, shop: Shop, chromium: Any) -> Iterator[Acme]:
    for mail, url in run_mail_server():
        served = make_served(tmp_path_factory.mktemp("acme"), TROTH_EMAIL_URL=url)
        served.start()
        made = Acme(served, mail, shop)
        call = Control(served)
        call("POST", "/notices", {"key": "shoes", "title": "Shoes", "purposes": ["marketing_email"]})
        call("PUT", "/notices/shoes/drafts", {"language": "en", "text": TEXT, "says": SAYS})
        call("POST", "/notices/shoes/publish", {})
        said = {"title": "Footer", "notice": "shoes", "origins": [shop.url], "fields": [{"attribute": "first_name", "label": "First name"}]}
        made.form_id = call("POST", "/forms", said)["id"]
        made.snippets = read_snippets(chromium, made)
        shop.pages["/script"] = f"<!doctype html><title>Shop</title><h1>Shop</h1>{made.snippets['script']}"
        shop.pages["/plain"] = f"<!doctype html><html lang=en><title>Shop</title><h1>Shop</h1>{made.snippets['plain']}</html>"
        yield made
        assert served.stop() == 0


def read_snippets(chromium: Any, acme: Acme) -> dict[str, str]:
    """What the console tells a member to put into their site."""
    context = chromium.new_context(base_url=acme.served.url)
    page = context.new_page()
    page.goto("/console/account/login/")
    page.get_by_label("E-mail").fill("alice@example.com")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Log in", exact=True).click()
    page.get_by_role("link", name="Forms", exact=True).click()
    page.get_by_role("link", name="Footer").click()
    found = dict(zip(("link", "script", "plain"), page.locator("main pre code").all_inner_texts(), strict=True))
    context.close()
    return found


@pytest.fixture
def visit(chromium: Any, acme: Acme) -> Iterator[Any]:
    """A browser that fetches from the company and from Troth alone, and where nothing complains."""
    hosts, foreign, complaints, contexts = (acme.served.url, acme.shop.url), [], [], []

    def open_page(*, scripts: bool, width: int = 1280) -> Any:
        context = chromium.new_context(java_script_enabled=scripts, viewport={"width": width, "height": 900}, locale="en-GB")
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: None if request.url.startswith((*hosts, "data:", "about:")) else foreign.append(request.url))
        page.on(
            "console",
            lambda message: complaints.append(message.text) if message.type == "error" and "favicon" not in message.text else None,
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert foreign == []
    assert [said for said in complaints if "404" not in said] == []


def fill_in(form: Any, email: str) -> None:
    form.get_by_label("E-mail address").fill(email)
    form.get_by_label("First name").fill("Dana")
    box = form.get_by_role("checkbox", name="Yes, I agree")
    expect(box).not_to_be_checked()
    box.check()
    form.get_by_role("button", name="Send").click()


def test_with_a_script_from_another_site_to_the_receipt_and_back(acme: Acme, visit: Any) -> None:
    page = visit(scripts=True)
    page.goto(f"{acme.shop.url}/script")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("once a week about its shoes")).to_be_visible()
    fill_in(frame, "dana@shop.example")
    expect(frame.get_by_role("heading", name="Look into your mail")).to_be_visible()
    link = acme.link_for("dana@shop.example")
    page.goto(link)
    assert acme.served.post("/api/troth/v1/people/email:dana@shop.example", b"", method="GET")[0] in (401, 404)
    page.get_by_role("button", name="Yes, I confirm").click()
    expect(page.get_by_text("It counts from now on")).to_be_visible()
    assert acme.standing("dana@shop.example") == "granted"
    choices = page.get_by_role("link", name="See and change your choices").get_attribute("href")
    page.get_by_role("link", name="Your receipt").first.click()
    expect(page.get_by_role("heading", name="Receipt of your decision")).to_be_visible()
    expect(page.get_by_text("You agreed.")).to_be_visible()
    expect(page.get_by_text("once a week about its shoes")).to_be_visible()
    page.goto(f"{acme.served.url}{choices}")
    box = page.get_by_role("listitem").filter(has_text="News and offers by e-mail").get_by_role("checkbox", name="Yes, I agree")
    expect(box).to_be_checked()
    box.uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved. It counts from now on.")
    assert acme.standing("dana@shop.example") == "refused"


def test_without_a_script_the_plain_form_does_the_same(acme: Acme, visit: Any) -> None:
    page = visit(scripts=False, width=360)
    page.goto(f"{acme.shop.url}/plain")
    fill_in(page, "erin@shop.example")
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    page.goto(acme.link_for("erin@shop.example"))
    page.get_by_role("button", name="Yes, I confirm").click()
    assert acme.standing("erin@shop.example") == "granted"
    page.get_by_role("link", name="See and change your choices").click()
    page.get_by_role("button", name="No to everything").click()
    expect(page.get_by_role("status")).to_have_text("Done. Nothing of all this happens any more.")
    assert acme.standing("erin@shop.example") == "refused"
    expect(page.get_by_role("link", name="Receipt").first).to_be_visible()


def press_tab_to(page: Any, name: str, role: str) -> None:
    """Move the focus with the Tab key alone until it is there."""
    wanted = page.get_by_role(role, name=name).first
    for _ in range(40):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {name}")


def test_by_keyboard_alone(acme: Acme, visit: Any) -> None:
    page = visit(scripts=True)
    page.goto(f"{acme.served.url}/f/{acme.form_id}")
    press_tab_to(page, "E-mail address", "textbox")
    page.keyboard.type("frank@shop.example")
    press_tab_to(page, "Yes, I agree", "checkbox")
    page.keyboard.press("Space")
    press_tab_to(page, "Send", "button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    page.goto(acme.link_for("frank@shop.example"))
    press_tab_to(page, "Yes, I confirm", "button")
    page.keyboard.press("Enter")
    expect(page.get_by_text("It counts from now on")).to_be_visible()
    assert acme.standing("frank@shop.example") == "granted"
    press_tab_to(page, "See and change your choices", "link")
    page.keyboard.press("Enter")
    press_tab_to(page, "Yes, I agree", "checkbox")
    page.keyboard.press("Space")
    press_tab_to(page, "Save", "button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Saved. It counts from now on.")
    assert acme.standing("frank@shop.example") == "refused"


def test_another_site_cannot_frame_the_form(acme: Acme, chromium: Any) -> None:
    other = Control(acme.served)("POST", "/forms", {"title": "Elsewhere", "notice": "shoes", "origins": ["https://elsewhere.example"]})
    acme.shop.pages["/stolen"] = f"<!doctype html><title>x</title><iframe src='{acme.served.url}/f/{other['id']}'></iframe>"
    context = chromium.new_context()
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{acme.shop.url}/stolen")
    expect(page.frame_locator("iframe").get_by_label("E-mail address")).to_have_count(0)
    context.close()
    assert any("frame-ancestors 'self' https://elsewhere.example" in said for said in complaints)
