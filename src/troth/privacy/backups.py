"""Backups of the embedded database: encrypted, expiring, and unable to bring an erased person back.

A backup is a consistent copy made by SQLite's own backup, encrypted with AES-256-GCM in blocks under a key of its own. What is restored does not
serve before the erasure ledger was replayed over it. PostgreSQL has its own tools (pg_dump, base backups); the ledger guards those as well.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import connection

from troth.kernel.clock import DAY, iso
from troth.kernel.crypto import derive
from troth.kernel.errors import TrothError
from troth.kernel.sql import is_sqlite

MAGIC = b"TROTHBAK1\n"
BLOCK = 1024 * 1024
KEPT_FOR = 30 * DAY


class BackupError(TrothError):
    """A backup cannot be made, read or restored."""


@dataclass(frozen=True)
class Backup:
    """A backup as its header tells."""

    name: str
    created_at: int
    expires_at: int
    bytes: int


def backup_folder() -> Path:
    """Where backups lie."""
    return Path(settings.TROTH_DATA) / "backups"


def create_backup(now: int) -> Backup:
    """Copy the running database, consistently, and encrypt the copy. The unencrypted copy is overwritten and removed before this returns."""
    _require_sqlite()
    folder = backup_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y%m%dT%H%M%S") + f"{now % 1000:03d}Z"
    plain, sealed = folder / f".{name}.plain", folder / f"{name}.troth"
    try:
        _copy_database(plain)
        partial = folder / f".{name}.part"
        header = {"name": name, "created_at": now, "expires_at": now + KEPT_FOR}
        with plain.open("rb") as source, partial.open("wb") as target:
            _encrypt(source, target, header)
            target.flush()
            os.fsync(target.fileno())
        partial.rename(sealed)
    finally:
        _shred(plain)
    return Backup(name, now, now + KEPT_FOR, sealed.stat().st_size)


def list_backups() -> list[Backup]:
    """All backups, the oldest first."""
    found = []
    for path in sorted(backup_folder().glob("*.troth")):
        with path.open("rb") as file:
            header = _read_header(file, path)
        found.append(Backup(str(header["name"]), int(str(header["created_at"])), int(str(header["expires_at"])), path.stat().st_size))
    return found


def last_backup_expiry(deleted_at: int) -> int:
    """When the last backup made before an instant expires; 0 when there is none."""
    return max((backup.expires_at for backup in list_backups() if backup.created_at <= deleted_at), default=0)


def remove_expired(now: int) -> bool:
    """Worker duty: remove backups whose time is over."""
    for backup in list_backups():
        if backup.expires_at <= now:
            (backup_folder() / f"{backup.name}.troth").unlink(missing_ok=True)
    return False


def restore_backup(name: str) -> Backup:
    """Put a backup in the place of the database. No server may run. The caller replays the erasure ledger before anything serves."""
    _require_sqlite()
    path = backup_folder() / f"{name}.troth"
    if not path.exists():
        raise BackupError("There is no such backup: `troth backup list` shows them.")
    database = Path(str(connection.settings_dict["NAME"]))
    connection.close()
    with serving_lock():
        plain = database.with_name(database.name + ".restoring")
        try:
            with path.open("rb") as source, plain.open("wb") as target:
                header = _read_header(source, path)
                _decrypt(source, target, header)
                target.flush()
                os.fsync(target.fileno())
            _check_integrity(plain)
            for suffix in ("-wal", "-shm"):
                _shred(database.with_name(database.name + suffix))
            _shred(database)
            plain.rename(database)
        finally:
            _shred(plain)
    return Backup(name, int(str(header["created_at"])), int(str(header["expires_at"])), path.stat().st_size)


class serving_lock:  # noqa: N801 -- reads as a phrase in `with serving_lock():`
    """Held by whoever serves or replaces the database file. Raises BackupError when somebody else holds it."""

    def __init__(self, *, shared: bool = False) -> None:
        self._kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        self._file: BinaryIO | None = None

    def __enter__(self) -> serving_lock:
        """Take the lock, or say that a server runs."""
        self._file = (Path(settings.TROTH_DATA) / "serving.lock").open("ab")
        try:
            fcntl.flock(self._file, self._kind | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise BackupError("The database is in use: stop `troth serve` first.") from None
        return self

    def __exit__(self, *_: object) -> None:
        """Let go."""
        if self._file:
            self._file.close()


def _require_sqlite() -> None:
    if not is_sqlite():
        raise BackupError("On PostgreSQL back up with pg_dump or pg_basebackup; after a restore Troth replays the erasure ledger by itself.")


def _copy_database(target: Path) -> None:
    connection.ensure_connection()
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    copy = sqlite3.connect(target)
    try:
        connection.connection.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    finally:
        copy.close()


def _encrypt(source: BinaryIO, target: BinaryIO, header: dict[str, object]) -> None:
    line = json.dumps(header, sort_keys=True).encode()
    target.write(MAGIC + line + b"\n")
    cipher = AESGCM(derive(b"backup/v1:" + str(header["name"]).encode()))
    for number, block, last in _blocks(source):
        sealed = cipher.encrypt(_nonce(number, last), block, line)
        target.write(len(sealed).to_bytes(4, "big") + sealed)


def _blocks(source: BinaryIO) -> Iterator[tuple[int, bytes, bool]]:
    """Numbered blocks; the last is marked, so that a backup cut short is noticed."""
    number, block = 0, source.read(BLOCK)
    while True:
        following = source.read(BLOCK)
        yield number, block, not following
        if not following:
            return
        number, block = number + 1, following


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _read_header(source: BinaryIO, path: Path) -> dict[str, object]:
    if source.read(len(MAGIC)) != MAGIC:
        raise BackupError(f"{path.name} is not a backup of Troth.")
    header: dict[str, object] = json.loads(source.readline())
    return header


def _decrypt(source: BinaryIO, target: BinaryIO, header: dict[str, object]) -> None:
    cipher = AESGCM(derive(b"backup/v1:" + str(header["name"]).encode()))
    line = json.dumps(header, sort_keys=True).encode()
    number = 0
    while length := source.read(4):
        sealed = source.read(int.from_bytes(length, "big"))
        ended = source.read(1) == b""
        if not ended:
            source.seek(-1, os.SEEK_CUR)
        try:
            target.write(cipher.decrypt(_nonce(number, ended), sealed, line))
        except InvalidTag:
            raise BackupError("The backup is damaged, or belongs to another master key: try another one.") from None
        number += 1


def _check_integrity(path: Path) -> None:
    copy = sqlite3.connect(path)
    try:
        if copy.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            raise BackupError("The backup does not pass SQLite's check: try another one.")
    except sqlite3.DatabaseError:
        raise BackupError("The backup does not hold a database: try another one.") from None
    finally:
        copy.close()


def _shred(path: Path) -> None:
    """Overwrite and remove a file that held personal data in clear."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        left = path.stat().st_size
        while left > 0:
            left -= file.write(b"\0" * min(left, BLOCK))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def describe_backup(backup: Backup) -> dict[str, object]:
    """A backup as plain values."""
    return {"name": backup.name, "created_at": iso(backup.created_at), "expires_at": iso(backup.expires_at), "bytes": backup.bytes}
