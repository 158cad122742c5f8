"""A web process inside the test: the real ASGI application with its writer, started for some requests and stopped cleanly after them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass
class Answer:
    """What came back; headers by lower-case name."""

    status_code: int = 0
    content: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.headers[name.lower()]


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def ask(method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    """One request; `user_agent=…` is a header. When this returns, the process has stopped, and written what it had seen."""
    return ask_all([Asked(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})])[0]


def ask_all(requests: Sequence[Asked]) -> list[Answer]:
    """Requests one after the other to one process."""
    return asyncio.run(_ask_all(requests))


async def _ask_all(requests: Sequence[Asked]) -> list[Answer]:
    from troth.project.asgi import Application

    application = Application()
    told: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    living = asyncio.create_task(application({"type": "lifespan"}, told.get, heard.put))
    await told.put({"type": "lifespan.startup"})
    assert (await heard.get())["type"] == "lifespan.startup.complete"
    answers = [await _ask(application, one) for one in requests]
    await told.put({"type": "lifespan.shutdown"})
    assert (await heard.get())["type"] == "lifespan.shutdown.complete"
    await living
    return answers


async def _ask(application: Any, asked: Asked) -> Answer:
    parts = urlsplit(asked.path)
    scope = {
        "type": "http",
        "method": asked.method,
        "path": unquote(parts.path),
        "query_string": parts.query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in {"host": "127.0.0.1", **asked.headers}.items()],
        "http_version": "1.1",
    }
    answer = Answer()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": asked.body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status_code = message["status"]
            answer.headers = {name.decode().lower(): value.decode("latin-1") for name, value in message["headers"]}
        else:
            answer.content += message.get("body", b"")

    await application(scope, receive, send)
    return answer


@contextmanager
def serving() -> Iterator[int]:
    """The same application behind real sockets, on a port of its own."""
    import uvicorn

    from troth.project.asgi import Application

    server = uvicorn.Server(
        uvicorn.Config(Application(), port=0, lifespan="on", log_level="critical", ws="none", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(20)
    assert not thread.is_alive()
