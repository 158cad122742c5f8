"""The worker loop: duties that each do a bounded piece of work, again and again, until told to stop.

A duty is registered by the package it belongs to (in its `apps.py`), so the loop knows nobody. It returns True when there may be more to do.
Each duty has a role, and a process of that role runs it: what waits for somebody outside, as sending does, holds up nothing else. A duty is
registered by where its function stands, which is loaded when it is first run: a web process or a command loads nothing of what it never does.

Where nothing was written for a while, only time can give a duty something to do, and it rests (decision 013). Before each round the loop looks
whether anything was written (`kernel.written`), and after that look, not before it, come the duties: what they did not find is told by a later look.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import structlog
from django.db import close_old_connections
from django.utils.module_loading import import_string

from troth.kernel.clock import MINUTE, SECOND, now_ms
from troth.kernel.written import Written

log = structlog.get_logger()
PAUSE_S, QUIET_PAUSE_S = 0.025, 0.05
"""Between two rounds; and where nothing was written for QUIET_MS."""
QUIET_MS = 3 * SECOND
"""How long nothing must have been written before duties rest: longer than any process holds what it has read (a second)."""
ONLY_ROWS = MINUTE
"""The rest of a duty to which time alone brings nothing: it needs no look at all, and gets one for good measure."""
WORKER, SENDER = "worker", "sender"
"""The roles: everything in the background, and sending alone."""


@dataclass
class Duty:
    """A named piece of recurring work; `every_ms` is the pause after a run that found nothing, `rest_ms` that while nothing is written."""

    name: str
    where: str
    every_ms: int
    rest_ms: int
    role: str
    is_awaited: bool = True
    ran_at: int = 0
    due_at: int = 0
    failures: int = 0

    @cached_property
    def run(self) -> Callable[[int], bool]:
        """The function; loaded when first asked for."""
        function: Callable[[int], bool] = import_string(self.where)
        return function


_duties: dict[str, Duty] = {}


def register_duty(
    name: str, where: str, *, every_ms: int = 25, rest_ms: int | None = None, role: str = WORKER, is_awaited: bool = True
) -> None:
    """Have processes of a role call the function that stands at `where` (dotted) with `now`; it returns True while there is more to do at once.

    While nothing is written it is called only every `rest_ms`, so late may be what time alone brings (by default it never rests): give it to a
    duty that works on what lies in the database and on time, and on nothing that changes elsewhere. What nobody waits for who drains is not `is_awaited`.
    """
    _duties[name] = Duty(name, where, every_ms, every_ms if rest_ms is None else rest_ms, role, is_awaited)


def work_once(now: int, role: str | None = None, *, is_quiet: bool = False) -> bool:
    """Run each due duty of a role, or of all that are awaited, once; True when any has more to do. One that fails is retried with growing pauses (up to 60 s).

    `is_quiet`: nothing was written for QUIET_MS, so those that find nothing rest.
    """
    busy = False
    for duty in _duties.values():
        if duty.due_at > now or (not duty.is_awaited if role is None else role != duty.role):
            continue
        try:
            more = duty.run(now)
            duty.failures = 0
            duty.ran_at = now
            duty.due_at = now if more else now + (duty.rest_ms if is_quiet else duty.every_ms)
            busy = busy or more
        except Exception as error:  # noqa: BLE001 -- one failing duty must not stop the others; it is logged and retried
            duty.failures += 1
            duty.due_at = now + min(60_000, 250 * 2 ** min(duty.failures, 8))
            log.error("duty_failed", duty=duty.name, error=type(error).__name__, failures=duty.failures)
            close_old_connections()
    return busy


def _end_rest(duties: Iterable[Duty]) -> None:
    """Something was written: each duty is due when it would have been without its rest. One that fails keeps its pause."""
    for duty in duties:
        if not duty.failures:
            duty.due_at = min(duty.due_at, duty.ran_at + duty.every_ms)


def drain(now: int, *, most: int = 10_000) -> None:
    """Run all awaited duties until none has anything to do: for tests, imports and commands that must see the effects."""
    for duty in _duties.values():
        duty.due_at = 0
    for _ in range(most):
        if not work_once(now):
            return


def run(stop: threading.Event | None = None, role: str = WORKER) -> None:
    """Work until SIGTERM or SIGINT (or `stop`), finishing what is under way."""
    stop = stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    log.info("worker_started", role=role, duties=sorted(duty.name for duty in _duties.values() if duty.role == role))
    own = [duty for duty in _duties.values() if duty.role == role]
    written, written_at, next_at = Written(), 0, 0
    while not stop.is_set():
        now, busy = now_ms(), False
        if written.since_last_look():
            written_at, next_at = now, 0
            _end_rest(own)
        is_quiet = now - written_at > QUIET_MS
        if now >= next_at:
            busy = work_once(now, role, is_quiet=is_quiet)
            next_at = min((duty.due_at for duty in own), default=0)
        if not busy:
            time.sleep(QUIET_PAUSE_S if is_quiet else PAUSE_S)  # waiting for `stop` would cost twice as much
    log.info("worker_stopped", role=role)
