"""Live's streams of server-sent events (HTML, 9.2), in the event loop: a thread is held only while the database is read or rows are rendered.

All who watch a workspace share one look at the database a second. A stream ends when its reader leaves, when its member may not look any more, and
when the process stops.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import structlog
from django.db import close_old_connections
from django.http import StreamingHttpResponse

from troth.intake.captures import first_id_at, is_wanted, keep_watching, read_captures, read_watch
from troth.intake.models import Capture
from troth.kernel.clock import SECOND, now_ms

log = structlog.get_logger()
T = TypeVar("T")

SHOWN = 100
"""Captures on a page at first, and in one event at most."""
EVERY_SECONDS = 1.0
READ_AT_ONCE = 500
LATE = 3 * SECOND
"""How long after its id was made a capture may be written by another process, and still be shown."""
RENEWED_EVERY = 10 * SECOND
QUIET_SECONDS = 15.0
"""After so long without news a comment keeps proxies from closing the connection."""
ASKED_EVERY_SECONDS = 30.0
"""How often it is asked whether the member may still look."""
MOST_STREAMS, MOST_OF_WORKSPACE = 100, 20
"""Streams that one process keeps open."""
WAITING_AT_MOST = 20

_pool = ThreadPoolExecutor(2, thread_name_prefix="live")
_open: Counter[int] = Counter()
_channels: dict[int, _Channel] = {}
_ending = threading.Event()


class Opening(NamedTuple):
    """What a reader is to get: captures of a workspace after an id, filtered, rendered by `render(part, context)` in a thread."""

    workspace_id: int
    wanted: Mapping[str, Any] | None
    after: int
    render: Callable[[str, dict[str, Any]], str]
    may_go_on: Callable[[], bool]


class News(NamedTuple):
    """What a look at the database found: new captures, the newest first; under which generation; how many were left out since it was watched."""

    captures: list[Capture]
    generation: int
    skipped: int


class EventStream(StreamingHttpResponse):
    """An answer whose body the event loop writes (`project.wsgi_in_threads`): `events()` yields it."""

    def __init__(self, opening: Opening) -> None:
        headers = {"X-Accel-Buffering": "no"}
        super().__init__((), content_type="text/event-stream; charset=utf-8", headers=headers)
        self.events = lambda: follow(opening)


def is_full(workspace_id: int) -> bool:
    """Whether this process has as many streams open as it keeps."""
    return _open.total() >= MOST_STREAMS or _open[workspace_id] >= MOST_OF_WORKSPACE


def end_streams() -> None:
    """Have all streams of this process end within a second, so that it can stop."""
    _ending.set()


async def follow(opening: Opening) -> AsyncIterator[bytes]:
    """The events of one stream: `capture` rows to put before the others, `told` what was left out, `gone` a list to begin anew, `over` at its end."""
    yield b"retry: 3000\n\n"
    asked_at = heard_at = time.monotonic()
    with _listen(opening.workspace_id) as queue:
        generation, skipped = 0, -1
        first = await _in_thread(_catch_up, opening)
        sent = {capture.capture_id for capture in first}
        if first:
            yield await _write_rows(opening, first)
        while not _ending.is_set():
            news = await queue.get()
            now = time.monotonic()
            if now - asked_at > ASKED_EVERY_SECONDS:
                asked_at = now
                if not await _in_thread(opening.may_go_on):
                    break
            if generation and news.generation not in (0, generation):
                html, sent = await _in_thread(_begin_anew, opening)
                heard_at = now
                yield write_event("gone", html)
            elif fresh := [one for one in news.captures if one.capture_id not in sent and _fits(one, opening)]:
                heard_at = now
                yield await _write_rows(opening, fresh[:SHOWN])
            if news.skipped != skipped and news.generation:
                heard_at, skipped = now, news.skipped
                yield write_event("told", await _in_thread(opening.render, "told", {"skipped": skipped}))
            generation = news.generation or generation
            if now - heard_at > QUIET_SECONDS:
                heard_at = now
                yield b":\n\n"
    yield write_event("over", "")


def write_event(name: str, data: str, last_id: int = 0) -> bytes:
    """One event; each line of the data stands in a field of its own."""
    fields = [f"event: {name}", *(f"data: {line}" for line in data.splitlines() or [""]), *([f"id: {last_id}"] if last_id else [])]
    return ("\n".join(fields) + "\n\n").encode()


async def _write_rows(opening: Opening, captures: list[Capture]) -> bytes:
    rows = await _in_thread(opening.render, "rows", {"captures": captures})
    return write_event("capture", rows, captures[0].capture_id)


def _catch_up(opening: Opening) -> list[Capture]:
    return read_captures(opening.workspace_id, after=opening.after, limit=SHOWN, wanted=opening.wanted)


def _begin_anew(opening: Opening) -> tuple[str, set[int]]:
    """The whole list, after an erasure emptied it, and what is in it."""
    captures = read_captures(opening.workspace_id, after=0, limit=SHOWN, wanted=opening.wanted)
    return opening.render("list", {"captures": captures, "was_emptied": True}), {capture.capture_id for capture in captures}


def _fits(capture: Capture, opening: Opening) -> bool:
    return capture.capture_id > opening.after and (opening.wanted is None or is_wanted(capture, opening.wanted))


class _Channel:
    """What comes in at one workspace, for all who watch it in this process."""

    def __init__(self, workspace_id: int) -> None:
        self.workspace_id = workspace_id
        self.readers: set[asyncio.Queue[News]] = set()
        self.task: asyncio.Task[None] | None = None
        self._read_at = self._renewed_at = 0
        self._seen: set[int] = set()

    async def run(self) -> None:
        while True:
            try:
                news = await _in_thread(self._look, now_ms())
            except Exception as error:  # noqa: BLE001 -- those who watch wait for this task: it goes on, and tries again
                log.error("live_not_read", error=type(error).__name__)
                news = News([], 0, 0)
            for queue in self.readers:
                if queue.full():
                    queue.get_nowait()
                queue.put_nowait(news)
            await asyncio.sleep(EVERY_SECONDS)

    def _look(self, now: int) -> News:
        if now - self._renewed_at > RENEWED_EVERY:
            keep_watching(self.workspace_id, now)
            self._renewed_at = now
        since = first_id_at((self._read_at or now) - LATE)
        found = read_captures(self.workspace_id, after=since, limit=READ_AT_ONCE)
        watch = read_watch(self.workspace_id)
        fresh = [capture for capture in found if capture.capture_id not in self._seen]
        self._seen = {capture.capture_id for capture in found}
        self._read_at = now
        return News(fresh, watch.generation, watch.skipped)


@contextmanager
def _listen(workspace_id: int) -> Iterator[asyncio.Queue[News]]:
    """A place in the channel of a workspace; the first to come opens it, the last to leave closes it."""
    channel = _channels.get(workspace_id)
    if channel is None:
        channel = _channels[workspace_id] = _Channel(workspace_id)
        channel.task = asyncio.create_task(channel.run())
    queue: asyncio.Queue[News] = asyncio.Queue(WAITING_AT_MOST)
    channel.readers.add(queue)
    _open[workspace_id] += 1
    try:
        yield queue
    finally:
        channel.readers.discard(queue)
        _open[workspace_id] -= 1
        if not channel.readers:
            del _channels[workspace_id], _open[workspace_id]
            if channel.task:
                channel.task.cancel()


async def _in_thread(function: Callable[..., T], *args: Any) -> T:
    def run() -> T:
        try:
            return function(*args)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(_pool, run)
