"""The log of each workspace: the worker appends what was decided, in the order it was decided, and what was erased.

A leaf is `HMAC-SHA256(salt, canonical record)`: without the salt, which is erased with the record, it says nothing about anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, transaction

from troth.consent.ledger.commitment import COLUMNS, erasure_entry, record_entry
from troth.consent.ledger.merkle import hash_leaf, root_of
from troth.consent.ledger.tiles import Tiles, append, edges, node_in
from troth.consent.models import ErasedRecord, LedgerHead, Record, Tile
from troth.kernel.json_text import decode
from troth.kernel.sql import insert_rows, is_sqlite

AT_ONCE = 2_000
WORKSPACES_AT_ONCE = 50


def append_pending(now: int) -> bool:
    """Worker duty: append what waits, for every workspace; True when there may be more. Reads short indexes of what waits, over all buckets."""
    waiting = _workspaces_waiting()
    more = [append_for(workspace_id) for workspace_id in waiting]
    return any(more) or len(waiting) == WORKSPACES_AT_ONCE


def _workspaces_waiting() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT workspace_id FROM consent_record WHERE leaf IS NULL"
            " UNION SELECT DISTINCT workspace_id FROM consent_erasedrecord WHERE leaf IS NULL LIMIT %s",
            [WORKSPACES_AT_ONCE],
        )
        return [row[0] for row in cursor.fetchall()]


def append_for(workspace_id: int) -> bool:
    """Append one batch of a workspace's records and erasures; True when there may be more. One transaction; workers take turns."""
    with transaction.atomic():
        size = _lock_head(workspace_id)
        records = _pending_records(workspace_id)
        erased = list(ErasedRecord.objects.filter(workspace_id=workspace_id, leaf=None).order_by("record_leaf")[:AT_ONCE])
        if not records and not erased:
            return False
        entries = [record_entry(record, bytes(record["salt"])) for record in records]
        entries += [erasure_entry(one.record_leaf) for one in erased]
        _append(workspace_id, size, [hash_leaf(entry) for entry in entries])
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE consent_record SET leaf = %s WHERE bucket = %s AND person_id = %s AND record_id = %s",
                [(size + place, r["bucket"], r["person_id"], r["record_id"]) for place, r in enumerate(records)],
            )
            start = size + len(records)
            cursor.executemany(
                "UPDATE consent_erasedrecord SET leaf = %s WHERE workspace_id = %s AND record_leaf = %s",
                [(start + place, workspace_id, one.record_leaf) for place, one in enumerate(erased)],
            )
        LedgerHead.objects.filter(workspace_id=workspace_id).update(size=size + len(entries))
    return len(records) == AT_ONCE or len(erased) == AT_ONCE


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
        return [plain_record(dict(zip(columns, row, strict=True))) for row in cursor.fetchall()]


def plain_record(row: dict[str, Any]) -> dict[str, Any]:
    """A row of either database with its JSON decoded and its flag a flag."""
    told = {name: decode(row[name]) if isinstance(row[name], str | bytes) else row[name] for name in ("evidence", "rules")}
    return {**row, "valid": bool(row["valid"]), **told}


def _append(workspace_id: int, size: int, leaves: Sequence[bytes]) -> None:
    tiles: Tiles = {}
    read = tile_reader(workspace_id)
    for level, number in edges(size):
        tiles[level, number] = read(level, number)
    append(size, leaves, tiles)
    insert_rows(
        "INSERT INTO consent_tile (workspace_id, level, number, hashes)",
        [(workspace_id, level, number, hashes) for (level, number), hashes in tiles.items()],
        "ON CONFLICT (workspace_id, level, number) DO UPDATE SET hashes = EXCLUDED.hashes",
    )


def tile_reader(workspace_id: int) -> Callable[[int, int], bytes]:
    """Reads tiles of a workspace's log, each at most once."""
    held: dict[tuple[int, int], bytes] = {}

    def read(level: int, number: int) -> bytes:
        if (level, number) not in held:
            held[level, number] = bytes(Tile.objects.get(workspace_id=workspace_id, level=level, number=number).hashes)
        return held[level, number]

    return read


def nodes_of(workspace_id: int) -> Callable[[int, int], bytes]:
    """The hashes of a workspace's log, for `merkle`."""
    return node_in(tile_reader(workspace_id))


def head_of(workspace_id: int) -> tuple[int, bytes]:
    """The size of a workspace's log and its root."""
    head = LedgerHead.objects.filter(workspace_id=workspace_id).first()
    size = head.size if head else 0
    return size, root_of(size, nodes_of(workspace_id))


def leaf_of(record: Record) -> bytes:
    """The leaf of a record as it stands now: what its place in the log must hold."""
    return hash_leaf(record_entry({name: getattr(record, name) for name in COLUMNS}, bytes(record.salt or b"")))
