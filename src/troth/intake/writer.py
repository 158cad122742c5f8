"""The process's single writer: commands queue up, one thread applies them in group commits, and each caller is answered after the commit."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence

import structlog
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection

from troth.intake.commands import Command, Outcome
from troth.intake.door import apply
from troth.intake.errors import DoorUnavailable, IdentifierTaken
from troth.kernel.clock import now_ms

log = structlog.get_logger()

Answer = list[Outcome] | BaseException
Waiting = tuple[Sequence[Command], asyncio.Future[list[Outcome]]]


class Writer:
    """Group commit. `largest` bounds the commands of one transaction (so that others get their turn), `most` those that may wait."""

    def __init__(self, *, largest: int = 1_000, most: int = 20_000) -> None:
        self._largest = largest
        self._most = most
        self._queue: deque[Waiting] = deque()
        self._chores: deque[Callable[[], None]] = deque()
        self._queued = 0
        self._is_idle = False
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Start the thread; call it from the running event loop."""
        self._loop = asyncio.get_running_loop()
        # The writer's short calls into SQLite must not wait 5 ms each for a busy event loop to yield.
        sys.setswitchinterval(0.0005)
        self._thread = threading.Thread(target=self._run, name="intake-writer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Apply what is queued, then end the thread."""
        self._stopping = True
        self._wake.set()
        if self._thread:
            self._thread.join()

    def do(self, chore: Callable[[], None]) -> None:
        """Have the thread run `chore` between two batches: a write that nobody waits for. What fails is logged and lost."""
        self._chores.append(chore)
        if self._is_idle:
            self._wake.set()

    async def submit(self, commands: Sequence[Command]) -> list[Outcome]:
        """Apply commands and return their outcomes once they are durable. Raises DoorUnavailable when too much waits or the database fails."""
        if self._queued + len(commands) > self._most and self._queue:
            raise DoorUnavailable
        if self._stopping or self._loop is None:
            raise DoorUnavailable
        future: asyncio.Future[list[Outcome]] = self._loop.create_future()
        self._queued += len(commands)
        self._queue.append((commands, future))
        if self._is_idle:
            self._wake.set()
        return await future

    def _run(self) -> None:
        while batch := self._next():
            answers = self._apply(batch)
            assert self._loop is not None
            self._loop.call_soon_threadsafe(self._resolve, batch, answers)
            if self._chores:
                self._do_chores()
        while self._chores:
            self._do_chores()
        connection.close()

    def _do_chores(self) -> None:
        """Those that wait now; what they bring up comes after the next batch."""
        for _ in range(len(self._chores)):
            try:
                self._chores.popleft()()
            except Exception as error:  # noqa: BLE001 -- nobody waits for it, and the thread must go on
                log.error("intake_chore_failed", error=type(error).__name__)
                close_old_connections()

    def _next(self) -> list[Waiting]:
        """Whatever waits, up to `largest` commands; empty when stopped.

        The loop only appends and this thread only takes, so the queue needs no lock; `_is_idle` spares waking a thread that is awake.
        """
        while not self._queue:
            if self._stopping:
                return []
            self._do_chores()
            self._wake.clear()
            self._is_idle = True
            if not self._queue and not self._chores and not self._stopping:
                self._wake.wait()
            self._is_idle = False
        batch: list[Waiting] = []
        size = 0
        while self._queue and (not batch or size + len(self._queue[0][0]) <= self._largest):
            waiting = self._queue.popleft()
            batch.append(waiting)
            size += len(waiting[0])
        return batch

    def _apply(self, batch: Sequence[Waiting]) -> list[Answer]:
        """Apply a batch as one; if it fails, each submission alone, so that one cannot harm the others."""
        try:
            outcomes = _apply_patiently([command for commands, _ in batch for command in commands])
        except Exception as error:  # noqa: BLE001 -- the error is answered to whoever caused it, below
            if len(batch) == 1:
                return [self._explain(error)]
            return [answer for waiting in batch for answer in self._apply([waiting])]
        answers: list[Answer] = []
        start = 0
        for commands, _ in batch:
            answers.append(outcomes[start : start + len(commands)])
            start += len(commands)
        return answers

    def _explain(self, error: Exception) -> BaseException:
        log.error("intake_failed", error=type(error).__name__)
        close_old_connections()
        if isinstance(error, DatabaseError | IdentifierTaken):
            return DoorUnavailable()
        return error

    def _resolve(self, batch: Sequence[Waiting], answers: Sequence[Answer]) -> None:
        """Answer the callers; runs in the event loop, which alone counts what is queued."""
        for (commands, future), answer in zip(batch, answers, strict=True):
            self._queued -= len(commands)
            if future.done():
                continue
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)


def _apply_patiently(commands: Sequence[Command], tries: int = 5) -> list[Outcome]:
    """Apply, again if another process registered the same identifier at the same moment."""
    for _ in range(tries - 1):
        try:
            return apply(commands, now=now_ms())
        except IdentifierTaken:
            continue
    return apply(commands, now=now_ms())
