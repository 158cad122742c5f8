"""Django's WSGI handler inside an ASGI server: each request runs in a thread of a bounded pool, and its response is streamed.

A response that has `events`, a function that begins an asynchronous iterator of bytes, gives its thread back: the event loop sends them.

Chosen over Django's ASGI handler by measurement (docs/decisions/003): the same view answers several times as many requests.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Events = Callable[[], AsyncIterator[bytes]]

THREADS = 16
"""At most; they start when they are needed."""
MAX_BODY = 8 * 1024 * 1024
BODY_SECONDS = 30.0
"""How long a client may take to send its body. No thread waits for it."""
READ_SECONDS = 30.0
"""How long a client may take to read one part of a streamed answer, during which it holds a thread."""


class WsgiInThreads:
    """An ASGI application around a WSGI one. Bodies are kept in memory, never in a temporary file: they hold personal data."""

    def __init__(self, wsgi: Callable[..., Iterable[bytes]], threads: int = THREADS) -> None:
        self._wsgi = wsgi
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="django")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: 413 to a body over 8 MiB, 408 to one that takes longer than 30 s, nothing to a client that has gone."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _read_body(receive)
        except TimeoutError:
            await _refuse(send, 408, b"The body did not arrive within 30 s.\n")
            return
        except _BodyTooLarge:
            await _refuse(send, 413, b"The body is larger than 8 MiB.\n")
            return
        if body is None:
            return
        loop = asyncio.get_running_loop()

        def send_all(*messages: Message) -> None:
            # Waiting until the client has read what came before keeps a slow reader from filling memory.
            asyncio.run_coroutine_threadsafe(_send_each(send, messages), loop).result(READ_SECONDS)

        continued = await loop.run_in_executor(self._pool, self._respond, _environ(scope, body), send_all)
        if continued:
            await _send_events(*continued, receive, send)

    def _respond(self, environ: dict[str, Any], send_all: Callable[..., None]) -> tuple[Message, Events] | None:
        start: Message = {}

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            start.update({"type": "http.response.start", "status": int(status[:3]), "headers": pairs})

        parts = self._wsgi(environ, start_response)
        events: Events | None = getattr(parts, "events", None) if environ["REQUEST_METHOD"] != "HEAD" else None
        try:
            if events:
                return start, events
            if getattr(parts, "streaming", True):
                send_all(start)
                for part in parts:
                    if part:
                        send_all({"type": "http.response.body", "body": part, "more_body": True})
                send_all({"type": "http.response.body", "body": b""})
            else:
                send_all(start, {"type": "http.response.body", "body": b"".join(parts)})
        finally:
            close = getattr(parts, "close", None)
            if close:
                close()
        return None


class _BodyTooLarge(Exception):
    """More was sent than is taken."""


async def _send_each(send: Send, messages: tuple[Message, ...]) -> None:
    for message in messages:
        await send(message)


async def _send_events(start: Message, events: Events, receive: Receive, send: Send) -> None:
    """Send what comes until it ends, the client leaves, or it has not read what came before for 30 s."""

    async def send_each() -> None:
        await send(start)
        found = events()
        try:
            async for part in found:
                async with asyncio.timeout(READ_SECONDS):
                    await send({"type": "http.response.body", "body": part, "more_body": True})
        finally:
            await found.aclose()  # type: ignore[attr-defined]
        await send({"type": "http.response.body", "body": b""})

    async def wait_until_gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    sending, leaving = asyncio.create_task(send_each()), asyncio.create_task(wait_until_gone())
    try:
        await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, leaving):
            task.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)


async def _refuse(send: Send, status: int, text: bytes) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


async def _read_body(receive: Receive) -> BytesIO | None:
    """The whole body, or None when the client went away before its end."""
    body = BytesIO()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body.write(message.get("body", b""))
        if body.tell() > MAX_BODY:
            raise _BodyTooLarge
        if not message.get("more_body", False):
            body.seek(0)
            return body


def _environ(scope: Scope, body: BytesIO) -> dict[str, Any]:
    """The WSGI environment of a request (PEP 3333)."""
    host, port = scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "REMOTE_ADDR": (scope.get("client") or ("", 0))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        if b"_" in raw_name:
            continue  # X_A would pass for X-A, which a proxy in front has overwritten
        name = raw_name.decode("latin-1").upper().replace("-", "_")
        value = raw_value.decode("latin-1")
        if name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            environ[name] = value
        else:
            key = f"HTTP_{name}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ
