"""A real browser against a real server. Every request must stay on our own host, and the console of the browser must stay silent."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import Served

ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("TROTH_TEST_CHROMIUM", "/usr/bin/chromium")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Watch:
    """What a page did beside what it showed."""

    host: str
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def follow(self, page: Any) -> Any:
        page.on("request", lambda request: self._note(request.url))
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def _note(self, url: str) -> None:
        if urlsplit(url).scheme not in ("data", "about") and urlsplit(url).netloc != self.host:
            self.foreign.append(url)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"needs Chromium at {CHROMIUM}")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)  # nobody is measured by it; a machine may be busy with other things
    # Django refuses database calls where an event loop runs, and Playwright runs one in this thread; the tests talk to the server alone.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Any, troth_server: Any) -> Iterator[Callable[..., Any]]:
    """Open pages without a script engine unless asked for; at the end nothing foreign was fetched and nothing complained."""
    watch = Watch(urlsplit(troth_server.url).netloc)
    contexts = []

    def open_page(width: int = 1280, scheme: str = "light", *, scripts: bool = False) -> Any:
        context = chromium.new_context(
            base_url=troth_server.url, java_script_enabled=scripts, viewport={"width": width, "height": 800}, color_scheme=scheme
        )
        contexts.append(context)
        return watch.follow(context.new_page())

    yield open_page
    for context in contexts:
        context.close()
    assert watch.foreign == []
    assert watch.complaints == []


@pytest.fixture(scope="module")
def dana(troth_server: Any) -> dict[str, str]:
    """Dana agreed to marketing mail and got one; its body carries her link."""
    return plant(troth_server)


HTML = '<h1>Hello {{ person.name }}</h1><p>Your plan is {{ person.plan }}.</p><p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>'


def plant(server: Any, name: str = "dana", html: str = HTML) -> dict[str, str]:
    """A person with a marketing mail, made through the public doors. Returns her id, the id of the mail, and the token of its link."""
    call = Control(server)
    email, event = f"{name}@example.com", f"signed_up_{name}"
    draft = {
        "name": f"News for {name}",
        "trigger_event": event,
        "purpose": "marketing_email",
        "subject": "Welcome, {{ person.name }}",
        "html": html,
    }
    campaign = call("POST", "/campaigns", draft)
    call("POST", f"/campaigns/{campaign['id']}/publish", {})
    key = {"auth_token": server.workspace["auth_token"]}
    data = {"name": name.title(), "plan": "pro"}
    assert server.post("/api/v2/users/track", {**key, "id": name, "email": email, "data": data})[0] == 200
    for purpose in ("marketing_email", "behavioural_profiling"):
        said = {
            "purpose": purpose,
            "decision": "grant",
            "notice": "May we?",
            "default_state": "unchecked",
            "source_url": "https://example.com/join",
        }
        call("POST", f"/people/{name}/consents", said)
    tracked = {**key, "identity": {"id": name, "email": email}, "event_name": event, "data": {"from": "browser test"}}
    assert server.post("/api/v2/events/track", tracked)[0] == 200
    sent = server.eventually(lambda: [m for m in call("GET", f"/people/{name}/messages")["items"] if m["state"] == "sent"])
    mail = call("GET", f"/messages/{sent[0]['id']}")
    token = mail["text"].split("/u/")[1].split()[0].rstrip(")>")
    return {"person_id": mail["person_id"], "message_id": mail["id"], "token": token}


@dataclass
class Control:
    """The control API with the server key."""

    server: Any

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        import urllib.request

        request = urllib.request.Request(
            f"{self.server.url}/api/troth/v1{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Authorization": f"Bearer {self.server.workspace['auth_token']}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@pytest.fixture
def standing(troth_server: Any, dana: dict[str, str]) -> Callable[[], dict[str, str]]:
    """Where Dana stands, by purpose."""

    def read() -> dict[str, str]:
        rows = Control(troth_server)("GET", f"/people/{dana['person_id']}/consents")["standing"]
        return {row["purpose"]: row["standing"] for row in rows}

    return read


@dataclass
class Filled:
    """A served installation with a few hundred people and what they did, and a member of each role who is logged in."""

    served: Served
    examples: dict[str, Any]
    """One id of everything that an address can name."""
    sessions: dict[str, str]
    """The session of a member, by role."""

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.served.port}"

    def open_context(self, browser: Any, role: str, width: int = 1280, **options: Any) -> Any:
        """A browser context in which a member of that role is logged in."""
        context = browser.new_context(base_url=self.served.url, viewport={"width": width, "height": 800}, **options)
        context.add_cookies([{"name": "sessionid", "value": self.sessions[role], "url": self.served.url}])
        return context


@cache
def _fill_once() -> tuple[Path, Any]:
    """A data directory of a filled installation, and what the filling told."""
    folder = Path(tempfile.mkdtemp(prefix="troth-filled-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    command = [sys.executable, "-m", "bench.console_data", str(folder / "data"), "--people", "300", "--events", "12000"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TROTH_")}
    made = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return folder / "data", json.loads(made.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """See Filled; shared by the tests of a module, which get a copy of what is filled once."""
    data, told = _fill_once()
    folder = tmp_path_factory.mktemp("filled")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        served = Served(data=folder / "data", port=probe.getsockname()[1], log=folder / "server.log")
    shutil.copytree(data, served.data)
    served.workspace = {**told["keys"], "id": told["examples"]["workspace_id"]}
    served.start()
    yield Filled(served, told["examples"], told["sessions"])
    assert served.stop() == 0


@pytest.fixture
def findings() -> Iterator[list[str]]:
    """All that is wrong, told at the end in one message."""
    lines: list[str] = []
    yield lines
    assert not lines, f"{len(lines)} findings:\n" + "\n".join(lines)
