"""Looking for what is left of an erased person: the write-ahead log is emptied, then every file is scanned.

A hit that living rows of other people explain (a colleague's note that names the person) is reported as a mention and is not residue.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

from troth.privacy.scan import Report, list_files, scan

CHECKPOINT_SECONDS = 10.0
MENTIONED_IN = (
    ("people_identifier", "value"),
    ("people_person", "attributes"),
    ("people_event", "properties"),
    ("intake_inboxitem", "properties"),
    ("messages_message", "context"),
    ("messages_message", "rendered"),
    ("messages_message", "recipient"),
    ("consent_record", "evidence"),
    ("workspaces_user", "email"),
)


@dataclass(frozen=True)
class Findings:
    """What a scan for one erased person found."""

    report: Report
    mentions: int
    """Living rows of others that contain one of the values."""
    log_emptied: bool

    @property
    def passed(self) -> bool:
        """Nothing is left but mentions by others, and every file could be read."""
        return self.log_emptied and not self.report.unreadable and (self.report.clean or self._only_mentions())

    def _only_mentions(self) -> bool:
        return bool(self.mentions) and all(Path(hit.file).suffix in (".sqlite3", ".sqlite3-wal") for hit in self.report.hits)

    def summary(self) -> dict[str, object]:
        """For the certificate: figures and blind spots, no values."""
        return {
            "files": self.report.files,
            "bytes": self.report.bytes_read,
            "hits": sum(hit.count for hit in self.report.hits),
            "unreadable_files": len(self.report.unreadable),
            "mentions_in_data_of_others": self.mentions,
            "blind_spots": list(self.report.blind_spots),
        }


def look_for_residue(data: Path, workspace_id: int, values: Sequence[str]) -> Findings:
    """Empty the write-ahead log and scan the whole data directory for the values."""
    emptied = empty_write_ahead_log()
    report = scan(list_files(data), values) if values else Report.nothing()
    mentions = 0 if report.clean else _count_mentions(values)
    return Findings(report, mentions, emptied)


def empty_write_ahead_log(seconds: float = CHECKPOINT_SECONDS) -> bool:
    """Checkpoint and truncate the log of SQLite; False when readers kept it busy for all that time (rule S4)."""
    deadline = time.monotonic() + seconds
    while True:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if cursor.fetchone()[0] == 0:
                return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)


def _count_mentions(values: Sequence[str]) -> int:
    found = 0
    with connection.cursor() as cursor:
        for table, column in MENTIONED_IN:
            condition = " OR ".join([f"INSTR(LOWER(CAST({column} AS TEXT)), %s) > 0"] * len(values))
            cursor.execute(f"SELECT COUNT(*) FROM {table} WHERE {condition}", [value.lower() for value in values])
            found += cursor.fetchone()[0]
    return found
