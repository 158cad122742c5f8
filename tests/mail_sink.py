"""A mail server in a process of its own that only counts, for tests that kill or hurry senders."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import eventually

ROOT = Path(__file__).parents[1]


@contextmanager
def mail_sink(folder: Path, delay_ms: int = 0) -> Iterator[tuple[str, Path]]:
    """Its URL, and the file with the recipients whose mail it told taken; `delay_ms` passes before each of its answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    taken = folder / "taken"
    taken.touch()
    process = subprocess.Popen([sys.executable, "-m", "bench.sink", str(port), str(taken), str(delay_ms)], cwd=ROOT)
    try:
        eventually(lambda: not socket.socket().connect_ex(("127.0.0.1", port)))
        yield f"smtp+plain://127.0.0.1:{port}", taken
    finally:
        process.kill()
        process.wait(10)
