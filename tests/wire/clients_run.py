"""How the wire tests run a real client: as a process of its own, which prints JSON lines."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PYTHON = HERE.parent.parent / ".venv-wire" / "bin" / "python"
node = pytest.mark.node


def run(script: str, *words: str, seconds: float = 60) -> list[dict[str, Any]]:
    """Run a client; the lines it printed."""
    if script.endswith(".py"):
        if not PYTHON.exists():
            pytest.skip("the Python clients are not installed: `make test` installs them")
        command = [str(PYTHON), str(HERE / "clients" / script), *words]
    else:
        if not (HERE / "node_modules").exists():
            pytest.skip("the Node clients are not installed: `make test` installs them")
        command = ["node", str(HERE / "clients" / script), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
