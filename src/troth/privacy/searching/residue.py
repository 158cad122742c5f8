"""Looking for what is left of erased persons: every byte kept is searched for their identifiers, after SQLite's log was emptied or PostgreSQL compacted."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from troth.kernel.json_text import canonical
from troth.kernel.sql import is_sqlite
from troth.privacy.compaction.server import data_directory, in_statistics
from troth.privacy.scanning.scanner import BLIND_SPOTS, Hit, Report
from troth.privacy.searching.mentions import find_mentions
from troth.privacy.storage.apart import Progress, scan_apart
from troth.privacy.storage.places import data_dir, database_path, kept_paths, side_files
from troth.privacy.storage.scratch import left_behind

NOT_HERE = "they cannot be read from here: that the tables were rebuilt stands for them, and living rows and statistics were asked"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a search for one person came to; `summary` goes into the certificate and holds no value."""

    passed: bool
    summary: dict[str, Any]


def paths_to_search() -> list[Path]:
    """Everywhere bytes are kept, the files of a PostgreSQL server included where they can be read from here."""
    server = None if is_sqlite() else data_directory()
    return [*own_paths(), *([server] if server else [])]


def own_paths() -> list[Path]:
    """Everywhere Troth itself keeps bytes."""
    return [*kept_paths(), *left_behind()]


def search_bytes(values: Sequence[str], progress: Progress | None = None, *, paths: Sequence[Path] | None = None) -> Report:
    """Search for values, which may belong to several persons, in Troth's own files or in `paths`. The caller has emptied SQLite's log."""
    if not values:
        return Report((), (), 0, 0)
    return scan_apart(own_paths() if paths is None else paths, values, progress)


def judge(report: Report, values: Sequence[str], own: Sequence[int]) -> Finding:
    """What a report means for the person to whom the values with the indexes `own` belong.

    Bytes in the database that living rows of others explain are mentions and do not count. Anything else, also a file that could not be read
    to its end, means that the search has not passed.
    """
    hits = [hit for hit in report.hits if hit.value_index in set(own)]
    server = None if is_sqlite() else data_directory()
    sampled = {} if is_sqlite() else in_statistics([values[index] for index in own])
    in_database = {hit.value_index for hit in hits if _is_database(hit, server)} | {own[index] for index in sampled}
    mentions = {index: found for index in in_database if (found := find_mentions([values[index]]))}
    residue = [hit for hit in hits if not (_is_database(hit, server) and hit.value_index in mentions)]
    statistics = sorted({name for index, names in sampled.items() if own[index] not in mentions for name in names})
    unread = [item for item in report.unreadable if item.holds_bytes]
    columns: dict[str, int] = {}
    for found in mentions.values():
        for column, number in found.items():
            columns[column] = columns.get(column, 0) + number
    summary: dict[str, Any] = {
        "files": report.files,
        "bytes": report.bytes_read,
        "identifiers_searched_for": len(own),
        "found_in": [{"file": relative(hit.file), "encoding": hit.encoding, "count": hit.count} for hit in residue[:20]],
        **({} if is_sqlite() else {"found_in_planner_statistics": statistics, "server_files": "searched" if server else NOT_HERE}),
        "not_readable": [{"file": relative(item.file), "reason": item.reason} for item in unread[:20]],
        "mentions_in_data_of_others": columns,
        "blind_spots": list(report.blind_spots or BLIND_SPOTS),
    }
    if columns:
        summary["note"] = "bytes in the database that living rows of others explain cannot be told from residue"
    summary["sha256"] = hashlib.sha256(canonical(summary)).hexdigest()
    return Finding(passed=not residue and not unread and not statistics, summary=summary)


def _is_database(hit: Hit, server: Path | None) -> bool:
    """Whether it lies in what the database itself writes; a server's own log is no such place."""
    if hit.container:
        return False
    file = Path(hit.file).resolve()
    if is_sqlite():
        database = database_path().resolve()
        return file in (database, *side_files(database))
    return server is not None and any(file.is_relative_to(server / part) for part in ("base", "global", "pg_wal"))


def relative(file: str) -> str:
    """A path as a report shows it: from the data directory, where it lies below."""
    root = data_dir().resolve()
    return str(Path(file).relative_to(root)) if Path(file).is_relative_to(root) else file
