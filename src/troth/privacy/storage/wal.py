"""Emptying SQLite's write-ahead log, which keeps what was written before an erasure until it is truncated (rule S4)."""

from __future__ import annotations

import time

from django.db import connection

from troth.privacy.storage.locks import while_nobody_writes

PAUSE_SECONDS = 0.05


def empty_log(*, patience_ms: int) -> bool:
    """Move the log into the database and truncate it; False when a reader kept it busy. The caller holds the writers' turn."""
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {int(patience_ms)}")
        try:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return int(cursor.fetchone()[0]) == 0
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {_usual_timeout_ms()}")


def empty_log_within(seconds: float) -> bool:
    """Try to empty the log until it works or the time is over. Never inside a transaction."""
    deadline = time.monotonic() + seconds
    while True:
        with while_nobody_writes():
            if empty_log(patience_ms=250):
                return True
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_SECONDS)


def _usual_timeout_ms() -> int:
    return int(float(connection.settings_dict["OPTIONS"].get("timeout", 30)) * 1000)
