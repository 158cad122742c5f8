"""Coming in with more than a password: codes of an app, recovery codes, passkeys (Chromium's own authenticator), and sessions that are ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from playwright.sync_api import expect

from tests.browser.conftest import Watch
from tests.conftest import Served, make_served

pytestmark = pytest.mark.browser
EMAIL, PASSWORD = "alice@example.com", "correct horse battery"
ACCOUNT = "/console/account"


@pytest.fixture
def served(tmp_path: Any) -> Iterator[Served]:
    """An installation under a name, for passkeys belong to a domain and not to a number."""
    served = make_served(tmp_path)
    served.environment["TROTH_URL"] = f"http://localhost:{served.port}"
    served.start()
    yield served
    assert served.stop() == 0


@pytest.fixture
def open_page(chromium: Any, served: Served) -> Iterator[Any]:
    """Open a browser of its own each time."""
    watch = Watch(f"localhost:{served.port}")
    contexts = []

    def open_one() -> Any:
        context = chromium.new_context(base_url=served.environment["TROTH_URL"])
        contexts.append(context)
        return watch.follow(context.new_page())

    yield open_one
    for context in contexts:
        context.close()
    assert watch.foreign == []
    assert watch.complaints == []


def give_password(page: Any) -> None:
    page.goto(f"{ACCOUNT}/login/")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()


def confirm(page: Any) -> None:
    """Say the password once more where the page wants it."""
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on", exact=True).click()


def codes_of(secret: str) -> list[str]:
    """The codes that are taken now: clocks may differ by half a minute. Each is taken once."""
    return [format_hotp_value(hotp_value(secret, counter)) for counter in yield_hotp_counters_from_time()]


def plug_in_authenticator(page: Any) -> None:
    """A device with a passkey store that always recognises its owner."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def is_inside(page: Any) -> None:
    expect(page.get_by_role("heading", name="Home")).to_be_visible()


def test_a_passkey_is_added_and_opens_the_console_alone(open_page: Any) -> None:
    page = open_page()
    plug_in_authenticator(page)
    give_password(page)
    page.goto(f"{ACCOUNT}/passkeys/add/")
    confirm(page)
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Go on in the browser").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.goto(f"{ACCOUNT}/passkeys/")
    expect(page.get_by_role("row").filter(has_text="Laptop")).to_contain_text("log-in alone")
    page.context.clear_cookies()
    page.goto(f"{ACCOUNT}/login/")
    page.get_by_role("button", name="Use a passkey").click()
    is_inside(page)


def test_with_a_passkey_the_password_alone_opens_nothing(open_page: Any) -> None:
    page = open_page()
    plug_in_authenticator(page)
    give_password(page)
    page.goto(f"{ACCOUNT}/passkeys/add/")
    confirm(page)
    page.get_by_label("Name").fill("Key")
    page.get_by_role("button", name="Go on in the browser").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    thief = open_page()
    give_password(thief)
    expect(thief.get_by_role("heading", name="Second step")).to_be_visible()
    thief.goto("/console/")
    expect(thief.get_by_role("heading", name="Home")).to_have_count(0)
    page.context.clear_cookies()
    give_password(page)
    page.get_by_role("button", name="Use a passkey").click()
    is_inside(page)


def test_an_app_protects_the_log_in_and_a_recovery_code_opens_it_once(open_page: Any) -> None:
    page = open_page()
    give_password(page)
    page.goto(f"{ACCOUNT}/two-factor/app/add/")
    confirm(page)
    secret = page.locator("pre code").inner_text().strip()
    page.get_by_label("Code").fill(codes_of(secret)[0])
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    codes = page.locator("pre code").inner_text().split()
    assert len(codes) >= 8
    other = open_page()
    give_password(other)
    other.get_by_label("Code").fill("000000")
    other.get_by_role("button", name="Log in", exact=True).click()
    expect(other.get_by_role("heading", name="Second step")).to_be_visible()
    other.get_by_label("Code").fill(codes[0])
    other.get_by_role("button", name="Log in", exact=True).click()
    is_inside(other)
    third = open_page()
    give_password(third)
    third.get_by_label("Code").fill(codes[0])
    third.get_by_role("button", name="Log in", exact=True).click()
    expect(third.get_by_role("heading", name="Second step")).to_be_visible()
    third.get_by_label("Code").fill(codes_of(secret)[-1])
    third.get_by_role("button", name="Log in", exact=True).click()
    is_inside(third)


def test_ending_the_other_sessions_ends_them(open_page: Any) -> None:
    here, elsewhere = open_page(), open_page()
    for page in (here, elsewhere):
        give_password(page)
        is_inside(page)
    here.goto(f"{ACCOUNT}/sessions/")
    expect(here.locator("tbody tr")).to_have_count(2)
    here.get_by_role("button", name="End all other sessions").click()
    expect(here.locator("tbody tr")).to_have_count(1)
    elsewhere.goto("/console/")
    expect(elsewhere.get_by_role("button", name="Log in", exact=True)).to_be_visible()
    here.goto("/console/")
    is_inside(here)
