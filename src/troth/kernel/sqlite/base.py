"""A Django database backend: SQLite in WAL mode, durable commits, secure deletion, fair turns for writers.

The pragmas follow the rules S1 to S8 tested for erasure: `secure_delete` zeroes what is deleted, WAL with
`synchronous=FULL` makes a commit durable, and nothing lingers in side files.
"""

from __future__ import annotations

import fcntl
import os
from typing import Any

from django.db import ProgrammingError
from django.db.backends.sqlite3 import base

from troth.kernel.local_time import months_later_in_known_zone
from troth.kernel.sqlite.schema import DatabaseSchemaEditor

PRAGMAS: dict[str, int | str] = {
    "auto_vacuum": 2,
    "journal_mode": "wal",
    "synchronous": 2,
    "secure_delete": 1,
    "foreign_keys": 1,
    "journal_size_limit": 0,
    "temp_store": 2,
    "cache_size": -16_000,
    "wal_autocheckpoint": 4_000,
}
MONTHS_LATER = "troth_months_later"
"""A function of SQL: `kernel.local_time.months_later_in_known_zone`."""
ASSERTED = ("journal_mode", "synchronous", "secure_delete", "foreign_keys", "journal_size_limit", "temp_store")


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection. A transaction waits for its turn on a file lock, which the kernel hands over at once and in order.

    SQLite alone lets waiting writers sleep and poll, so that a busy server starves the worker or waits needlessly for it.
    """

    SchemaEditorClass = DatabaseSchemaEditor

    def __init__(self, settings_dict: dict[str, Any], alias: str = "default") -> None:
        settings_dict["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 30, **settings_dict.get("OPTIONS", {})}
        super().__init__(settings_dict, alias)
        self._turn: int | None = None
        self.waited_for_turn = False
        """Whether somebody else was writing when the last transaction began: background work then pauses."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Open a connection, set the pragmas, and assert those that durability and erasure stand on."""
        connection = super().get_new_connection(conn_params)
        for name, value in PRAGMAS.items():
            connection.execute(f"PRAGMA {name}={value}")
        connection.create_function(MONTHS_LATER, 4, months_later_in_known_zone, deterministic=True)
        for name in ASSERTED:
            found = connection.execute(f"PRAGMA {name}").fetchone()[0]
            if found != PRAGMAS[name] and not self.is_in_memory_db():
                connection.close()
                raise ProgrammingError(
                    f"SQLite refused PRAGMA {name}={PRAGMAS[name]} (it is {found}): use a local disk and SQLite 3.35 or newer."
                )
        return connection

    def _take_turn(self) -> None:
        name = str(self.settings_dict["NAME"])
        if self._turn is not None or self.is_in_memory_db():
            return
        descriptor = os.open(name + ".turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.waited_for_turn = False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.waited_for_turn = True
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        self._turn = descriptor

    def _end_turn(self) -> None:
        if self._turn is not None:
            os.close(self._turn)
            self._turn = None

    def _start_transaction_under_autocommit(self) -> None:
        self._take_turn()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # Django's own hook, absent from its type stubs
        except BaseException:
            self._end_turn()
            raise

    def _commit(self) -> Any:
        try:
            return super()._commit()  # type: ignore[misc]  # Django's own hook, absent from its type stubs
        finally:
            if self.connection is not None and not self.connection.in_transaction:
                self._end_turn()

    def _rollback(self) -> Any:
        try:
            return super()._rollback()  # type: ignore[misc]  # Django's own hook, absent from its type stubs
        finally:
            self._end_turn()

    def _close(self) -> Any:
        try:
            return super()._close()  # type: ignore[misc]  # Django's own hook, absent from its type stubs
        finally:
            self._end_turn()
