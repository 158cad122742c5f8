"""Work that takes long, begun by a request or a duty, in a child of its own that outlives this process if need be."""

from __future__ import annotations

import os
import subprocess
import sys

_children: list[subprocess.Popen[bytes]] = []


def run_beside(*command: str) -> None:
    """Run a command of the installation (`backup_create`) beside this process; nothing waits for it."""
    _children[:] = [child for child in _children if child.poll() is None]
    called = [sys.executable, "-m", "django", *command, "--skip-checks"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    _children.append(subprocess.Popen(called, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment, start_new_session=True))
