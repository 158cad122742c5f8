"""Restoring a backup: nothing may serve meanwhile, and nothing serves afterwards before the erasure ledger was replayed."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

import structlog
from django.core.management import call_command
from django.db import DatabaseError, connection

from troth.privacy.backups.taking import Backup, data_key_of, load_header, path_of, require_embedded
from troth.privacy.erasure.restore_guard import replay_if_behind
from troth.privacy.storage.backup_format import BackupUnreadable, open_stream, read_header
from troth.privacy.storage.locks import while_nobody_writes, while_nothing_serves
from troth.privacy.storage.places import database_path, side_files
from troth.privacy.storage.scratch import overwrite_and_remove
from troth.privacy.storage.wal import empty_log_within

log = structlog.get_logger()


def restore_backup(name: str) -> tuple[Backup, int]:
    """Put a backup in the place of the database, bring its tables up to date and replay the erasure ledger.

    Returns the backup and the number of ledger entries applied. Raises ServerRunning, BackupError, BackupUnreadable. The database that was there
    is overwritten and gone: who wants it back makes a backup first.
    """
    require_embedded()
    path = path_of(name)
    backup = load_header(path)
    with while_nothing_serves():
        _let_go_of_database()
        database = database_path()
        plain = database.with_name(database.name + ".restoring")
        try:
            decrypt_backup(path, plain, data_key_of(backup))
            check_database(plain)
            with while_nobody_writes():
                _put_in_place(plain, database)
        finally:
            overwrite_and_remove(plain)
        call_command("migrate", verbosity=0, interactive=False)
        applied = replay_if_behind()
    log.warning("backup_restored", backup=backup.name, ledger_entries_applied=applied)
    return backup, applied


def _let_go_of_database() -> None:
    """Close it with an empty log, so that its file alone is whole; a database that is broken is about to be replaced anyway."""
    with contextlib.suppress(DatabaseError):
        empty_log_within(5)
    connection.close()


def decrypt_backup(path: Path, plain: Path, key: bytes) -> None:
    """A backup's database in clear, in a new file. Raises BackupUnreadable."""
    plain.unlink(missing_ok=True)
    descriptor = os.open(plain, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with path.open("rb") as sealed, os.fdopen(descriptor, "wb") as target:
        header = read_header(sealed)
        open_stream(sealed, target, header, key)
        target.flush()
        os.fsync(target.fileno())


def check_database(path: Path) -> None:
    """Ask SQLite whether a file is whole, before anything is replaced by it. Raises BackupUnreadable."""
    try:
        copy = sqlite3.connect(path)
        try:
            answer = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        finally:
            copy.close()
            for side in side_files(path):
                side.unlink(missing_ok=True)
    except sqlite3.DatabaseError as error:
        answer = str(error)
    if answer != "ok":
        raise BackupUnreadable("What the backup holds does not pass SQLite's own check: try another one.")


def _put_in_place(plain: Path, database: Path) -> None:
    """Exchange the files so that at each instant a whole database has its name; then overwrite the old one and its log."""
    old = database.with_name(database.name + ".replaced")
    overwrite_and_remove(old)
    if database.exists():
        os.link(database, old)
    for side in side_files(database):
        if not side.name.endswith(".turn"):
            overwrite_and_remove(side)
    plain.replace(database)
    overwrite_and_remove(old)
