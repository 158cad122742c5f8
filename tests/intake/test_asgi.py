"""The lean application under a real server: what real sockets carry, from a slow client to a bomb."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import socket
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import uvicorn
from asking import BROWSER, KEYS, SERVER, WRITE, Held, keyring

from troth.intake.asgi import Intake, Limits
from troth.intake.commands import ACCEPTED, Command, Outcome
from troth.intake.errors import DoorUnavailable

LIMIT = 64 * 1024
SUCCESS = {"status": 200, "message": "Success."}
PERSON = {"auth_token": SERVER, "id": 1}
EVENT = {"type": "track", "userId": "u1", "event": "x"}
JSON = {"Content-Type": "application/json"}
BASIC = {"Authorization": "Basic V0s6"}


class Memory:
    """A door that remembers what it was given, and can be shut or broken."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.error: Exception | None = None

    async def submit(self, commands: Sequence[Command]) -> list[Outcome]:
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        self.commands += commands
        return [Outcome(status=ACCEPTED, person_id=1) for _ in commands]


class Site:
    def __init__(self) -> None:
        self.door = Memory()
        self.refreshed = 0
        self.app = Intake(self.door, keyring, Limits(body=LIMIT, seconds=0.5), self.refresh)
        config = uvicorn.Config(self.app, port=0, lifespan="off", log_level="critical", ws="none", timeout_graceful_shutdown=1)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        deadline = time.monotonic() + 20
        while not self.server.started:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        self.port: int = self.server.servers[0].sockets[0].getsockname()[1]

    async def refresh(self) -> None:
        """What another process wrote becomes known."""
        self.refreshed += 1
        KEYS["FRESH"] = Held(7, "server", frozenset({"track"}))

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)

    def ask(self, method: str, path: str, body: Any = b"", headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, path, raw, headers or {})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def told(self, method: str, path: str, body: Any = b"", headers: dict[str, str] | None = None) -> tuple[int, Any]:
        status, received, raw = self.ask(method, path, body, headers)
        assert received["content-type"] == "application/json"
        assert received["access-control-allow-origin"] == "*"
        return status, json.loads(raw)

    def raw(self, data: bytes, *, wait: float = 20) -> bytes:
        """Everything the server says to these bytes until it hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait) as connection:
            connection.sendall(data)
            said = b""
            while part := connection.recv(65_536):
                said += part
            return said


@pytest.fixture(scope="module")
def shared_site() -> Iterator[Site]:
    site = Site()
    yield site
    site.stop()


@pytest.fixture
def site(shared_site: Site) -> Iterator[Site]:
    shared_site.door.commands.clear()
    yield shared_site
    shared_site.door.error = None


def test_an_event_for_each_protocol_reaches_the_door(site: Site) -> None:
    event = {"identity": {"id": 1}, "event_name": "x"}
    assert site.told("POST", f"/api/v2/events/track?tracking_api_key={BROWSER}", event, JSON) == (200, SUCCESS)
    assert site.told("POST", "/v1/track", EVENT, BASIC) == (200, {"success": True})
    assert site.told("POST", "/v1/batch/", {"batch": [EVENT, EVENT], "writeKey": WRITE}) == (200, {"success": True})
    assert len(site.door.commands) == 4
    assert all(abs(command.received_at - time.time() * 1000) < 60_000 for command in site.door.commands)


def test_delete_carries_a_body(site: Site) -> None:
    assert site.told("DELETE", "/api/v2/users/delete", PERSON, JSON) == (200, SUCCESS)
    assert type(site.door.commands[0]).__name__ == "Delete"


def test_the_heartbeat_answers_get_and_head(site: Site) -> None:
    assert site.told("GET", "/api/v2/heartbeat") == (200, SUCCESS)
    status, headers, body = site.ask("HEAD", "/api/v2/heartbeat.json")
    assert (status, headers["content-length"], body) == (200, "35", b"")


@pytest.mark.parametrize("path", ["/api/v2/users/track", "/v1/batch", "/v1/t", "/api/v2/events/track?tracking_api_key=x"])
def test_a_browsers_preflight_is_allowed_what_the_libraries_send(site: Site, path: str) -> None:
    headers = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    status, received, _ = site.ask("OPTIONS", path, headers=headers)
    assert status == 200
    assert received["access-control-allow-origin"] == "*"
    assert {"POST", "PUT", "DELETE", "GET", "OPTIONS"} <= set(received["access-control-allow-methods"].split(", "))
    assert {"content-type", "accept", "authorization", "x-retry-count"} <= set(received["access-control-allow-headers"].split(", "))


def test_unknown_paths_and_methods_are_answered_in_json(site: Site) -> None:
    for path in ("/api/v2/nothing", "/v1/nothing", "/v1/", "/api/v2/"):
        assert site.told("POST", path, PERSON)[0] == 404
    assert site.told("GET", "/api/v2/users/track")[0] == 405
    assert site.told("GET", "/v1/batch")[0] == 405


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", "deflate"])
def test_a_compressed_body_is_read_whatever_its_content_type(site: Site, encoding: str) -> None:
    raw = json.dumps({"batch": [EVENT] * 3}).encode()
    packed = zlib.compress(raw) if encoding == "deflate" else gzip.compress(raw)
    headers = {**BASIC, "Content-Encoding": encoding, "Content-Type": "application/x-www-form-urlencoded"}
    assert site.told("POST", "/v1/batch", packed, headers) == (200, {"success": True})
    assert len(site.door.commands) == 3


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b'{"id":1}', "gzip", 400),
        (b"", "gzip", 400),
        (gzip.compress(b'{"id":1}')[:-3], "gzip", 400),
        (gzip.compress(b'{"id":1}') + b"more", "gzip", 400),
        (gzip.compress(b" " * 50_000_000, 1), "gzip", 413),
        (zlib.compress(b" " * (LIMIT + 1)), "deflate", 413),
        (b'{"id":1}', "br", 415),
        (b'{"id":1}', "gzip, gzip", 415),
    ],
)
def test_a_bad_compressed_body_is_refused_in_both_shapes(site: Site, body: bytes, encoding: str, status: int) -> None:
    for path in ("/api/v2/users/unsubscribe", "/v1/batch"):
        found, answer = site.told("POST", path, body, {"Content-Encoding": encoding})
        assert (found, answer["status"], answer["success"]) == (status, status, False)
        assert answer["code"]
        assert answer["message"]
    assert site.door.commands == []


def test_a_body_at_the_limit_passes_and_one_above_is_a_413_that_the_sender_can_read(site: Site) -> None:
    def sized(size: int) -> bytes:
        start = json.dumps({**PERSON, "padding": ""}).encode()[:-2]
        return start + b"x" * (size - len(start) - 2) + b'"}'

    assert site.told("POST", "/api/v2/users/unsubscribe", sized(LIMIT), JSON)[0] in (200, 400)
    for size in (LIMIT + 1, 4 * LIMIT):
        status, headers, body = site.ask("POST", "/api/v2/users/unsubscribe", sized(size), JSON)
        assert (status, json.loads(body)["status"], headers["connection"]) == (413, 413, "close")


def test_a_sender_without_end_is_cut_off(site: Site) -> None:
    head = b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    with socket.create_connection(("127.0.0.1", site.port), timeout=20) as connection:
        connection.sendall(head)
        with pytest.raises(OSError):
            for _ in range(5_000):
                connection.sendall(chunk)


def test_a_body_in_chunks_and_pieces_is_put_together(site: Site) -> None:
    body = json.dumps(PERSON).encode()
    head = b"POST /api/v2/users/unsubscribe HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", site.port), timeout=20) as connection:
        connection.sendall(head)
        for number in range(0, len(body), 7):
            piece = body[number : number + 7]
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        connection.sendall(b"0\r\n\r\n")
        said = b""
        while part := connection.recv(65_536):
            said += part
    assert said.startswith(b"HTTP/1.1 200")
    assert len(site.door.commands) == 1


def test_a_client_that_is_too_slow_is_told_so_and_hung_up_on(site: Site) -> None:
    before = time.monotonic()
    said = site.raw(b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert said.startswith(b"HTTP/1.1 408")
    assert b'"code":"too_slow"' in said
    assert time.monotonic() - before < 5


def test_a_client_that_leaves_in_the_middle_harms_nobody(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.port), timeout=20) as connection:
        connection.sendall(b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert site.told("GET", "/api/v2/heartbeat") == (200, SUCCESS)
    assert site.door.commands == []


def test_a_door_that_is_shut_is_a_503_with_retry_after_in_both_shapes(site: Site) -> None:
    site.door.error = DoorUnavailable()
    for path, body, headers in (("/api/v2/users/unsubscribe", PERSON, JSON), ("/v1/batch", {"batch": [EVENT]}, BASIC)):
        status, received, raw = site.ask("POST", path, body, headers)
        answer = json.loads(raw)
        assert (status, received["retry-after"], answer["status"], answer["success"]) == (503, "1", 503, False)
        assert answer["code"]
        assert answer["message"]
    assert site.told("POST", "/v1/batch", {"batch": []}, BASIC)[0] == 200


def test_an_error_of_our_own_tells_nothing_of_its_cause(site: Site) -> None:
    site.door.error = ValueError("dana@example.com")
    status, answer = site.told("POST", "/api/v2/users/unsubscribe", PERSON, JSON)
    assert (status, answer["status"]) == (500, 500)
    assert "dana" not in json.dumps(answer)


def test_a_key_made_a_moment_ago_is_looked_for_once_before_it_is_refused(site: Site) -> None:
    KEYS.pop("FRESH", None)
    site.app._refreshed_at = 0
    before = site.refreshed
    assert site.told("POST", "/api/v2/users/unsubscribe", {"auth_token": "FRESH", "id": 1}, JSON) == (200, SUCCESS)
    assert site.refreshed == before + 1
    for _ in range(20):
        site.told("POST", "/api/v2/users/unsubscribe", {"auth_token": "wrong", "id": 1}, JSON)
    assert site.refreshed <= before + 3


def test_many_requests_on_one_connection_are_answered_in_turn(site: Site) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    for number in range(50):
        bad = number % 5 == 0
        connection.request("POST", "/v1/track", json.dumps({} if bad else EVENT), BASIC)
        answer = connection.getresponse()
        assert (answer.status, bool(answer.read())) == (400 if bad else 200, True)
    connection.close()
    assert len(site.door.commands) == 40
