"""Looking for what is left of erased persons: SQLite's log is emptied, then every byte kept is searched for their identifiers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from troth.kernel.json_text import canonical
from troth.privacy.apart import Progress, scan_apart
from troth.privacy.mentions import find_mentions
from troth.privacy.places import data_dir, database_path, kept_paths, side_files
from troth.privacy.scan import BLIND_SPOTS, Hit, Report
from troth.privacy.scratch import left_behind


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a search for one person came to; `summary` goes into the certificate and holds no value."""

    passed: bool
    summary: dict[str, Any]


def search_bytes(values: Sequence[str], progress: Progress | None = None) -> Report:
    """Search everything kept for values, which may belong to several persons. The caller has emptied the log."""
    if not values:
        return Report((), (), 0, 0)
    return scan_apart([*kept_paths(), *left_behind()], values, progress)


def judge(report: Report, values: Sequence[str], own: Sequence[int]) -> Finding:
    """What a report means for the person to whom the values with the indexes `own` belong.

    Bytes in the database that living rows of others explain are mentions and do not count. Anything else, also a file that could not be read
    to its end, means that the search has not passed.
    """
    hits = [hit for hit in report.hits if hit.value_index in set(own)]
    in_database = {hit.value_index for hit in hits if _is_database(hit)}
    mentions = {index: found for index in in_database if (found := find_mentions([values[index]]))}
    residue = [hit for hit in hits if not (_is_database(hit) and hit.value_index in mentions)]
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
        "not_readable": [{"file": relative(item.file), "reason": item.reason} for item in unread[:20]],
        "mentions_in_data_of_others": columns,
        "blind_spots": list(report.blind_spots or BLIND_SPOTS),
    }
    if columns:
        summary["note"] = "bytes in the database that living rows of others explain cannot be told from residue"
    summary["sha256"] = hashlib.sha256(canonical(summary)).hexdigest()
    return Finding(passed=not residue and not unread, summary=summary)


def _is_database(hit: Hit) -> bool:
    database = database_path().resolve()
    return not hit.container and Path(hit.file).resolve() in (database, *side_files(database))


def relative(file: str) -> str:
    """A path as a report shows it: from the data directory, where it lies below."""
    root = data_dir().resolve()
    return str(Path(file).relative_to(root)) if Path(file).is_relative_to(root) else file
