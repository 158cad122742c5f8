"""The log of each workspace: the worker appends what was decided, in the order it was decided, and what was erased.

A leaf is `HMAC-SHA256(salt, canonical record)`: without the salt, which is erased with the record, it says nothing about anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from django.db import connection, transaction

from troth.consent.ledger.commitment import COLUMNS, erasure_entry, plain_records, plain_value, record_entry, seal_entry
from troth.consent.ledger.merkle import Nodes, hash_leaf, root_of
from troth.consent.ledger.tiles import HASH, WIDTH, Tiles, append, edges, node_in, tiles_for
from troth.consent.models import AuditSeal, ErasedRecord, LedgerHead, Record
from troth.kernel.errors import TrothError
from troth.kernel.sql import PERSON_KEY, insert_rows, is_sqlite, select_by_keys, update_by_keys

AT_ONCE = 5_000
WORKSPACES_AT_ONCE = 50
Found = TypeVar("Found")


class TileLost(TrothError):
    """Hashes of a log are missing."""


def append_pending(now: int) -> bool:
    """Worker duty: append what waits, for every workspace; True when there may be more. Reads short indexes of what waits, over all buckets."""
    waiting = _workspaces_waiting()
    more = [append_for(workspace_id) for workspace_id in waiting]
    return any(more) or len(waiting) == WORKSPACES_AT_ONCE


def _workspaces_waiting() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT workspace_id FROM consent_record WHERE leaf IS NULL"
            " UNION SELECT DISTINCT workspace_id FROM consent_erasedrecord WHERE leaf IS NULL"
            " UNION SELECT DISTINCT workspace_id FROM consent_auditseal WHERE leaf IS NULL LIMIT %s",
            [WORKSPACES_AT_ONCE],
        )
        return [row[0] for row in cursor.fetchall()]


def append_for(workspace_id: int) -> bool:
    """Append one batch of a workspace's records and erasures; True when there may be more. One transaction; workers take turns."""
    with transaction.atomic():
        size = _lock_head(workspace_id)
        records = _pending_records(workspace_id)
        erased = list(ErasedRecord.objects.filter(workspace_id=workspace_id, leaf=None).order_by("record_leaf")[:AT_ONCE])
        seals = list(AuditSeal.objects.filter(workspace_id=workspace_id, leaf=None).order_by("until")[:AT_ONCE])
        if not records and not erased and not seals:
            return False
        entries = [record_entry(record, bytes(record["salt"])) for record in records]
        entries += [erasure_entry(one.record_leaf) for one in erased]
        entries += [seal_entry(bytes(one.digest), one.until, one.number) for one in seals]
        _append(workspace_id, size, [hash_leaf(entry) for entry in entries])
        _note_leaves(workspace_id, size, records, erased)
        for leaf, seal in enumerate(seals, size + len(records) + len(erased)):
            AuditSeal.objects.filter(pk=seal.pk).update(leaf=leaf)
        LedgerHead.objects.filter(workspace_id=workspace_id).update(size=size + len(entries))
    return len(records) == AT_ONCE or len(erased) == AT_ONCE


def _note_leaves(workspace_id: int, size: int, records: Sequence[dict[str, Any]], erased: Sequence[ErasedRecord]) -> None:
    """Each learns its number in the log."""
    update_by_keys(
        "UPDATE consent_record SET leaf = k.column4",
        "consent_record.bucket = k.column1 AND consent_record.person_id = k.column2 AND consent_record.record_id = k.column3",
        sorted((r["bucket"], r["person_id"], r["record_id"], leaf) for leaf, r in enumerate(records, size)),
        (*PERSON_KEY, "bigint", "bigint"),
    )
    update_by_keys(
        "UPDATE consent_erasedrecord SET leaf = k.column3",
        "consent_erasedrecord.workspace_id = k.column1 AND consent_erasedrecord.record_leaf = k.column2",
        [(workspace_id, one.record_leaf, leaf) for leaf, one in enumerate(erased, size + len(records))],
        ("bigint", "bigint", "bigint"),
    )


