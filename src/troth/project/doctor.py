"""What an operator asks first when something is wrong: each check says what it found and, in trouble, what to do."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from troth.kernel.clock import MINUTE, SECOND, iso
from troth.kernel.crypto import MASTER_KEY_FILE
from troth.kernel.sql import is_sqlite
from troth.privacy.ledger import is_behind
from troth.privacy.models import PrivacyRequest, RequestState

LEAST_FREE = 1024**3
LONGEST_INBOX = MINUTE
LONGEST_DUE = 5 * MINUTE
OPEN = (RequestState.RECEIVED, RequestState.AWAITING_CONFIRMATION, RequestState.DELETED, RequestState.RESIDUE_FOUND)


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report."""

    check: str
    ok: bool
    says: str


def examine(now: int) -> Iterator[Finding]:
    """Run every check. One that cannot run is trouble too. `now` in milliseconds."""
    for name, check in CHECKS:
        try:
            ok, says = check(now)
        except Exception as error:  # noqa: BLE001 -- a check that fails is itself the finding
            ok, says = False, f"cannot be checked ({type(error).__name__}): run `troth init`, then look at the server's log"
        yield Finding(name, ok, says)


def _data_directory(now: int) -> tuple[bool, str]:
    data = Path(settings.TROTH_DATA)
    mode = stat.S_IMODE(data.stat().st_mode)
    return not mode & 0o077, f"{data}" if not mode & 0o077 else f"others can read {data}: chmod 700 it"


def _master_key(now: int) -> tuple[bool, str]:
    path = Path(settings.TROTH_DATA) / MASTER_KEY_FILE
    mode = stat.S_IMODE(path.stat().st_mode)
    return not mode & 0o077, "readable by its owner alone" if not mode & 0o077 else f"others can read {path}: chmod 600 it"


def _disk(now: int) -> tuple[bool, str]:
    free = shutil.disk_usage(settings.TROTH_DATA).free
    told = f"{free / 1024**3:.1f} GiB free"
    return free > LEAST_FREE, told if free > LEAST_FREE else f"{told}: make room, or writes will be refused"


def _migrations(now: int) -> tuple[bool, str]:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return not missing, "the tables are current" if not missing else f"{len(missing)} migrations are missing: run `troth init`"


def _database(now: int) -> tuple[bool, str]:
    with connection.cursor() as cursor:
        if not is_sqlite():
            cursor.execute("SHOW synchronous_commit")
            value = cursor.fetchone()[0]
            return value != "off", f"PostgreSQL, synchronous_commit={value}" + (
                "" if value != "off" else ": set it to on, or a 200 is not durable"
            )
        cursor.execute("PRAGMA journal_mode")
        journal = cursor.fetchone()[0]
        cursor.execute("PRAGMA secure_delete")
        secure = cursor.fetchone()[0]
    ok = journal == "wal" and secure == 1
    return ok, f"SQLite, journal_mode={journal}, secure_delete={secure}" + ("" if ok else ": use a local disk and SQLite 3.35 or newer")


def _inbox(now: int) -> tuple[bool, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*), MIN(received_at) FROM intake_inboxitem")
        number, oldest = cursor.fetchone()
    if not number:
        return True, "empty"
    age = (now - oldest) // SECOND
    ok = age * SECOND <= LONGEST_INBOX
    return ok, f"{number:,} events, the oldest {age} s old" + ("" if ok else ": is the worker running? `troth serve` starts it")


def _messages(now: int) -> tuple[bool, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*), MIN(due_at) FROM messages_message WHERE state = 'queued' AND due_at <= %s", [now])
        number, oldest = cursor.fetchone()
        cursor.execute("SELECT COUNT(*) FROM messages_message WHERE state = 'unknown'")
        unknown = cursor.fetchone()[0]
    told = f"{number:,} due, {unknown:,} doubtful (handed over, answer lost)"
    ok = not number or now - oldest <= LONGEST_DUE
    return ok, told if ok else f"{told}; the oldest is due since {iso(oldest)}: check TROTH_EMAIL_URL and the worker"


def _requests(now: int) -> tuple[bool, str]:
    waiting = PrivacyRequest.objects.filter(state__in=OPEN)
    overdue = waiting.filter(due_at__lt=now).count()
    residue = waiting.filter(state=RequestState.RESIDUE_FOUND).count()
    told = f"{waiting.count()} open, {overdue} overdue, {residue} with residue"
    return not overdue and not residue, told if not overdue and not residue else f"{told}: `troth privacy requests --open` lists them"


def _ledger(now: int) -> tuple[bool, str]:
    behind = is_behind()
    return (
        not behind,
        "followed to its end" if not behind else "this database has not followed it: start `troth serve`, which replays it first",
    )


CHECKS: tuple[tuple[str, Callable[[int], tuple[bool, str]]], ...] = (
    ("data directory", _data_directory),
    ("master key", _master_key),
    ("disk", _disk),
    ("database", _database),
    ("tables", _migrations),
    ("inbox", _inbox),
    ("messages", _messages),
    ("privacy requests", _requests),
    ("erasure ledger", _ledger),
)
