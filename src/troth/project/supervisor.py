"""The parent of `troth serve`: starts web processes, a worker and senders, restarts what crashes, stops cleanly.

It runs as a program of its own, `python -m troth.project.supervisor HOST PORT WORKERS SENDERS`, which `troth serve` becomes once the installation is ready:
so it imports neither Django nor a database driver, and stays small.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

from troth.kernel.clock import iso, now_ms

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 10.0
STABLE_SECONDS = 30.0
"""A child that lived so long and then ended starts again at once; one that keeps ending starts after growing pauses."""
GRACE_SECONDS = 25.0
"""Longer than a web process waits for open requests."""
PORT_SECONDS = 3.0
"""The web process of a server that was killed may need a moment to let go of its port."""


@dataclass
class Child:
    """A process of one role."""

    role: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    start_at: float = 0.0


@dataclass(frozen=True)
class House:
    """What the children share: the address, its socket, and a pipe that closes when this process dies, even by SIGKILL."""

    host: str
    port: int
    listener: socket.socket
    alive_read: int
    alive_write: int


def supervise(host: str, port: int, workers: int, senders: int) -> int:
    """Run `workers` web processes on one listening socket, one worker and `senders` until SIGTERM or SIGINT; returns the exit code."""
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        listener = _listen(host, port)
    except OSError as error:
        print(f"troth: cannot listen on {host}:{port} ({error.strerror}): choose another --host or --port.", file=sys.stderr)
        return 1
    house = House(host, port, listener, *os.pipe())
    children = [Child("web") for _ in range(workers)] + [Child("worker")] + [Child("sender") for _ in range(senders)]
    if sys.stdout.isatty():
        print(f"Troth serves on http://{host}:{port} and stops with Ctrl-C.", flush=True)
    while not stopping:
        for child in children:
            _keep_running(child, house)
        time.sleep(0.05)
    listener.close()
    return _stop_all(children)


def _listen(host: str, port: int) -> socket.socket:
    deadline = time.monotonic() + PORT_SECONDS
    while True:
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(2048)
        except OSError:
            listener.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return listener


def _keep_running(child: Child, house: House) -> None:
    now = time.monotonic()
    if child.process is not None:
        code = child.process.poll()
        if code is None:
            return
        child.pause = FIRST_PAUSE if now - child.started > STABLE_SECONDS else min(LONGEST_PAUSE, child.pause * 2)
        child.start_at = now + child.pause
        child.process = None
        _log("process_ended", level="error", role=child.role, exit_code=code, ms=round(child.pause * 1000))
    if now >= child.start_at:
        _start(child, house)
        child.started = now


def _start(child: Child, house: House) -> None:
    inherited = [house.alive_read] + ([house.listener.fileno()] if child.role == "web" else [])
    child.process = subprocess.Popen(
        [sys.executable, "-m", "troth.project.cli", "serve", "--role", child.role, "--host", house.host, "--port", str(house.port)],
        env={**os.environ, "TROTH_LISTEN_FD": str(house.listener.fileno()), "TROTH_ALIVE_FD": str(house.alive_read)},
        pass_fds=inherited,
        # Ctrl-C in a terminal reaches this process alone, which then stops the children in order.
        start_new_session=True,
    )
    _log("process_started", level="info", role=child.role, pid=child.process.pid)


def _stop_all(children: list[Child]) -> int:
    """Ask every child to end, wait, kill who stays. 0 when all ended by themselves."""
    for child in children:
        if child.process and child.process.poll() is None:
            child.process.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    clean = True
    for child in children:
        if child.process is None:
            continue
        try:
            child.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.process.kill()
            _log("process_killed", level="error", role=child.role)
            clean = False
    return 0 if clean else 1


def _log(event: str, *, level: str, **facts: str | int) -> None:
    """One line in the form of `project.logging`, without importing what that needs."""
    print(json.dumps({**facts, "event": event, "level": level, "timestamp": iso(now_ms())}), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(supervise(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
