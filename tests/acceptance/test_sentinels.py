"""Marked values go through every door, well-formed, malformed and into every failure; no log and no error output may hold one of them."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import re
import socket
import sqlite3
import urllib.parse
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.conftest import Served, make_served

MARK = "zq7sentinel"
EMAIL = f"{MARK}.mail@example.com"
ID = f"{MARK}-id"
NAME = f"{MARK} Name"
PROPERTY = f"{MARK}-property"
TOKEN = f"{MARK}-token-0123456789"


class Refuser:
    """A mail server that repeats the address in everything it says."""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        return f"550 5.1.1 <{address}> is unknown here"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(Refuser(), hostname="127.0.0.1", port=port)
    controller.start()
    served = make_served(tmp_path_factory.mktemp("served"), TROTH_EMAIL_URL=f"smtp+plain://127.0.0.1:{port}")
    served.start()
    yield served
    assert served.stop() == 0
    controller.stop()


def ask(server: Served, method: str, path: str, body: bytes = b"", **headers: str) -> int:
    """A request as raw as needed; the status, 0 when hung up on."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json", **headers})
        return connection.getresponse().status
    except (http.client.HTTPException, OSError):
        return 0
    finally:
        connection.close()


def speak_well(server: Served) -> None:
    keys = server.workspace
    identity = {"id": ID, "email": EMAIL}
    assert server.post("/api/v2/users/track", {"auth_token": keys["auth_token"], **identity, "data": {"first_name": NAME}})[0] == 200
    event = {"auth_token": keys["auth_token"], "identity": identity, "event_name": f"{MARK} event", "data": {"secret": PROPERTY, "zero": 0}}
    assert server.post("/api/v2/events/track", event)[0] == 200
    query = urllib.parse.urlencode({"auth_token": keys["tracking_api_key"], "id": ID, "email": EMAIL})
    assert ask(server, "POST", f"/api/v2/users/track?{query}") == 200
    batch = [{"type": "identify", "userId": ID, "anonymousId": f"{MARK}-anonymous", "traits": {"email": EMAIL}}]
    authorization = "Basic " + base64.b64encode(f"{keys['write_key']}:".encode()).decode()
    packed = gzip.compress(json.dumps({"batch": batch}).encode())
    assert ask(server, "POST", "/v1/batch", packed, Authorization=authorization, **{"Content-Encoding": "gzip"}) == 200


def control(server: Served, method: str, path: str, body: Any = None) -> int:
    return ask(
        server,
        method,
        f"/api/troth/v1{path}",
        json.dumps(body).encode() if body else b"",
        Authorization=f"Bearer {server.workspace['auth_token']}",
    )


def publish(server: Served, name: str, html: str) -> None:
    campaign = {"name": name, "trigger_event": f"{MARK} event", "purpose": "service", "subject": "Hi {{ person.first_name }}", "html": html}
    bearer = {"Authorization": f"Bearer {server.workspace['auth_token']}"}
    status, answer = server.post("/api/troth/v1/campaigns", campaign, bearer)
    assert status == 201, answer
    assert server.post(f"/api/troth/v1/campaigns/{json.loads(answer)['id']}/publish", {}, bearer)[0] == 200


def speak_badly(server: Served) -> None:
    """Whatever a client can get wrong, with the marks in it."""
    token = server.workspace["auth_token"]
    good = {"auth_token": token, "identity": {"id": ID, "email": EMAIL}, "event_name": MARK, "data": {"secret": PROPERTY, "zero": 0}}
    raw = json.dumps(good).encode()
    for body in (
        raw[:-3],
        raw + b"]",
        raw.replace(b'"secret"', b'"se\\u0000cret"'),
        raw.replace(PROPERTY.encode(), b"\xff\xfe"),
        MARK.encode() * 10,
    ):
        for path in ("/api/v2/events/track", "/api/v2/users/track", "/v1/batch", "/v1/track", "/v1/identify"):
            assert 400 <= ask(server, "POST", path, body) < 500
    assert ask(server, "POST", "/api/v2/events/track", json.dumps({**good, "auth_token": TOKEN}).encode()) == 401
    assert ask(server, "POST", f"/api/v2/nothing/{EMAIL}?auth_token={TOKEN}", raw) == 404
    assert ask(server, "POST", "/v1/batch", raw, Authorization=f"Basic {base64.b64encode(TOKEN.encode()).decode()}") == 401
    assert ask(server, "POST", "/v1/batch", raw, **{"Content-Encoding": "gzip"}) == 400
    ask(server, "POST", "/v1/batch", raw, **{"Content-Type": f"application/json; charset={MARK}", "X-Odd": EMAIL})
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(f"POST /v1/{EMAIL} HTTP/1.1\r\nHost: {MARK}\r\nContent-Length: x{ID}\r\n\r\n{PROPERTY}".encode())
        client.recv(1_000)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(f"POST /api/v2/events/track HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n{EMAIL}".encode())


