"""Django's WSGI handler inside an ASGI server: each request runs in a thread of a bounded pool, and its response is streamed.

Chosen over Django's ASGI handler by measurement (docs/decisions/002): the same view answers several times as many requests.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from tempfile import SpooledTemporaryFile
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

THREADS = 8
MAX_BODY = 8 * 1024 * 1024
IN_MEMORY = MAX_BODY + 1


class WsgiInThreads:
    """An ASGI application around a WSGI one."""

    def __init__(self, wsgi: Callable[..., Iterable[bytes]], threads: int = THREADS) -> None:
        self._wsgi = wsgi
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="django")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. A body over 8 MiB is refused with 413."""
        with SpooledTemporaryFile(max_size=IN_MEMORY) as body:
            if not await _read_body(receive, body):
                await send({"type": "http.response.start", "status": 413, "headers": [(b"connection", b"close")]})
                await send({"type": "http.response.body", "body": b"The body is larger than 8 MiB."})
                return
            loop = asyncio.get_running_loop()

            def send_soon(message: MutableMapping[str, Any]) -> None:
                # Waiting for each part keeps a slow reader from filling memory.
                asyncio.run_coroutine_threadsafe(_await(send, message), loop).result()

            await loop.run_in_executor(self._pool, self._respond, _environ(scope, body), send_soon)

    def _respond(self, environ: dict[str, Any], send_soon: Callable[[MutableMapping[str, Any]], None]) -> None:
        started: list[MutableMapping[str, Any]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            started[:] = [{"type": "http.response.start", "status": int(status[:3]), "headers": pairs}]

        parts = self._wsgi(environ, start_response)
        try:
            send_soon(started[0])
            for part in parts:
                if part:
                    send_soon({"type": "http.response.body", "body": part, "more_body": True})
            send_soon({"type": "http.response.body", "body": b""})
        finally:
            close = getattr(parts, "close", None)
            if close:
                close()


async def _await(send: Send, message: MutableMapping[str, Any]) -> None:
    await send(message)


async def _read_body(receive: Receive, body: SpooledTemporaryFile[bytes]) -> bool:
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MAX_BODY:
            return False
        body.write(chunk)
        if not message.get("more_body", False):
            break
    body.seek(0)
    return True


def _environ(scope: Scope, body: SpooledTemporaryFile[bytes]) -> dict[str, Any]:
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
        name = raw_name.decode("latin-1").upper().replace("-", "_")
        value = raw_value.decode("latin-1")
        if name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            environ[name] = value
        else:
            key = f"HTTP_{name}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ
