"""Locks on files, which the kernel releases when their holder dies: who serves, who writes the ledger, whose turn it is to write."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from troth.kernel.errors import TrothError
from troth.privacy.storage.places import data_dir, database_path, keyring_path, make_private_dir


class ServerRunning(TrothError):
    """Something that needs the database for itself was asked for while a server or worker runs."""

    def __init__(self) -> None:
        super().__init__("A server or worker uses this data directory: stop `troth serve` first.")


@contextmanager
def _hold(path: Path, operation: int) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, operation)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def while_serving() -> Iterator[None]:
    """Hold DATA/serve.lock together with the other processes of a server. Raises ServerRunning during a restore."""
    try:
        with _hold(make_private_dir(data_dir()) / "serve.lock", fcntl.LOCK_SH | fcntl.LOCK_NB):
            yield
    except BlockingIOError:
        raise TrothError("A backup is being restored into this data directory: wait until it is done.") from None


@contextmanager
def while_nothing_serves() -> Iterator[None]:
    """Hold DATA/serve.lock alone. Raises ServerRunning."""
    try:
        with _hold(make_private_dir(data_dir()) / "serve.lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
            yield
    except BlockingIOError:
        raise ServerRunning from None


@contextmanager
def while_appending(path: Path) -> Iterator[None]:
    """Hold a file's own lock while its end is read and written."""
    with _hold(path.with_name(path.name + ".lock"), fcntl.LOCK_EX):
        yield


@contextmanager
def while_backups_change() -> Iterator[None]:
    """Hold the lock of backups and their key ring: one makes, renews or removes them at a time."""
    with _hold(make_private_dir(keyring_path().parent) / "backups.lock", fcntl.LOCK_EX):
        yield


@contextmanager
def while_nobody_writes() -> Iterator[None]:
    """Take the writers' turn of the embedded database, so that no transaction begins. Never inside a transaction: it would wait for itself."""
    path = database_path()
    with _hold(path.with_name(path.name + ".turn"), fcntl.LOCK_EX):
        yield
