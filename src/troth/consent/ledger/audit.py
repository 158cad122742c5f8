"""Checking a whole log against the records: what was changed, removed, added or reordered is found."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from troth.consent.ledger.commitment import COLUMNS, erasure_entry, plain_records, record_entry, seal_entry
from troth.consent.ledger.log import head_of, leaf_reader, tile_reader
from troth.consent.ledger.merkle import hash_leaf, root_of
from troth.consent.ledger.tiles import HASH, WIDTH, append, node_in
from troth.consent.models import AuditSeal, Checkpoint, ErasedRecord

AT_ONCE = 50 * WIDTH


def find_faults(workspace_id: int) -> Iterator[str]:
    """Every fault of a workspace's log in words; none when all records, their order and their number are as they were when appended.

    Streams in portions, reading records of all buckets.
    """
    size, root = head_of(workspace_id)
    yield from _faults_of_checkpoints(workspace_id, size)
    for start in range(0, size, AT_ONCE):
        yield from _faults_between(workspace_id, start, min(start + AT_ONCE, size))
    yield from _records_beyond(workspace_id, size)
    yield from _faults_of_upper_tiles(workspace_id, size, root)


def _faults_of_checkpoints(workspace_id: int, size: int) -> Iterator[str]:
    nodes = node_in(tile_reader(workspace_id))
    for checkpoint in Checkpoint.objects.filter(workspace_id=workspace_id).order_by("size").iterator():
        if checkpoint.size > size:
            yield f"the log has {size} entries, but a checkpoint was signed over {checkpoint.size}"
        elif root_of(checkpoint.size, nodes) != bytes(checkpoint.root):
            yield f"the first {checkpoint.size} entries are not those of the checkpoint signed over them"


def _faults_between(workspace_id: int, start: int, end: int) -> Iterator[str]:
    held = leaf_reader(workspace_id)
    expected = _expected_leaves(workspace_id, start, end)
    erased = _erasures_of(workspace_id, start, end)
    for index in range(start, end):
        wanted, said_by = expected.get(index), erased.get(index)
        if wanted is not None and held(index) not in wanted:
            yield f"entry {index}: its record was changed, or stands in another's place"
        elif wanted is None and index not in erased:
            yield f"entry {index}: its record is gone, and nothing says that it was erased"
        elif said_by is not None and held(said_by) != hash_leaf(erasure_entry(index)):
            yield f"entry {index}: it is said to be erased, but the log's entry {said_by} does not say so"


def _erasures_of(workspace_id: int, start: int, end: int) -> dict[int, int | None]:
    """For the erased among some entries, which entry says so; None: it is not appended yet."""
    said = ErasedRecord.objects.filter(workspace_id=workspace_id, record_leaf__gte=start, record_leaf__lt=end)
    return dict(said.values_list("record_leaf", "leaf"))


def _expected_leaves(workspace_id: int, start: int, end: int) -> dict[int, set[bytes]]:
    columns = ("leaf", "salt", *COLUMNS)
    found: dict[int, set[bytes]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(columns)} FROM consent_record WHERE workspace_id = %s AND leaf >= %s AND leaf < %s",
            [workspace_id, start, end],
        )
        for record in plain_records(columns, cursor.fetchall()):
            found.setdefault(record["leaf"], set()).add(hash_leaf(record_entry(record, bytes(record["salt"] or b""))))
    for said in ErasedRecord.objects.filter(workspace_id=workspace_id, leaf__gte=start, leaf__lt=end):
        found.setdefault(said.leaf or 0, set()).add(hash_leaf(erasure_entry(said.record_leaf)))
    for seal in AuditSeal.objects.filter(workspace_id=workspace_id, leaf__gte=start, leaf__lt=end):
        found.setdefault(seal.leaf or 0, set()).add(hash_leaf(seal_entry(bytes(seal.digest), seal.until, seal.number)))
    return found


def _records_beyond(workspace_id: int, size: int) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM consent_record WHERE workspace_id = %s AND leaf >= %s", [workspace_id, size])
        beyond = cursor.fetchone()[0]
    if beyond:
        yield f"{beyond} records claim places behind the log's last entry"


def _faults_of_upper_tiles(workspace_id: int, size: int, root: bytes) -> Iterator[str]:
    """The upper tiles must be what the lowest ones make."""
    rebuilt: dict[tuple[int, int], bytes] = {}
    read = tile_reader(workspace_id)
    for number in range((size + WIDTH - 1) // WIDTH):
        tile = read(0, number)
        append(number * WIDTH, [tile[place : place + HASH] for place in range(0, len(tile), HASH)], rebuilt)
        rebuilt = {key: tile for key, tile in rebuilt.items() if key[0] or key[1] == number}
    upper = {key: tile for key, tile in rebuilt.items() if key[0]}
    for (level, number), tile in upper.items():
        if read(level, number) != tile:
            yield f"tile {level}/{number} of the log is not what its entries make"
    if size and root != root_of(size, node_in(lambda level, number: upper[level, number] if level else read(level, number))):
        yield "the log's root is not what its entries make"
