"""What an operator asks first when something is wrong: each check says what it found and, in trouble, what to do.

A check is registered by the package it belongs to (in its `apps.py`); those of the installation itself stand here. They are read by `troth doctor`
and by the console's Home, so each must answer within milliseconds, however much there is.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils.module_loading import import_string

from troth.kernel.crypto import MASTER_KEY_FILE
from troth.kernel.sql import is_sqlite

Check = Callable[[int], tuple[bool, str]]
LEAST_FREE = 1024**3
MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    check: str
    ok: bool
    says: str


_checks: dict[str, Check | str] = {}


def register_check(name: str, check: Check | str) -> None:
    """Have `check(now)`, or the function that stands at that dotted place, asked; it returns whether all is well and what there is to say, in trouble with the remedy. `now` in milliseconds."""
    _checks[name] = check


def examine(now: int) -> Iterator[Finding]:
    """Run every check, in the order of registration. One that cannot run is trouble too. `now` in milliseconds."""
    for name, check in _checks.items():
        try:
            ok, says = (import_string(check) if isinstance(check, str) else check)(now)
        except Exception as error:  # noqa: BLE001 -- a check that fails is itself the finding
            ok, says = False, f"cannot be checked ({type(error).__name__}): run `troth init`, then look at the server's log"
        yield Finding(name, ok, says)


def count_some(rows: str, values: Sequence[Any]) -> int:
    """How many rows `rows` (`FROM … WHERE …`) has, at most one more than MOST_COUNTED, so that counting stays quick."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM (SELECT 1 {rows} LIMIT {MOST_COUNTED + 1}) AS counted", values)
        return int(cursor.fetchone()[0])


def tell_count(number: int) -> str:
    """A number from `count_some` as text, with a plus where counting was cut short."""
    return f"{number:,}" if number <= MOST_COUNTED else f"{MOST_COUNTED:,}+"


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


@lru_cache(maxsize=1)
def _known_migrations() -> frozenset[tuple[str, str]]:
    """All that this process's code brings; reading them from disk takes longer than all other checks together."""
    return frozenset(MigrationLoader(None).graph.nodes)


def _migrations(now: int) -> tuple[bool, str]:
    missing = _known_migrations() - MigrationRecorder(connection).applied_migrations().keys()
    return not missing, "the tables are current" if not missing else f"{len(missing)} migrations are missing: run `troth init`"


register_check("data directory", _data_directory)
register_check("master key", _master_key)
register_check("disk", _disk)
register_check("database", _database)
register_check("tables", _migrations)
