"""The parent of `troth serve`: starts a web process and a worker, restarts what crashes, stops cleanly. It imports no Django and stays small."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

LONGEST_PAUSE = 10.0
STABLE_SECONDS = 30.0
GRACE_SECONDS = 25.0
PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """A process of one role."""

    role: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = 0.2
    start_at: float = 0.0


def supervise(host: str, port: int, workers: int) -> int:
    """Run `workers` web processes on one listening socket and one worker until SIGTERM or SIGINT; returns the exit code."""
    try:
        listener = _listen(host, port)
    except OSError:
        print(f"troth: cannot listen on {host}:{port}: choose another --port.", file=sys.stderr)
        return 1
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    children = [Child("web") for _ in range(workers)] + [Child("worker")]
    while not stopping:
        for child in children:
            _keep_running(child, host, port, listener)
        time.sleep(0.05)
    listener.close()
    return _stop_all(children)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(2048)
    listener.set_inheritable(True)
    return listener


def _keep_running(child: Child, host: str, port: int, listener: socket.socket) -> None:
    now = time.monotonic()
    if child.process is not None:
        if child.process.poll() is None:
            return
        child.pause = 0.2 if now - child.started > STABLE_SECONDS else min(LONGEST_PAUSE, child.pause * 2)
        child.start_at = now + child.pause
        child.process = None
    if now >= child.start_at:
        command = [sys.executable, "-m", "troth.project.cli", "serve", "--role", child.role, "--host", host, "--port", str(port)]
        child.process = subprocess.Popen(
            command,
            env={**os.environ, "TROTH_LISTEN_FD": str(listener.fileno())},
            pass_fds=[listener.fileno()] if child.role == "web" else [],
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 -- this process has one thread
            start_new_session=True,
        )
        child.started = now


def _die_with_parent() -> None:
    """A child must not outlive a killed supervisor: it would hold the port and the database."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop_all(children: list[Child]) -> int:
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
            clean = False
    return 0 if clean else 1
