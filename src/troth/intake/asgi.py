"""The lean ASGI application: reads a request within limits, hands it to its wire format, and answers when the commands are durable."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
import structlog

from troth.intake.capturing import Capturing
from troth.intake.commands import Command, Outcome
from troth.intake.describing import Arrival
from troth.intake.errors import DoorUnavailable
from troth.intake.gpc import mark_gpc
from troth.intake.tallies import Refusals
from troth.intake.wire import segment, vero
from troth.intake.wire.presented import Presented
from troth.intake.wire.request import Keyring, Reply, Request, Work
from troth.kernel.clock import SECOND, now_ms

log = structlog.get_logger()
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PATIENCE = 8
"""How many times the largest body is read before its sender is cut off."""
GZIP, ZLIB = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS
JSON_HEADERS = ((b"content-type", b"application/json"), (b"access-control-allow-origin", b"*"))
PREFLIGHT = Reply(
    200,
    b"{}",
    (
        (b"access-control-allow-methods", b"POST, PUT, DELETE, GET, OPTIONS"),
        (b"access-control-allow-headers", b"content-type, accept, authorization, x-retry-count"),
        (b"access-control-max-age", b"86400"),
    ),
)


class Door(Protocol):
    """Where commands become durable."""

    async def submit(self, commands: Sequence[Command]) -> list[Outcome]:
        """Apply commands; returns when they are durable. Raises DoorUnavailable."""
        ...


class Wire(Protocol):
    """A wire format: a module with a function that turns a request into commands or into an answer."""

    def handle(self, request: Request, keyring: Keyring) -> Reply | Work:
        """Never raises, whatever the request holds."""
        ...


@dataclass(frozen=True)
class Limits:
    """Bounds of one request: bytes of its body, decompressed, and seconds to read it."""

    body: int = 4 * 1024 * 1024 + 32 * 1024
    seconds: float = 30.0


class BodyRefused(Exception):
    """The body cannot be read."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Intake:
    """The door for machines: `/api/v2/*` speaks Vero, `/v1/*` Segment."""

    def __init__(
        self,
        door: Door,
        keyring: Keyring,
        limits: Limits | None = None,
        refresh_keys: Callable[[], Awaitable[None]] | None = None,
        capturing: Capturing | None = None,
    ) -> None:
        self._door = door
        self._presented = Presented(keyring)
        self._capturing = capturing or Capturing(_never)
        self.refusals = Refusals()
        self._limits = limits or Limits()
        self._refresh_keys = refresh_keys
        self._refreshed_at = 0
        self._reading: dict[asyncio.Task[Any], float] = {}
        self._too_slow: set[asyncio.Task[Any]] = set()
        self._watcher: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        reply = PREFLIGHT if scope["method"] == "OPTIONS" else await self._answer(scope, receive)
        length = (b"content-length", b"%d" % len(reply.body))
        headers = [*JSON_HEADERS, length, *reply.headers]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else reply.body})

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        path: str = scope["path"]
        wire: Wire = vero if path.startswith(vero.PREFIX) else segment
        headers = dict(scope["headers"])
        watched = self._capturing.watched
        try:
            body = await self._read_body(receive, headers)
        except BodyRefused as error:
            reply = _error_reply(error.status, error.code, str(error), close=True)
            self._presented.key = None
            return self._refuse(Request(scope["method"], path, scope["query_string"], headers, b"", now_ms()), reply, watched)
        request = Request(scope["method"], path, scope["query_string"], headers, body, now_ms())
        try:
            work = self._read(wire, request)
            if isinstance(work, Reply) and work.status == 401 and self._refresh_keys and request.received_at - self._refreshed_at > SECOND:
                # A key made a moment ago by another process is not in memory yet.
                self._refreshed_at = request.received_at
                await self._refresh_keys()
                work = self._read(wire, request)
            if isinstance(work, Reply):
                return self._refuse(request, work, watched) if 400 <= work.status < 500 else work
            key, token = self._presented.key, self._presented.token
            if work.refused and key:
                self.refusals.note(key.workspace_id, request.received_at, len(work.refused))
            commands = mark_gpc(work.commands) if headers.get(b"sec-gpc") == b"1" else work.commands
            outcomes = await self._door.submit(commands) if commands else ()
            reply = work.answer(outcomes)
            if watched and key and key.workspace_id in watched:
                generation = watched[key.workspace_id]
                self._capturing.note(Arrival(request, key.workspace_id, generation, token, reply, work, outcomes))
            return reply
        except DoorUnavailable as error:
            return _error_reply(503, "unavailable", str(error), (b"retry-after", b"%d" % error.retry_after))
        except Exception as error:  # noqa: BLE001 -- the boundary of the process: nothing but the class is told or logged
            log.error("intake_refused_work", error=type(error).__name__)
            return _error_reply(500, "internal_error", "Troth failed; nothing was written. The operator finds the error in the log.")

    def _read(self, wire: Wire, request: Request) -> Reply | Work:
        """Until the next await, `_presented` says whose key it was."""
        self._presented.key = None
        return wire.handle(request, self._presented)

    def _refuse(self, request: Request, reply: Reply, watched: Mapping[int, int]) -> Reply:
        """Count a refusal for the workspace whose key was shown, if any was, and show it to whoever watches."""
        presented = self._presented
        if presented.key is None:
            presented.search(request)
        if presented.key is not None:
            workspace_id = presented.key.workspace_id
            self.refusals.note(workspace_id, request.received_at)
            if workspace_id in watched:
                self._capturing.note(Arrival(request, workspace_id, watched[workspace_id], presented.token, reply))
        return reply

    async def _read_body(self, receive: Receive, headers: dict[bytes, bytes]) -> bytes:
        encoding = headers.get(b"content-encoding", b"").strip().lower()
        body = await self._receive_body(receive)
        if encoding in (b"", b"identity"):
            return body
        if encoding not in (b"gzip", b"x-gzip", b"deflate"):
            raise BodyRefused(415, "unsupported_encoding", "Use Content-Encoding gzip, deflate or none.")
        return self._decompress(body, encoding)

    async def _receive_body(self, receive: Receive) -> bytes:
        """All parts of the body. One watcher for all requests replaces a timer for each.

        Of a body that is too large the rest is read and not kept, within reason: a client that is still sending reads no answer.
        """
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        self._reading[task] = loop.time()
        if self._watcher is None:
            self._watcher = loop.call_later(1, self._stop_slow, loop)
        try:
            message = await receive()
            body: bytes = message.get("body", b"")
            parts = [body]
            size = len(body)
            while message.get("more_body", False):
                message = await receive()
                part = message.get("body", b"")
                size += len(part)
                if size <= self._limits.body:
                    parts.append(part)
                elif size > self._limits.body * PATIENCE:
                    break
        except asyncio.CancelledError:
            if task not in self._too_slow:
                raise
            task.uncancel()
            raise BodyRefused(408, "too_slow", "The body did not arrive in time.") from None
        finally:
            del self._reading[task]
            self._too_slow.discard(task)
        if message["type"] == "http.disconnect":
            raise BodyRefused(400, "incomplete", "The connection ended before the body did.")
        if size > self._limits.body:
            raise self._too_large()
        return body if len(parts) == 1 else b"".join(parts)

    def _too_large(self) -> BodyRefused:
        return BodyRefused(413, "body_too_large", f"The body is larger than {self._limits.body} bytes: send smaller batches.")

    def _stop_slow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Once a second while anything is being read: end what takes too long."""
        earliest = loop.time() - self._limits.seconds
        for task, since in list(self._reading.items()):
            if since < earliest:
                self._too_slow.add(task)
                task.cancel()
        self._watcher = loop.call_later(1, self._stop_slow, loop) if self._reading else None

    def _decompress(self, body: bytes, encoding: bytes) -> bytes:
        """The plain body, never more of it in memory than the limit (a small bomb makes a large body)."""
        stream = zlib.decompressobj(ZLIB if encoding == b"deflate" else GZIP)
        try:
            plain = stream.decompress(body, self._limits.body + 1)
        except zlib.error:
            raise BodyRefused(400, "invalid_encoding", "The body is not what its Content-Encoding says.") from None
        if len(plain) > self._limits.body:
            raise self._too_large()
        if not stream.eof:
            raise BodyRefused(400, "invalid_encoding", "The compressed body is cut short.")
        if stream.unused_data:
            raise BodyRefused(400, "invalid_encoding", "Something follows the compressed body.")
        return plain


def _never(chore: Callable[[], None]) -> None:
    """Where nobody can watch, nothing is captured."""


def _error_reply(status: int, code: str, message: str, *headers: tuple[bytes, bytes], close: bool = False) -> Reply:
    """An error in a shape that the clients of both protocols read: `status` is Vero's, `code` and `success` are Segment's."""
    body = msgspec.json.encode({"success": False, "status": status, "code": code, "message": message})
    return Reply(status, body, (*headers, (b"connection", b"close")) if close else headers)
