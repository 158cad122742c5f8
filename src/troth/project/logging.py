"""Logs: JSON lines on stderr in which nothing but named, harmless facts can appear.

A log line is an event name and keys from an allow-list. Whatever else is passed, and the text of messages from libraries, is left out, so that no
identifier of a person, no body, no query string and no token can reach a log by accident. People are logged as `person_id`.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, TextIO, cast

# Where structlog finds rich it loads it, to draw tracebacks on terminals that lines of JSON have not: a tenth of what a command takes to start.
_modules = cast("dict[str, Any]", sys.modules)
_modules.setdefault("rich", None)
import structlog  # noqa: E402 -- see above

if _modules["rich"] is None:
    del _modules["rich"]

ALLOWED = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "logger",
        "person_id",
        "workspace_id",
        "request_id",
        "message_id",
        "campaign_id",
        "duty",
        "duties",
        "error",
        "failures",
        "number",
        "status",
        "role",
        "port",
        "pid",
        "exit_code",
        "channel",
        "where",
        "version",
        "ms",
    }
)


def keep_allowed(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every key that is not on the list."""
    return {key: value for key, value in line.items() if key in ALLOWED}


class LibraryHandler(logging.Handler):
    """Turns what libraries log into a line without their text: the logger's name, the level, and the class of an exception."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        where = f"{record.module}:{record.lineno}"
        log = structlog.get_logger()
        log.log(record.levelno, "library", logger=record.name, where=where, **({"error": error} if error else {}))


def configure_logging(stream: TextIO) -> None:
    """Send everything, ours and libraries', as JSON lines to a stream."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            keep_allowed,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [LibraryHandler()]
    root.setLevel(logging.WARNING)
    threading.excepthook = lambda failed: log_uncaught(failed.exc_type, failed.exc_traceback)
    sys.unraisablehook = lambda failed: log_uncaught(failed.exc_type, failed.exc_traceback)


def log_only_trouble() -> None:
    """For commands at a terminal, which say themselves what they did: warnings and errors alone are logged."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def log_uncaught(kind: type[BaseException], trace: TracebackType | None) -> None:
    """Say that a thread ended by an error, and where. Python's own report would print the error's text, which can hold a person's data."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace is not None else "unknown"
    structlog.get_logger().error("uncaught", error=kind.__name__, where=where)
