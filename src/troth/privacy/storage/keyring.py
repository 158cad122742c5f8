"""The key ring of the backups: a small SQLite file of its own, DATA/keyring/ring.sqlite3, in which keys live a week and then die.

Each backup is sealed under a random key of its own, and that key is wrapped by the key of an epoch, which lies here and nowhere else. When an
epoch's key is destroyed, every copy of a backup under it is unreadable, wherever it lies. Rules of the file: `journal_mode=DELETE` and
`secure_delete=ON`, so that a key's bytes are gone when its row is; keys are sealed under the master key besides, so the file alone opens nothing.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from troth.kernel.clock import DAY
from troth.kernel.crypto import open_sealed, seal
from troth.privacy.storage.backup_format import BackupUnreadable
from troth.privacy.storage.places import keyring_path, make_private_dir

EPOCH = 7 * DAY
"""How long new backups are sealed under one key, and so how long an erased person can stay readable in old ones."""
LABEL = b"backup-ring/v1"


class KeyGone(BackupUnreadable):
    """The key of a backup is not in the key ring."""

    def __init__(self) -> None:
        super().__init__(
            f"The key of this backup is not in the key ring {keyring_path()}: it was destroyed because somebody in the backup was erased, and the"
            " backup was renewed then (take the copy in DATA/backups); or the ring was lost (put back its newest copy)."
        )


class EpochKey(NamedTuple):
    """A key of the ring, without the key. Times in milliseconds."""

    kid: str
    made_at: int
    ledger: int | None
    """How far the oldest thing sealed under it had followed the erasure ledger; None: nothing yet."""

    @property
    def ends_at(self) -> int:
        """When nothing new is sealed under it any more."""
        return self.made_at + EPOCH

    def is_stale(self, last: int) -> bool:
        """Whether somebody was erased since something was sealed under it; `last` is the number of the ledger's last entry."""
        return self.ledger is not None and self.ledger < last


def list_keys() -> list[EpochKey]:
    """All keys, the oldest first."""
    if not keyring_path().exists():
        return []
    with _opened() as ring:
        return [EpochKey(*row) for row in ring.execute("SELECT kid, made_at, ledger FROM epoch_key ORDER BY made_at, kid")]


def take_key(now: int, ledger: int, *, avoid: Collection[str] = ()) -> str:
    """The id of the key to seal under: the newest while its epoch lasts, else a new one.

    That something which has followed the erasure ledger so far is about to be sealed under it is durable when this returns: whoever is erased
    from now on finds it.
    """
    with _opened() as ring:
        ring.execute("BEGIN IMMEDIATE")
        young = ring.execute("SELECT kid FROM epoch_key WHERE made_at > ? ORDER BY made_at DESC", (now - EPOCH,))
        kid = next((str(row[0]) for row in young.fetchall() if row[0] not in avoid), "")
        if not kid:
            kid = secrets.token_hex(8)
            sealed = seal(LABEL, secrets.token_bytes(32), kid.encode())
            ring.execute("INSERT INTO epoch_key (kid, made_at, ledger, sealed) VALUES (?, ?, ?, ?)", (kid, now, ledger, sealed))
        else:
            ring.execute("UPDATE epoch_key SET ledger = MIN(COALESCE(ledger, ?), ?) WHERE kid = ?", (ledger, ledger, kid))
        ring.execute("COMMIT")
    return kid


def destroy_keys(kids: Collection[str]) -> None:
    """Destroy keys for good: whatever lies sealed under them anywhere is unreadable when this returns."""
    if not kids:
        return
    with _opened() as ring:
        ring.execute("BEGIN IMMEDIATE")
        ring.executemany("DELETE FROM epoch_key WHERE kid = ?", [(kid,) for kid in kids])
        ring.execute("COMMIT")


def wrap_key(kid: str, key: bytes, name: str) -> str:
    """The key of a backup, wrapped by an epoch's key and bound to the backup's name; hex."""
    nonce = secrets.token_bytes(12)
    return (nonce + AESGCM(_load(kid)).encrypt(nonce, key, name.encode())).hex()


def unwrap_key(kid: str, wrapped: str, name: str) -> bytes:
    """The key of a backup. Raises KeyGone, or BackupUnreadable when the header was changed."""
    try:
        raw = bytes.fromhex(wrapped)
        return AESGCM(_load(kid)).decrypt(raw[:12], raw[12:], name.encode())
    except (ValueError, InvalidTag):
        raise BackupUnreadable("The header of this backup was changed: try another one.") from None


def copy_ring(target: Path) -> None:
    """A copy of the ring in a new file, for a safe place. Raises FileExistsError."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with _opened() as ring, contextlib.closing(sqlite3.connect(target)) as copy:
        ring.backup(copy)


def _load(kid: str) -> bytes:
    if not keyring_path().exists():
        raise KeyGone
    with _opened() as ring:
        row = ring.execute("SELECT sealed FROM epoch_key WHERE kid = ?", (kid,)).fetchone()
    key = open_sealed(LABEL, row[0], kid.encode()) if row else None
    if key is None:
        raise KeyGone
    return key


@contextmanager
def _opened() -> Iterator[sqlite3.Connection]:
    path = keyring_path()
    make_private_dir(path.parent)
    if not path.exists():
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as ring:
        ring.execute("PRAGMA journal_mode = DELETE")
        ring.execute("PRAGMA secure_delete = ON")
        ring.execute("PRAGMA synchronous = EXTRA")
        ring.execute(
            "CREATE TABLE IF NOT EXISTS epoch_key (kid TEXT PRIMARY KEY, made_at INTEGER NOT NULL, ledger INTEGER, sealed BLOB NOT NULL)"
            " WITHOUT ROWID"
        )
        yield ring