def _lock_head(workspace_id: int) -> int:
    """The size of the log; nobody else appends to it until the transaction ends."""
    LedgerHead.objects.get_or_create(workspace_id=workspace_id)
    heads = LedgerHead.objects if is_sqlite() else LedgerHead.objects.select_for_update()
    return heads.get(workspace_id=workspace_id).size


def _pending_records(workspace_id: int) -> list[dict[str, Any]]:
    columns = ("bucket", "person_id", "salt", *COLUMNS)
    # Without statistics SQLite would take the index of all records by time, and walk through all that were ever appended.
    index = " INDEXED BY record_to_append" if is_sqlite() else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(columns)} FROM consent_record{index} WHERE workspace_id = %s AND leaf IS NULL ORDER BY record_id LIMIT %s",
            [workspace_id, AT_ONCE],
        )
        return list(plain_records(columns, cursor.fetchall()))


def _append(workspace_id: int, size: int, leaves: Sequence[bytes]) -> None:
    tiles: Tiles = read_tiles(workspace_id, edges(size))
    append(size, leaves, tiles)
    insert_rows(
        "INSERT INTO consent_tile (workspace_id, level, number, hashes)",
        [(workspace_id, level, number, hashes) for (level, number), hashes in tiles.items()],
        "ON CONFLICT (workspace_id, level, number) DO UPDATE SET hashes = EXCLUDED.hashes",
    )


def read_tiles(workspace_id: int, places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """Tiles of a workspace's log by level and number, in one statement for up to 256 of them. Raises TileLost."""
    keys = [(workspace_id, *place) for place in sorted(places)]
    rows = select_by_keys(
        "SELECT t.level, t.number, t.hashes",
        "JOIN consent_tile t ON t.workspace_id = k.column1 AND t.level = k.column2 AND t.number = k.column3",
        keys,
        ("bigint", "smallint", "bigint"),
    )
    found = {(level, number): bytes(hashes) for level, number, hashes in rows}
    for _, level, number in keys:
        if (level, number) not in found:
            raise TileLost(f"Tile {level}/{number} of the ledger of workspace {workspace_id} is gone: restore it from a backup.")
    return found


def tile_reader(workspace_id: int) -> Callable[[int, int], bytes]:
    """Reads tiles of a workspace's log one by one, each at most once."""
    held: dict[tuple[int, int], bytes] = {}

    def read(level: int, number: int) -> bytes:
        if (level, number) not in held:
            held.update(read_tiles(workspace_id, [(level, number)]))
        return held[level, number]

    return read


def leaf_reader(workspace_id: int) -> Callable[[int], bytes]:
    """Reads the hashes of a workspace's entries one by one."""
    read = tile_reader(workspace_id)

    def held(index: int) -> bytes:
        number, place = divmod(index, WIDTH)
        return read(0, number)[place * HASH : (place + 1) * HASH]

    return held


def compute(workspace_id: int, wanted: Callable[[Nodes], Found]) -> Found:
    """A root or a proof from the hashes of a workspace's log: just those tiles are read that it is made of, all at once."""
    tiles = read_tiles(workspace_id, tiles_for(wanted))
    return wanted(node_in(lambda level, number: tiles[level, number]))


def head_of(workspace_id: int) -> tuple[int, bytes]:
    """The size of a workspace's log and its root."""
    head = LedgerHead.objects.filter(workspace_id=workspace_id).first()
    size = head.size if head else 0
    return size, compute(workspace_id, partial(root_of, size))


def leaf_of(record: Record) -> bytes:
    """The leaf of a record as it stands now: what its place in the log must hold."""
    told = plain_value({name: getattr(record, name) for name in COLUMNS})
    return hash_leaf(record_entry(told, bytes(record.salt or b"")))
