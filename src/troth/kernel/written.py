"""Whether anything was written to the database: one look that costs microseconds, in place of one into each table that something may wait in.

SQLite tells whether others have committed (`PRAGMA data_version`); the look has a connection of its own, so that what this process writes is of
others, too. PostgreSQL tells which transactions a snapshot sees (`pg_current_snapshot`): two that read alike see the same. Both change when a commit
becomes visible, not a moment before, so what was not there for a statement after one look is told by a look after it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.db import DatabaseError, close_old_connections, connection, connections

log = structlog.get_logger()
AFTER_FAILURE_S = 1.0
"""A database that does not answer is asked again after this."""


class Written:
    """Looks of one thread."""

    def __init__(self) -> None:
        self._ask: Callable[[], Any] | None = None
        self._seen: Any = None
        self._blind_until = 0.0

    def since_last_look(self) -> bool:
        """Whether anything was committed, by whomever, since this was asked last; True where it cannot be known."""
        if self._blind_until and time.monotonic() < self._blind_until:
            return True
        try:
            with connection.wrap_database_errors:
                self._ask = self._ask or _open()
                found = self._ask()
        except DatabaseError as error:
            log.error("database_not_seen", error=type(error).__name__)
            close_old_connections()
            self._ask, self._seen, self._blind_until = None, None, time.monotonic() + AFTER_FAILURE_S
            return True
        changed, self._seen, self._blind_until = found != self._seen, found, 0.0
        return bool(changed)


def _open() -> Callable[[], Any]:
    """The look itself, past Django's cursors, which take several times as long as the database does."""
    if connection.vendor == "sqlite":
        own = connection.get_new_connection(connection.get_connection_params())
        return lambda: own.execute("PRAGMA data_version").fetchall()
    wrapper = connections[connection.alias]

    def look() -> Any:
        if wrapper.connection is None:
            wrapper.ensure_connection()
        return wrapper.connection.execute("SELECT pg_current_snapshot()::text").fetchone()

    return look
