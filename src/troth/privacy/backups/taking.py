"""Backups of the embedded database: encrypted, expiring, and unable to bring an erased person back.

Each is sealed under a random key of its own, wrapped by a key of the key ring (`keyring`) that dies within a week of an erasure (`renewing`).

No copy in clear touches the disk. SQLite's log is emptied into the database file while nobody writes, and a read transaction begun at that
moment keeps the file as it is (a checkpoint must wait for its reader), so the file itself is encrypted, block by block, while writers go on into
the log. PostgreSQL has its own tools; the erasure ledger guards what they restore as well.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from django.db import connection

from troth.kernel.clock import DAY, iso
from troth.kernel.errors import TrothError
from troth.kernel.sql import is_sqlite
from troth.privacy.storage.apart import seal_file_apart
from troth.privacy.storage.backup_format import BackupUnreadable, read_header
from troth.privacy.storage.keyring import take_key, unwrap_key, wrap_key
from troth.privacy.storage.ledger_file import last_number
from troth.privacy.storage.locks import while_backups_change, while_nobody_writes
from troth.privacy.storage.places import backups_dir, database_path, make_private_dir
from troth.privacy.storage.wal import empty_log

KEPT_FOR = 30 * DAY
SUFFIX = ".troth"
TRIES = 50
"""How often the log may be found busy before a backup gives up."""


class BackupError(TrothError):
    """A backup cannot be made or found."""


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """A backup as its header tells. `ledger` is how far it has followed the erasure ledger; times in milliseconds."""

    name: str
    created_at: int
    expires_at: int
    ledger: int
    version: str
    key: str
    """Of which key of the key ring."""
    wrapped: str
    """The backup's own key, sealed under that one; hex."""
    renewed_at: int = 0
    """When erased persons were last taken out of it; 0: never."""
    bytes: int = 0


def header_of(backup: Backup) -> dict[str, Any]:
    """What stands at the head of a backup's file."""
    return {key: value for key, value in msgspec.to_builtins(backup).items() if key != "bytes"}


def data_key_of(backup: Backup) -> bytes:
    """The key that opens a backup. Raises KeyGone, BackupUnreadable."""
    return unwrap_key(backup.key, backup.wrapped, backup.name)


def create_backup(now: int) -> Backup:
    """Make an encrypted copy of the running database. Raises BackupError."""
    require_embedded()
    folder = make_private_dir(backups_dir())
    name = f"{iso(now)[:19].replace(':', '').replace('-', '')}Z-{secrets.token_hex(4)}"
    partial = folder / f".{name}.part"
    with while_backups_change():
        # Before the database is read: whoever is erased from then on counts this backup among those that hold them.
        kid, own = take_key(now, last_number()), secrets.token_bytes(32)
        try:
            with frozen_database() as ledger:
                backup = Backup(
                    name=name,
                    created_at=now,
                    expires_at=now + KEPT_FOR,
                    ledger=ledger,
                    version=version("troth"),
                    key=kid,
                    wrapped=wrap_key(kid, own, name),
                )
                seal_file_apart(database_path(), partial, header_of(backup), own)
            path = partial.rename(folder / (name + SUFFIX))
        finally:
            partial.unlink(missing_ok=True)
    return msgspec.structs.replace(backup, bytes=path.stat().st_size)


@contextmanager
def frozen_database() -> Iterator[int]:
    """Keep the database file complete and unchanged, while others may write to the log; yields its position in the erasure ledger."""
    if connection.in_atomic_block:
        raise BackupError("A backup cannot be made inside a transaction.")
    log = database_path().with_name(database_path().name + "-wal")
    for _ in range(TRIES):
        with while_nobody_writes():
            emptied = empty_log(patience_ms=200)
            with connection.cursor() as cursor:
                cursor.execute("BEGIN")
                try:
                    cursor.execute("SELECT COALESCE(MAX(applied), 0) FROM privacy_ledgerposition")
                    ledger = int(cursor.fetchone()[0])
                    frozen = emptied and (not log.exists() or log.stat().st_size == 0)
                except BaseException:
                    cursor.execute("ROLLBACK")
                    raise
        try:
            if frozen:
                yield ledger
                return
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK")
        time.sleep(0.1)
    raise BackupError("The database was read without a pause, so no moment for a backup was found: end long reports and try again.")


def list_backups() -> list[Backup]:
    """All backups, the oldest first; files that are none are passed over."""
    found = []
    for path in backups_dir().glob("*" + SUFFIX):
        try:
            found.append(load_header(path))
        except BackupUnreadable:
            continue
    return sorted(found, key=lambda backup: (backup.created_at, backup.name))


def load_header(path: Path) -> Backup:
    """What a backup says of itself. Raises BackupUnreadable."""
    with path.open("rb") as file:
        header = read_header(file)
    try:
        return msgspec.convert({**header, "bytes": path.stat().st_size}, Backup)
    except msgspec.ValidationError:
        raise BackupUnreadable("The header of this backup is of another kind: it was made by another version of Troth.") from None


def path_of(name: str) -> Path:
    """The file of a backup, given by its name or its file's name. Raises BackupError."""
    for path in backups_dir().glob("*" + SUFFIX):
        if name in (path.name, path.stem):
            return path
    raise BackupError("There is no such backup: `troth backup list` shows them.")


def remove_expired(now: int) -> bool:
    """Worker duty: remove backups whose time is over."""
    with while_backups_change():
        for path in backups_dir().glob("*" + SUFFIX):
            try:
                expired = load_header(path).expires_at <= now
            except BackupUnreadable:
                continue
            if expired:
                path.unlink(missing_ok=True)
    return False


def describe_backup(backup: Backup) -> dict[str, object]:
    """A backup as plain values, times as text."""
    told = {key: value for key, value in msgspec.to_builtins(backup).items() if key != "wrapped"}
    return {
        **told,
        "created_at": iso(backup.created_at),
        "expires_at": iso(backup.expires_at),
        "renewed_at": iso(backup.renewed_at) if backup.renewed_at else None,
    }


def require_embedded() -> None:
    """Raise BackupError on PostgreSQL."""
    if not is_sqlite():
        raise BackupError("On PostgreSQL use pg_dump or pg_basebackup; after a restore Troth replays the erasure ledger when it starts.")
