"""Backups are encrypted, whole, expire, and are made while others write."""

from __future__ import annotations

import hashlib
import io
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import DANA, SECRET

from troth.kernel.clock import DAY, now_ms
from troth.kernel.personal_data import Subject
from troth.people.lookup import find_people
from troth.privacy.backups.restore import restore_backup
from troth.privacy.backups.taking import BackupError, create_backup, frozen_database, list_backups, path_of, remove_expired
from troth.privacy.scanning.scanner import scan
from troth.privacy.storage.backup_format import BLOCK, BackupUnreadable, open_stream, read_header, seal_stream
from troth.privacy.storage.locks import ServerRunning, while_serving
from troth.privacy.storage.places import database_path

KEY = bytes(32)


def test_a_backup_holds_nothing_that_a_search_can_read(dana: Subject, data_dir: Path) -> None:
    backup = create_backup(now_ms())

    assert scan([data_dir / "backups"], [*DANA.values(), SECRET]).clean
    assert [path.name for path in (data_dir / "backups").iterdir()] == [f"{backup.name}.troth"]
    assert path_of(backup.name).stat().st_mode & 0o077 == 0


def test_a_restored_database_is_the_one_that_was_backed_up(dana: Subject) -> None:
    from troth.people.models import Event

    events = Event.objects.count()
    backup = create_backup(now_ms())
    Event.objects.all().delete()

    restore_backup(backup.name)

    assert Event.objects.count() == events
    assert find_people(dana.workspace_id, DANA["email"]) == [dana]


def test_the_database_file_stays_as_it_is_while_it_is_copied_although_others_write_and_checkpoint(dana: Subject) -> None:
    other = sqlite3.connect(database_path(), isolation_level=None, timeout=5)
    with frozen_database():
        before = hashlib.sha256(database_path_bytes()).digest()
        other.execute("CREATE TABLE written_meanwhile (x BLOB)")
        other.execute(
            "INSERT INTO written_meanwhile WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 3000) SELECT zeroblob(4000) FROM n"
        )
        busy, *_ = other.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        assert hashlib.sha256(database_path_bytes()).digest() == before
    busy, *_ = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert busy == 0
    assert hashlib.sha256(database_path_bytes()).digest() != before
    other.execute("DROP TABLE written_meanwhile")
    other.close()


def database_path_bytes() -> bytes:
    """Read in a process of its own: closing the file here would drop this process's locks on it."""
    import subprocess

    return subprocess.run(["cat", str(database_path())], capture_output=True, check=True).stdout


def test_nothing_is_restored_while_a_server_runs(dana: Subject) -> None:
    backup = create_backup(now_ms())

    with while_serving(), pytest.raises(ServerRunning, match="stop `troth serve`"):
        restore_backup(backup.name)


def test_a_backup_that_was_changed_or_cut_off_is_refused_and_the_database_stays(dana: Subject) -> None:
    backup = create_backup(now_ms())
    path = path_of(backup.name)
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:-40_000], whole[:200_000] + b"\0" + whole[200_001:], whole.replace(b'"ledger": 0', b'"ledger": 9')):
        path.write_bytes(damaged)
        with pytest.raises(BackupUnreadable):
            restore_backup(backup.name)
    assert find_people(dana.workspace_id, DANA["email"]) == [dana]
    assert not list(database_path().parent.glob("*.restoring")) and not list(database_path().parent.glob("*.replaced"))


def test_backups_expire_after_thirty_days(workspace: Any) -> None:
    now = now_ms()
    old, new = create_backup(now - 31 * DAY), create_backup(now)
    assert [backup.name for backup in list_backups()] == [old.name, new.name]

    remove_expired(now)

    assert [backup.name for backup in list_backups()] == [new.name]


def test_a_file_that_is_no_backup_is_passed_over(workspace: Any, data_dir: Path) -> None:
    (data_dir / "backups").mkdir()
    (data_dir / "backups" / "notes.troth").write_text("not a backup")

    assert list_backups() == []
    assert remove_expired(now_ms()) is False
    with pytest.raises(BackupError, match="no such backup"):
        restore_backup("nothing")


@settings(max_examples=20, deadline=None)
@given(size=st.sampled_from([0, 1, 100, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK]), fill=st.binary(min_size=1, max_size=9))
def test_what_was_sealed_opens_again_and_only_with_its_key_header_and_end(size: int, fill: bytes) -> None:
    plain = (fill * (size // len(fill) + 1))[:size]
    sealed = io.BytesIO()
    seal_stream(io.BytesIO(plain), sealed, {"name": "x"}, KEY)

    def open_it(raw: bytes, key: bytes = KEY, header: dict[str, Any] | None = None) -> bytes:
        source, target = io.BytesIO(raw), io.BytesIO()
        found = read_header(source)
        open_stream(source, target, header or found, key)
        return target.getvalue()

    assert open_it(sealed.getvalue()) == plain
    with pytest.raises(BackupUnreadable):
        open_it(sealed.getvalue(), key=b"\1" * 32)
    with pytest.raises(BackupUnreadable):
        open_it(sealed.getvalue(), header={"name": "y"})
    with pytest.raises(BackupUnreadable):
        open_it(sealed.getvalue()[: -(BLOCK + 16)] if size > BLOCK else sealed.getvalue()[:-1])


def test_the_connection_is_usable_after_a_backup(workspace: Any) -> None:
    create_backup(now_ms())

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        assert cursor.fetchone()[0] == 30_000