def use_pages_and_controls(server: Served) -> None:
    """Pages, the control API and the console, rightly and wrongly."""
    quoted = urllib.parse.quote(EMAIL)
    assert control(server, "GET", f"/people/email:{quoted}") == 200
    assert control(server, "GET", f"/people/external_id:nobody-{MARK}") == 404
    assert control(server, "GET", f"/people?search={quoted}") in (200, 422, 400)
    assert 400 <= control(server, "PATCH", f"/people/external_id:{ID}", {"attributes": MARK}) < 500
    assert 400 <= control(server, "POST", f"/people/external_id:{ID}/consents", {"purpose": MARK, "decision": EMAIL}) < 500
    assert control(server, "POST", "/suppressions/check", {"value": EMAIL}) in (200, 400, 422)
    assert 400 <= control(server, "POST", "/campaigns", {"name": MARK, "html": "{{ " + MARK}) < 500
    assert control(server, "POST", f"/people/external_id:{ID}/export") == 200
    assert ask(server, "GET", f"/api/troth/v1/people/email:{quoted}", Authorization=f"Bearer {TOKEN}") == 401
    for path in (f"/u/{TOKEN}", f"/p/{TOKEN}", f"/{EMAIL}", f"/console/account/login/?next=/{ID}", f"/console/people/1?{EMAIL}"):
        assert ask(server, "GET", path) < 500
        assert ask(server, "POST", path, f"email={quoted}&password={TOKEN}".encode(), Cookie=f"sessionid={TOKEN}") < 500
    assert ask(server, "GET", "/api/troth/v1/people", Host=f"{MARK}.example") < 500


def use_the_command_line(server: Served, folder: Path) -> list[str]:
    """What the commands print on stderr."""
    broken = folder / f"{MARK}.zip"
    commands = (
        ("people", "show", "Acme", f"nobody-{EMAIL}"),
        ("people", "show", MARK, EMAIL),
        ("consent", "grant", "Acme", EMAIL, MARK),
        ("consent", "grant", "Acme", EMAIL, "marketing_email", "--evidence", PROPERTY),
        ("privacy", "export", "Acme", f"nobody-{EMAIL}", "--out", str(folder / "out.zip")),
        ("privacy", "erase", "Acme", f"nobody-{EMAIL}"),
        ("privacy", "scan", "Acme", "--value", EMAIL),
        ("backup", "restore", broken.name),
    )
    return [server.cli(*words).stderr for words in commands]


def break_the_database(server: Served) -> None:
    """Doors and duties fail in the middle of marked data."""
    with closing(sqlite3.connect(server.data / "troth.sqlite3", timeout=30)) as database:
        database.execute("ALTER TABLE consent_suppression RENAME TO away")
        database.execute("ALTER TABLE messages_message RENAME TO gone")
        database.commit()
        try:
            body = {
                "auth_token": server.workspace["auth_token"],
                "identity": {"id": f"{ID}-new", "email": f"new.{EMAIL}"},
                "event_name": f"{MARK} event",
            }
            assert server.post("/api/v2/events/track", body)[0] == 503
            known = {**body, "identity": {"id": ID}, "data": {"secret": f"{PROPERTY}-2"}}
            assert server.post("/api/v2/events/track", known)[0] == 200
            assert control(server, "GET", f"/people/external_id:{ID}/messages") == 500
            server.eventually(lambda: "duty_failed" in server.log.read_text())
        finally:
            database.execute("ALTER TABLE away RENAME TO consent_suppression")
            database.execute("ALTER TABLE gone RENAME TO messages_message")
            database.commit()


def forms(value: str) -> set[str]:
    """A mark as it could stand in a log."""
    raw = value.encode()
    return {value.lower(), urllib.parse.quote(value, safe="").lower(), raw.hex(), base64.b64encode(raw)[:-4].decode().lower()}


def test_no_log_and_no_error_output_holds_a_person_or_a_key(server: Served, tmp_path: Path) -> None:
    publish(server, "Plain", "<p>{{ event.properties.secret }}</p>")
    publish(server, "Broken at run time", "<p>{% if event.properties.secret %}{{ 1 | divided_by: event.properties.zero }}{% endif %}</p>")
    speak_well(server)
    server.eventually(lambda: message_states(server) == {"failed"})
    speak_badly(server)
    use_pages_and_controls(server)
    told = use_the_command_line(server, tmp_path)
    break_the_database(server)
    done = server.cli("privacy", "erase", "Acme", ID, "--wait")
    assert done.returncode == 0, done.stderr

    output = server.log.read_text(errors="replace") + done.stderr + "".join(re.sub(r"nobody-\S+", "", text) for text in told)
    logs = [path for path in server.data.rglob("*.log*") if path.is_file()]
    output += "".join(path.read_text(errors="replace") for path in logs)
    assert len(output) > 500, "nothing was logged, so nothing was tested"
    secrets = [MARK, *(server.workspace[name] for name in ("auth_token", "tracking_api_key", "write_key"))]
    lines = [line for line in output.splitlines() if any(form in line.lower() for secret in secrets for form in forms(secret))]
    assert lines == []
    assert "Traceback" not in output


def message_states(server: Served) -> set[str]:
    with closing(sqlite3.connect(server.data / "troth.sqlite3", timeout=10)) as database:
        return {state for (state,) in database.execute("SELECT state FROM messages_message")}
