"""The bridge from ASGI to Django's WSGI handler, on its own: small WSGI applications, a hand-driven client."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from troth.project import wsgi_in_threads
from troth.project.wsgi_in_threads import WsgiInThreads

SCOPE = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "http_version": "1.1", "headers": []}


class Client:
    """Sends a body in parts and keeps what comes back."""

    def __init__(self, *parts: bytes, leaves_after: int | None = None) -> None:
        self.parts = list(parts) or [b""]
        self.leaves_after = leaves_after
        self.given = 0
        self.got: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if self.leaves_after == self.given:
            return {"type": "http.disconnect"}
        part = self.parts[self.given]
        self.given += 1
        return {"type": "http.request", "body": part, "more_body": self.given < len(self.parts)}

    async def send(self, message: Any) -> None:
        self.got.append(dict(message))

    @property
    def status(self) -> int:
        return int(self.got[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.got)


def ask(application: Any, asking: Client, **scope: Any) -> Client:
    asyncio.run(WsgiInThreads(application, threads=2)({**SCOPE, **scope}, asking.receive, asking.send))
    return asking


def echo(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    return [environ["wsgi.input"].read()]


def test_a_request_arrives_whole_and_the_answer_with_each_header() -> None:
    client = ask(echo, Client(b"one ", b"two"))
    assert (client.status, client.body) == (200, b"one two")
    assert [value for name, value in client.got[0]["headers"] if name == b"set-cookie"] == [b"a=1", b"b=2"]


def test_the_environment_is_that_of_pep_3333() -> None:
    seen: dict[str, Any] = {}

    def look(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        return echo(environ, start_response)

    headers = [(b"content-type", b"text/plain"), (b"x-forwarded-for", b"1.1.1.1"), (b"x-forwarded-for", b"2.2.2.2")]
    ask(look, Client(), path="/grüße", query_string=b"a=%20", headers=headers, client=("10.0.0.1", 5), server=("host", 81))
    assert seen["PATH_INFO"].encode("latin-1").decode() == "/grüße"
    assert (seen["QUERY_STRING"], seen["CONTENT_TYPE"], seen["HTTP_X_FORWARDED_FOR"]) == ("a=%20", "text/plain", "1.1.1.1,2.2.2.2")
    assert (seen["REMOTE_ADDR"], seen["SERVER_NAME"], seen["SERVER_PORT"]) == ("10.0.0.1", "host", "81")


def test_a_streamed_answer_leaves_part_by_part_and_is_closed() -> None:
    client = Client()
    seen_at_second: list[bytes] = []
    closed = threading.Event()

    class Parts:
        def __iter__(self) -> Iterator[bytes]:
            yield b"first"
            seen_at_second.append(client.body)
            yield b"second"

        def close(self) -> None:
            closed.set()

    def stream(environ: dict[str, Any], start_response: Any) -> Parts:
        start_response("200 OK", [])
        return Parts()

    ask(stream, client)
    assert seen_at_second == [b"first"]
    assert client.body == b"firstsecond"
    assert closed.is_set()


def test_a_body_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wsgi_in_threads, "MAX_BODY", 10)
    assert ask(echo, Client(b"x" * 10)).status == 200
    assert ask(echo, Client(b"x" * 6, b"x" * 5)).status == 413


def test_a_body_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wsgi_in_threads, "BODY_SECONDS", 0.01)

    class Slow(Client):
        async def receive(self) -> dict[str, Any]:
            await asyncio.sleep(5)
            return {"type": "http.disconnect"}

    assert ask(echo, Slow()).status == 408


def test_half_a_request_is_never_run() -> None:
    def refuse(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise AssertionError("it ran")

    assert ask(refuse, Client(b"half", b"rest", leaves_after=1)).got == []


def test_a_reader_that_does_not_read_frees_its_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wsgi_in_threads, "READ_SECONDS", 0.05)

    class Stuck(Client):
        async def send(self, message: Any) -> None:
            await super().send(message)
            if message.get("body"):
                await asyncio.sleep(30)

    def stream(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        return iter([b"a", b"b", b"c"])

    client = Stuck()
    with pytest.raises(TimeoutError):
        ask(stream, client)
    assert client.body == b"a"


class Continued(list[bytes]):
    """A response that the event loop writes."""

    def __init__(self, events: Any) -> None:
        super().__init__([b"not sent"])
        self.events = events


def continued(events: Any) -> Any:
    def answer(environ: dict[str, Any], start_response: Any) -> Continued:
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return Continued(events)

    return answer


def test_an_answer_with_events_is_sent_by_the_event_loop_and_holds_no_thread() -> None:
    async def ticks() -> AsyncIterator[bytes]:
        for number in range(3):
            yield b"%d" % number

    class Staying(Client):
        async def receive(self) -> dict[str, Any]:
            if self.given == len(self.parts):
                await asyncio.Event().wait()
            return await super().receive()

    client = ask(continued(ticks), Staying())
    assert (client.status, client.body) == (200, b"012")
    assert not client.got[-1].get("more_body", False)


def test_events_end_when_the_client_leaves() -> None:
    ended: list[str] = []

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x"
                await asyncio.sleep(0.01)
        finally:
            ended.append("ended")

    client = ask(continued(endless), Client(leaves_after=1))
    assert client.status == 200
    assert ended == ["ended"]


def test_a_head_request_begins_no_events() -> None:
    async def never() -> AsyncIterator[bytes]:
        raise AssertionError
        yield b""

    client = ask(continued(never), Client(), method="HEAD")
    assert client.status == 200
