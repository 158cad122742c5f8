"""Starting what is measured, and driving it with wrk."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

HERE = Path(__file__).parent


@dataclass
class Running:
    """A server under test."""

    url: str
    data: Path
    workspace: dict[str, str]
    process: subprocess.Popen[bytes]

    def cli(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command against its data directory."""
        return subprocess.run(
            [sys.executable, "-m", "troth.project.cli", *words], env=_environment(self.data), capture_output=True, text=True, check=False
        )

    def environment(self) -> dict[str, str]:
        """For commands against its data directory."""
        return _environment(self.data)

    def memory(self) -> dict[str, int]:
        """Resident megabytes per role, by its largest process."""
        found: dict[str, int] = {}
        for child in psutil.Process(self.process.pid).children(recursive=True):
            words = child.cmdline()
            if "--role" in words:
                role = words[words.index("--role") + 1]
                found[role] = max(found.get(role, 0), child.memory_info().rss // 2**20)
        return found


def _environment(data: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "TROTH_DATA": str(data), "DJANGO_SETTINGS_MODULE": "troth.project.settings", **more}


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def troth(data: Path, *, senders: int = 1, **environment: str) -> Iterator[Running]:
    """A fresh installation, served."""
    shutil.rmtree(data, ignore_errors=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = _environment(data, TROTH_URL=url, **environment)
    command = [sys.executable, "-m", "troth.project.cli"]
    subprocess.run([*command, "init"], env=settings, check=True, stdout=subprocess.DEVNULL)
    made = subprocess.run([*command, "workspace", "create", "Bench", "--json"], env=settings, check=True, capture_output=True)
    process = subprocess.Popen([*command, "serve", "--port", str(port), "--senders", str(senders)], env=settings)
    try:
        wait_for(f"{url}/readyz")
        yield Running(url, data, json.loads(made.stdout), process)
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def bare() -> Iterator[str]:
    """The yardstick, served by the same server with the same settings."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "bench.bare_asgi:application",
        "--port",
        str(port),
        "--loop",
        "uvloop",
        "--http",
        "httptools",
    ]
    process = subprocess.Popen([*command, "--no-access-log", "--log-level", "error", "--no-server-header"])
    try:
        wait_for(f"http://127.0.0.1:{port}/", post=b"{}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def wait_for(url: str, post: bytes | None = None, seconds: float = 30) -> None:
    """Until a server answers 200."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, data=post, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        if time.monotonic() > deadline:
            raise TimeoutError(f"{url} did not answer within {seconds} s")
        time.sleep(0.05)


def wait_for_empty_inbox(url: str, seconds: float = 120) -> None:
    """Until the worker has folded what a saturating load left behind."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{url}/metrics", timeout=5) as answer:
            if b"\ntroth_inbox_items 0.0" in answer.read():
                return
        time.sleep(0.5)


def wrk(url: str, script: str, *words: str, connections: int = 64, threads: int = 1, seconds: int = 8) -> dict[str, float]:
    """Requests per second, p99 in milliseconds, and errors, as wrk reports them."""
    command = ["wrk", "--latency", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "-s", str(HERE / script), url, "--", *words]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])  # type: ignore[index] -- wrk always prints it
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr] -- wrk always prints it
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return {"rate": rate, "p99_ms": float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit], "errors": int(errors[1]) if errors else 0}
