"""What a newcomer runs first."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-m", "troth.project.cli"]


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("TROTH_")}


def test_the_main_job_holds_from_end_to_end(tmp_path: Path) -> None:
    command = [*COMMAND, "--data", str(tmp_path / "demo"), "demo", "--once", "--people", "200", "--port", free_port()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment(), check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok ") >= 11
    assert "The main job held" in done.stdout


def test_the_demo_greets_with_keys_and_stops_cleanly_on_control_c(tmp_path: Path) -> None:
    command = [*COMMAND, "--data", str(tmp_path / "demo"), "demo", "--people", "100", "--port", free_port()]
    outside = {**environment(), "TROTH_EMAIL_URL": "smtp://192.0.2.1:25"}  # nobody invented is mailed through a real mail server
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=outside)
    assert running.stdout is not None
    seen = ""
    for line in running.stdout:
        seen += line
        if "Ctrl-C stops" in line:
            break
    for word in ("their mail stays in its outbox", "log in", "auth_token", "tracking_api_key", "write_key", "curl"):
        assert word in seen
    running.send_signal(signal.SIGINT)
    rest, _ = running.communicate(timeout=60)
    assert running.returncode == 0, rest
    assert "Stopped." in rest


def test_a_port_that_somebody_has_is_said_before_anything_is_made(tmp_path: Path) -> None:
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        port = str(somebody.getsockname()[1])
        command = [*COMMAND, "--data", str(tmp_path / "demo"), "demo", "--once", "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment(), check=False)
    assert done.returncode == 1
    assert "choose another --port" in done.stderr
    assert not (tmp_path / "demo").exists()
