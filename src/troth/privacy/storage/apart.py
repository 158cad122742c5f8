"""Reading the database's own files in a process of its own: searching them for values, and copying them into an encrypted file.

A process that opens and closes a file loses all POSIX locks it holds on that file, so a server or worker that read its SQLite files itself would
lose the locks that keep the database whole (https://www.sqlite.org/howtocorrupt.html, section 2.2). The child gets what it needs,
values and keys too, on its standard input: arguments can be seen by every user of a machine. It imports no Django.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

import msgspec

from troth.kernel.errors import TrothError
from troth.privacy.scanning.scanner import Report, scan
from troth.privacy.storage.backup_format import seal_stream

Progress = Callable[[int, int], None]
HERE = "troth.privacy.storage.apart"
STEP = 8 * 1024 * 1024
"""Progress is told every so many bytes."""


class ChildFailed(TrothError):
    """The child process ended without an answer."""


def scan_apart(roots: Sequence[Path], values: Sequence[str], progress: Progress | None = None) -> Report:
    """`scan`, in a child process of low priority. Raises TrothError with the child's message."""
    answer = run_apart(HERE, {"task": "scan", "roots": [str(root) for root in roots], "values": list(values)}, progress)
    return msgspec.convert(answer, Report)


def seal_file_apart(source: Path, target: Path, header: dict[str, Any], key: bytes) -> None:
    """Encrypt one file into another in a child process; the target is durable when this returns."""
    run_apart(HERE, {"task": "seal", "source": str(source), "target": str(target), "header": header, "key": key.hex()})


def run_apart(module: str, order: dict[str, Any], progress: Progress | None = None) -> Any:
    """Have a module of ours, run as a program, carry out an order; its answer. Raises TrothError with its message, ChildFailed when it was killed."""
    command = [sys.executable, "-m", module]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=environment) as child:
        if child.stdin is None or child.stdout is None:
            raise ChildFailed("The child process has no pipes.")
        with contextlib.suppress(BrokenPipeError):
            json.dump(order, child.stdin)
            child.stdin.close()
        for line in child.stdout:
            message = json.loads(line)
            if "done" in message:
                if progress:
                    progress(message["done"], message["total"])
            elif "error" in message:
                raise TrothError(message["error"])
            else:
                return message["answer"]
    raise ChildFailed(f"Reading files in a process of its own failed (exit code {child.returncode}): see the lines above, then try again.")


def main(given: TextIO, out: TextIO) -> None:
    """Carry out the one order on standard input; answers are lines of JSON."""
    os.nice(10)
    order = json.load(given)

    def tell(message: dict[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    told = 0

    def progress(done: int, total: int) -> None:
        nonlocal told
        if done - told >= STEP or done == total:
            told = done
            tell({"done": done, "total": total})

    try:
        if order["task"] == "scan":
            report = scan([Path(root) for root in order["roots"]], order["values"], progress)
            tell({"answer": msgspec.to_builtins(report)})
        else:
            seal_file(Path(order["source"]), Path(order["target"]), order["header"], bytes.fromhex(order["key"]))
            tell({"answer": None})
    except (TrothError, OSError) as error:
        tell({"error": str(error)})


def seal_file(source: Path, target: Path, header: dict[str, Any], key: bytes) -> None:
    """Encrypt one file into another, which is durable when this returns. In a process of its own, see above."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with source.open("rb") as plain, os.fdopen(descriptor, "wb") as sealed:
        seal_stream(plain, sealed, header, key)
        sealed.flush()
        os.fsync(sealed.fileno())


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main(sys.stdin, sys.stdout)
