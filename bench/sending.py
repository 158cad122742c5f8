"""How many messages a second are handed over to a local SMTP server that only counts, what that costs in CPU, and what it takes in memory."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil

from bench.content import GOAL, YARDSTICK, rate_of_django
from bench.server import Running, free_port, troth
from bench.triggers import measure_triggers

Note = Callable[[str, str, str, bool | None], None]
RECIPIENTS = 20_000
SENDERS = 2
LOAD = 2_000
"""Events a second that come in while entry to hand-over is measured."""
MEMORY = (10_000, 1_000_000)
"""Recipients queued for the two measurements of memory."""


@contextmanager
def smtp_sink(folder: Path) -> Iterator[str]:
    """Debian's `smtp-sink` where it is installed, else our own; gives its URL."""
    port = free_port()
    command = ["smtp-sink", "-u", "nobody", f"127.0.0.1:{port}", "512"]
    if shutil.which("smtp-sink") is None:
        command = [sys.executable, "-m", "bench.sink", str(port), str(folder / "taken")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", port)):
                    break
            time.sleep(0.05)
        yield f"smtp+plain://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(10)


def measure_sending(data: Path, note: Note, *, recipients: int = RECIPIENTS, memory: tuple[int, ...] = MEMORY) -> None:
    """The rate with two senders on the machine's cores, the CPU of one message, and memory with much in the queue."""
    data.parent.mkdir(exist_ok=True)
    with smtp_sink(data.parent) as url:
        with troth(data, senders=SENDERS, TROTH_EMAIL_URL=url) as server:
            rate, cpu = _work_off(server, recipients)
            base = _rate_of_django()
            note(
                "hand-over to an SMTP sink, messages/s",
                f"{GOAL:,} or {YARDSTICK} of Django's MIME alone",
                f"{rate:,.0f} = {rate / base:.2f} of Django's MIME alone ({cpu:.2f} ms of CPU each, {SENDERS} senders)",
                rate >= GOAL or rate >= YARDSTICK * base,
            )
        grown = []
        for number in memory:
            with troth(data, TROTH_EMAIL_URL=url) as server:
                _queue(server, number)
                _wait_until(partial(_has_begun, server, number))
                grown.append(server.memory()["sender"])
        if grown:
            told = " / ".join(f"{mb} MB with {number:,} queued" for mb, number in zip(grown, memory, strict=True))
            note("memory of a sender", "flat", told, grown[-1] <= grown[0] * 1.2)
    measure_triggers(data, note, load=LOAD)


def _work_off(server: Running, recipients: int) -> tuple[float, float]:
    """Messages a second from the first that goes to the last, and the CPU that senders spent on each, in milliseconds."""
    server.cli("sending", "stop")
    _queue(server, recipients)
    senders = [child for child in psutil.Process(server.process.pid).children() if "sender" in child.cmdline()]
    before = sum(sum(child.cpu_times()[:2]) for child in senders)
    server.cli("sending", "go")
    _wait_until(lambda: _left(server) < recipients)
    began = time.monotonic()
    _wait_until(lambda: _left(server) == 0)
    took = time.monotonic() - began
    spent = sum(sum(child.cpu_times()[:2]) for child in senders) - before
    return recipients / took, spent / recipients * 1000


def _rate_of_django() -> float:
    """The yardstick of this machine at this moment, on a mail as long as those that were sent."""
    from django.conf import settings

    if not settings.configured:
        settings.configure(USE_TZ=True)
    text = "Our shop has something new, and here is what it is good for. " * 16
    return rate_of_django(f"<html><body><h1>Hello</h1><p>{text}</p></body></html>", text)


def _queue(server: Running, number: int) -> None:
    subprocess.run([sys.executable, "-m", "bench.audience", str(server.workspace["id"]), str(number)], env=server.environment(), check=True)


def _has_begun(server: Running, number: int) -> bool:
    return _left(server) < number - 2_000


def _left(server: Running) -> int:
    """Messages that are not over yet."""
    import sqlite3

    with sqlite3.connect(server.data / "troth.sqlite3", timeout=30) as database:
        found = database.execute("SELECT COUNT(*) FROM messages_message WHERE state IN ('queued', 'sending', 'held')").fetchone()
    database.close()
    return int(found[0])


def _wait_until(check: Callable[[], bool], seconds: float = 900) -> None:
    ends = time.monotonic() + seconds
    while not check():
        if time.monotonic() > ends:
            raise TimeoutError("it did not happen in time")
        time.sleep(0.1)
