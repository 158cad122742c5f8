"""The worker loop: duties that each do a bounded piece of work, again and again, until told to stop.

A duty is registered by the package it belongs to (in its `apps.py`), so the loop knows nobody. It returns True when there may be more to do.
Each duty has a role, and a process of that role runs it: what waits for somebody outside, as sending does, holds up nothing else. A duty is
registered by where its function stands, which is loaded when it is first run: a web process or a command loads nothing of what it never does.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import structlog
from django.db import close_old_connections
from django.utils.module_loading import import_string

from troth.kernel.clock import now_ms

log = structlog.get_logger()
IDLE_SECONDS = 0.025
WORKER, SENDER = "worker", "sender"
"""The roles: everything in the background, and sending alone."""


@dataclass
class Duty:
    """A named piece of recurring work; `every_ms` is the pause after a run that found nothing."""

    name: str
    where: str
    every_ms: int
    role: str
    is_awaited: bool = True
    due_at: int = 0
    failures: int = 0

    @cached_property
    def run(self) -> Callable[[int], bool]:
        """The function; loaded when first asked for."""
        function: Callable[[int], bool] = import_string(self.where)
        return function


_duties: dict[str, Duty] = {}


def register_duty(name: str, where: str, *, every_ms: int = 25, role: str = WORKER, is_awaited: bool = True) -> None:
    """Have processes of a role call the function that stands at `where` (dotted) with `now`; it returns True while there is more to do at once.

    What nobody waits for who drains is not `is_awaited`.
    """
    _duties[name] = Duty(name, where, every_ms, role, is_awaited)


def work_once(now: int, role: str | None = None) -> bool:
    """Run each due duty of a role, or of all that are awaited, once; True when any has more to do. One that fails is retried with growing pauses (up to 60 s)."""
    busy = False
    for duty in _duties.values():
        if duty.due_at > now or (not duty.is_awaited if role is None else role != duty.role):
            continue
        try:
            more = duty.run(now)
            duty.failures = 0
            duty.due_at = now if more else now + duty.every_ms
            busy = busy or more
        except Exception as error:  # noqa: BLE001 -- one failing duty must not stop the others; it is logged and retried
            duty.failures += 1
            duty.due_at = now + min(60_000, 250 * 2 ** min(duty.failures, 8))
            log.error("duty_failed", duty=duty.name, error=type(error).__name__, failures=duty.failures)
            close_old_connections()
    return busy


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
    while not stop.is_set():
        if not work_once(now_ms(), role):
            stop.wait(IDLE_SECONDS)
    log.info("worker_stopped", role=role)
