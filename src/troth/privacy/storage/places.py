"""Where Troth keeps bytes: the data directory, what lies in it, and the files of the embedded database."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import connection

from troth.kernel.sql import is_sqlite


def data_dir() -> Path:
    """DATA: everything an installation keeps, but for an external database, lies below it."""
    return Path(settings.TROTH_DATA)


def ledger_path() -> Path:
    """The erasure ledger, a file of its own, kept longer than any backup."""
    return data_dir() / "ledger" / "erasures.ndjson"


def backups_dir() -> Path:
    """Encrypted backups."""
    return data_dir() / "backups"


def keyring_path() -> Path:
    """The keys of the backups; never copied together with them."""
    return data_dir() / "keyring" / "ring.sqlite3"


def exports_dir() -> Path:
    """Where an export waits, unlinked, while it is being sent."""
    return data_dir() / "exports"


def make_private_dir(path: Path) -> Path:
    """Create a directory that only the installation's user can enter."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def database_path() -> Path:
    """The file of the embedded database."""
    return Path(str(connection.settings_dict["NAME"]))


def kept_paths() -> list[Path]:
    """Every place to search for an erased person: the data directory, and the database's files where they lie elsewhere."""
    root = data_dir().resolve()
    paths = [root]
    if is_sqlite():
        database = database_path().resolve()
        if not database.is_relative_to(root):
            paths += [path for path in (database, *side_files(database)) if path.exists()]
    return paths


def side_files(database: Path) -> list[Path]:
    """The files that SQLite and the writers' turn keep beside a database."""
    return [database.with_name(database.name + suffix) for suffix in ("-wal", "-shm", "-journal", ".turn")]
