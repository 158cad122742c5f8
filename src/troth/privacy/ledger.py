"""The erasure ledger: a small file of its own that makes every database forget again, also one restored from an old backup.

DATA/ledger/erasures.ndjson holds one line per erasure: its number, when, the workspace, and the suppression tags, which are keyed hashes and no
personal data. It is written before the erasing transaction and kept longer than any backup. A database remembers how far it has followed.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from django.conf import settings
from django.db import connection, transaction

from troth.consent.suppression import store_suppressions, suppression_tags
from troth.intake.deletion import withdraw_from_processing
from troth.kernel.errors import TrothError
from troth.kernel.personal_data import Subject, erase_everywhere
from troth.privacy.models import LedgerPosition

log = structlog.get_logger()


class LedgerBroken(TrothError):
    """The ledger cannot be read."""


@dataclass(frozen=True)
class Entry:
    """One erasure."""

    number: int
    at: int
    workspace_id: int
    request_id: str
    tags: tuple[bytes, ...]


def ledger_path() -> Path:
    """Where the ledger lies."""
    return Path(settings.TROTH_DATA) / "ledger" / "erasures.ndjson"


def append_entry(workspace_id: int, tags: Sequence[bytes], *, request_id: str, now: int) -> int:
    """Write an erasure down, durably, before it is carried out; returns its number."""
    path = ledger_path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        number = _last_number(path) + 1
        line = {"number": number, "at": now, "workspace": workspace_id, "request": request_id, "tags": [tag.hex() for tag in tags]}
        file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return number


def read_entries(after: int = 0) -> Iterator[Entry]:
    """The entries beyond a number, in order. A line cut off by a crash never was acknowledged and is passed over. Raises LedgerBroken."""
    path = ledger_path()
    if not path.exists():
        return
    with path.open("rb") as file:
        for place, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                fields = json.loads(line)
                entry = Entry(
                    fields["number"], fields["at"], fields["workspace"], fields["request"], tuple(bytes.fromhex(t) for t in fields["tags"])
                )
            except (ValueError, KeyError, TypeError):
                raise LedgerBroken(f"Line {place} of {path} cannot be read: restore the erasure ledger from its own backup.") from None
            if entry.number > after:
                yield entry


def _last_number(path: Path) -> int:
    """The number of the last whole line; a torn last line is completed first, so that the next one stands alone."""
    size = path.stat().st_size if path.exists() else 0
    if not size:
        return 0
    with path.open("r+b") as file:
        file.seek(max(0, size - 65_536))
        tail = file.read()
        if not tail.endswith(b"\n"):
            torn = len(tail) - (tail.rfind(b"\n") + 1)
            file.truncate(size - torn)
            tail = tail[: len(tail) - torn]
    lines = tail.splitlines()
    return int(json.loads(lines[-1])["number"]) if lines else 0


def position() -> int:
    """How far this database has followed."""
    row = LedgerPosition.objects.filter(pk=1).first()
    return row.applied if row else 0


def mark_applied(number: int) -> None:
    """Remember that an entry is applied; runs in the erasing transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO privacy_ledgerposition (id, applied) VALUES (1, %s) ON CONFLICT (id) DO UPDATE SET applied ="
            " CASE WHEN EXCLUDED.applied > privacy_ledgerposition.applied THEN EXCLUDED.applied ELSE privacy_ledgerposition.applied END",
            [number],
        )


def is_behind() -> bool:
    """Whether the ledger knows erasures that this database has not followed."""
    path = ledger_path()
    return path.exists() and _peek_last(path) > position()


def _peek_last(path: Path) -> int:
    last = 0
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 65_536))
        for line in file.read().splitlines(keepends=True):
            if line.endswith(b"\n") and line.startswith(b'{"number":'):
                last = int(line[10 : line.index(b",")])
    return last


def replay_if_behind() -> int:
    """The restore guard: apply what the database has missed, before anything serves; returns the number of persons erased again."""
    if not is_behind():
        return 0
    entries = list(read_entries(position()))
    tags_by_workspace: dict[int, set[bytes]] = {}
    for entry in entries:
        tags_by_workspace.setdefault(entry.workspace_id, set()).update(entry.tags)
    erased = 0
    for workspace_id, tags in tags_by_workspace.items():
        for person_id in _holders(workspace_id, tags):
            subject = Subject(workspace_id, person_id)
            with transaction.atomic():
                withdraw_from_processing(subject, now=entries[-1].at, reason="erased")
                erase_everywhere(subject)
            erased += 1
    with transaction.atomic():
        for entry in entries:
            store_suppressions(entry.workspace_id, entry.tags, now=entry.at, reason="erased", request_id=entry.request_id)
        mark_applied(entries[-1].number if entries else _peek_last(ledger_path()))
    log.warning("erasures_replayed", number=erased)
    return erased


def _holders(workspace_id: int, tags: set[bytes]) -> set[int]:
    """Persons of whom an identifier carries one of the tags. Reads all identifiers once: a restore is rare, and a tag cannot be turned round."""
    found: set[int] = set()
    with connection.chunked_cursor() as cursor:
        cursor.execute("SELECT person_id, kind, value FROM people_identifier WHERE workspace_id = %s", [workspace_id])
        while rows := cursor.fetchmany(1000):
            for person_id, kind, value in rows:
                if not tags.isdisjoint(suppression_tags(workspace_id, kind, value)):
                    found.add(person_id)
    return found
