"""What may appear in a log line: named, harmless facts. The sentinel of these tests is an address."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
import structlog

from troth.project.logging import configure_logging, log_only_trouble

DANA = "dana@example.com"


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    stream = io.StringIO()
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    configure_logging(stream)
    yield stream
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


def test_only_listed_facts_are_written(lines: io.StringIO) -> None:
    structlog.get_logger().info("message_sent", person_id=7, email=DANA, body={"to": DANA}, path=f"/unsubscribe/{DANA}")
    line = json.loads(lines.getvalue())
    assert line["person_id"] == 7
    assert line.keys() == {"event", "level", "timestamp", "person_id"}


def test_what_libraries_say_is_reduced_to_where_and_which_error(lines: io.StringIO) -> None:
    try:
        raise ValueError(f"duplicate key: {DANA}")
    except ValueError:
        logging.getLogger("django.request").exception("Internal Server Error: /u/%s?token=%s", DANA, DANA)
    line = json.loads(lines.getvalue())
    assert (line["logger"], line["error"], line["level"]) == ("django.request", "ValueError", "error")
    assert DANA not in lines.getvalue()


def test_a_thread_that_fails_does_not_print_its_error(lines: io.StringIO) -> None:
    def fail() -> None:
        raise KeyError(DANA)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    line = json.loads(lines.getvalue())
    assert (line["event"], line["error"]) == ("uncaught", "KeyError")
    assert line["where"].startswith("tests.project.test_logging:")
    assert DANA not in lines.getvalue()


def test_a_command_at_a_terminal_logs_trouble_alone(lines: io.StringIO) -> None:
    log_only_trouble()
    structlog.get_logger().info("person_deleted", person_id=7, email=DANA)
    assert lines.getvalue() == ""
    structlog.get_logger().warning("slow", person_id=7, email=DANA)
    assert json.loads(lines.getvalue()).keys() == {"event", "level", "timestamp", "person_id"}


def test_the_supervisor_needs_no_django() -> None:
    code = "import sys, troth.project.supervisor as s; print([m for m in ('django', 'structlog', 'cryptography', 'uvicorn') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
