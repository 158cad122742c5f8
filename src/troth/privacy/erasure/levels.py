"""The six levels of an erasure as a certificate states them: only what was reached, and when or why not the rest."""

from __future__ import annotations

from typing import Any

import msgspec

from troth.kernel.clock import iso

SCAN_PENDING = "the search of every byte kept has not passed yet"
COMPACTION_PENDING = (
    "PostgreSQL keeps dead rows, its write-ahead log and planner statistics until they are compacted, which is done the next night, or at once by"
    " `troth privacy compact`"
)
UNPROVEN = "the data was deleted with secure deletion, but no identifier is long enough to be told from chance, so a search proves nothing"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The facts that the levels follow from. Times in milliseconds."""

    deleted_at: int
    searched_at: int = 0
    """When a search passed; 0: not yet."""
    searchable: int = 1
    """How many identifiers could be searched for."""
    exempted: int = 0
    """Items that legal holds keep, sealed and apart: levels speak of everything else."""
    embedded: bool = True
    """Whether the database is Troth's own SQLite."""
    compacted_at: int = 0
    """On PostgreSQL: when tables, statistics and log were rebuilt after the deletion; 0: not yet."""
    lacks: dict[str, str] = {}
    """What of that could not be done (`tables`, `statistics`, `log`), and what is kept elsewhere (`copies`): why."""
    shred_due_at: int = 0
    """When the last key of a backup that holds the person is destroyed; 0: there is none."""
    unreadable_since: int = 0
    """Since when no key of such a backup is left; 0: there was none, or there is one."""
    recipients: int = 0
    """How many got data of the person, by the disclosure log."""
    acknowledged: int = 0
    refused: int = 0


def state_levels(facts: Standing) -> list[dict[str, Any]]:
    """L1 to L6, each with `reached` and what a reader must know."""
    return [
        _level("L1", "logically deleted", True, f"in one transaction, {iso(facts.deleted_at)}{_but(facts)}"),
        _key_level(facts),
        _search_level("L3", "physically absent from live files", facts),
        _search_level("L4", "absent from the write-ahead log; there are no replicas", facts),
        _backup_level(facts),
        _recipients_level(facts),
    ]


def _but(facts: Standing) -> str:
    return (
        f"; {facts.exempted} items are exempted, see `exempted`: they are kept apart, encrypted, and no level speaks of them"
        if facts.exempted
        else ""
    )


def _level(level: str, name: str, reached: bool, detail: str) -> dict[str, Any]:
    return {"level": level, "name": name, "reached": reached, "detail": detail}


def _search_level(level: str, name: str, facts: Standing) -> dict[str, Any]:
    if not facts.embedded:
        name = "absent from the write-ahead log and replicas" if level == "L4" else name
        if not facts.compacted_at:
            return _level(level, name, False, COMPACTION_PENDING)
        of = ("tables", "statistics") if level == "L3" else ("tables", "statistics", "log", "copies")
        if why := "; ".join(facts.lacks[what] for what in of if what in facts.lacks):
            return _level(level, name, False, why)
    if not facts.searchable:
        return _level(level, name, False, UNPROVEN)
    if not facts.searched_at:
        return _level(level, name, False, SCAN_PENDING)
    compacted = "" if facts.embedded else f"rebuilt {iso(facts.compacted_at)}, "
    return _level(level, name, True, f"{compacted}searched {iso(facts.searched_at)}, see `search`")


def _key_level(facts: Standing) -> dict[str, Any]:
    """Backups alone are sealed under keys: data in use is deleted and overwritten instead."""
    name = "key destroyed"
    if facts.unreadable_since:
        return _level("L2", name, True, f"the keys of all backups that held the person were destroyed by {iso(facts.unreadable_since)}")
    if facts.shred_due_at:
        return _level("L2", name, False, f"the keys of the backups that hold the person are destroyed by {iso(facts.shred_due_at)}")
    return _level("L2", name, False, "not applicable: no backup made by Troth holds the person, and data in use has no key of its own")


def _backup_level(facts: Standing) -> dict[str, Any]:
    name = "absent from backups"
    if not facts.embedded:
        return _level(
            "L5",
            name,
            False,
            "dumps of PostgreSQL are not made by Troth: see your own retention; a restored one is made to forget at its first start",
        )
    if facts.unreadable_since:
        detail = "backups were rewritten without the person; what is left of older copies is unreadable since"
        return _level("L5", name, True, f"{detail} {iso(facts.unreadable_since)}")
    if not facts.shred_due_at:
        return _level("L5", name, True, "no backup made by Troth before the deletion exists")
    detail = f"backups that hold the person are rewritten, and unreadable by {iso(facts.shred_due_at)}"
    return _level("L5", name, False, f"{detail}; until then a restored one is made to forget before it serves")


def _recipients_level(facts: Standing) -> dict[str, Any]:
    """Art. 19: each recipient acknowledged, refused, or has not answered."""
    name = "recipients acknowledged"
    if not facts.recipients:
        return _level("L6", name, True, "the disclosure log names nobody who got data of the person")
    silent = facts.recipients - facts.acknowledged - facts.refused
    told = f"{facts.acknowledged} of {facts.recipients} recipients acknowledged, {facts.refused} refused, {silent} did not answer yet: see `recipients`"
    if silent:
        told += "; a later certificate is issued when answers arrive"
    return _level("L6", name, facts.acknowledged == facts.recipients, told)
