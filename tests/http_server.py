"""An HTTP server on this machine that answers as a provider does and keeps what it was asked."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]
"""Status, content, and further headers."""


@dataclass
class Provider:
    """Answers each request by `answer`, or as told once by `next_answers`."""

    answer: Callable[[Asked], Answer] = lambda asked: (200, {})
    next_answers: list[Answer | None] = field(default_factory=list)
    """None: hang up without an answer."""
    asked: list[Asked] = field(default_factory=list)
    url: str = ""


@contextmanager
def run_provider(answer: Callable[[Asked], Answer] = lambda asked: (200, {}), tls: ssl.SSLContext | None = None) -> Iterator[Provider]:
    """`tls`: speak HTTPS, with the certificate in it (`authority.Certified.tls`)."""
    provider = Provider(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            provider.asked.append(asked)
            found = provider.next_answers.pop(0) if provider.next_answers and self.command != "HEAD" else provider.answer(asked)
            if found is None:
                self.close_connection = True
                return
            status, content, *more = found
            told = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            for name, value in (more[0] if more else {}).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(told)

        do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = _do

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.handle_error = lambda *args: None  # type: ignore[method-assign] -- a client that does not believe the certificate hangs up
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    provider.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
