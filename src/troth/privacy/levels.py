"""The six levels of an erasure as a certificate states them: only what was reached, and when or why not the rest."""

from __future__ import annotations

from typing import Any

import msgspec

from troth.kernel.clock import iso

SCAN_PENDING = "the search of every byte kept has not passed yet"
POSTGRESQL = (
    "not reached on PostgreSQL in this version: dead rows, write-ahead log and planner statistics keep bytes until VACUUM FULL, ANALYZE and a"
    " scrub of the log, which this version does not run by itself"
)
UNPROVEN = "the data was deleted with secure deletion, but no identifier is long enough to be told from chance, so a search proves nothing"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The facts that the levels follow from. Times in milliseconds."""

    deleted_at: int
    searched_at: int = 0
    """When a search passed; 0: not yet."""
    searchable: int = 1
    """How many identifiers could be searched for."""
    embedded: bool = True
    """Whether the database is Troth's own SQLite."""
    backup_expires_at: int = 0
    """When the last backup that may hold the person expires; 0: there is none."""


def state_levels(facts: Standing) -> list[dict[str, Any]]:
    """L1 to L6, each with `reached` and what a reader must know."""
    return [
        _level("L1", "logically deleted", True, f"in one transaction, {iso(facts.deleted_at)}"),
        _level("L2", "key destroyed", False, "not applicable yet: there are no keys per person in this version"),
        _search_level("L3", "physically absent from live files", facts),
        _search_level("L4", "absent from the write-ahead log; there are no replicas", facts),
        _backup_level(facts),
        _level(
            "L6",
            "recipients acknowledged",
            False,
            "no recipients are recorded by this version: tell those you passed the data to (Art. 19)",
        ),
    ]


def _level(level: str, name: str, reached: bool, detail: str) -> dict[str, Any]:
    return {"level": level, "name": name, "reached": reached, "detail": detail}


def _search_level(level: str, name: str, facts: Standing) -> dict[str, Any]:
    if not facts.embedded:
        return _level(level, "absent from the write-ahead log and replicas" if level == "L4" else name, False, POSTGRESQL)
    if not facts.searchable:
        return _level(level, name, False, UNPROVEN)
    if not facts.searched_at:
        return _level(level, name, False, SCAN_PENDING)
    return _level(level, name, True, f"searched {iso(facts.searched_at)}, see `search`")


def _backup_level(facts: Standing) -> dict[str, Any]:
    name = "absent from backups"
    if not facts.embedded:
        return _level(
            "L5",
            name,
            False,
            "dumps of PostgreSQL are not made by Troth: see your own retention; a restored one is made to forget at its first start",
        )
    if not facts.backup_expires_at:
        return _level("L5", name, True, "no backup made by Troth before the deletion exists")
    detail = f"the last backup that may contain the person expires {iso(facts.backup_expires_at)}; a restored one is made to forget before it serves"
    return _level("L5", name, False, detail)
