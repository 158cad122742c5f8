"""The person's actor: takes accepted events from the inbox, numbers them per person, reacts, and moves on, all in one transaction.

Whoever reacts (campaigns, later workflows) registers here; calls go down, so this module knows none of them. Segments lie below and are told.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
from django.db import connection, transaction

from troth.kernel.clock import MINUTE
from troth.kernel.ids import bucket_of, bucket_of_tag
from troth.kernel.sql import TAG_KEY, has_rows, insert_rows, is_sqlite, select_by_keys
from troth.people.queries import INSERT_EVENT, take_event_numbers
from troth.segments.changes import Changed, mark

SMALLEST, LARGEST = 200, 400
"""Events of one fold: small while the inbox is nearly empty, so that nobody waits long for their turn; larger on a backlog, which costs less each."""
PAUSE_SHARE = 5.0
"""How long the fold pauses while the door is busy, as a multiple of what it waited for its turn."""
PATIENCE = 5_000
"""Up to so many milliseconds behind, the fold pauses no longer than it worked: who waits for a message waits for it. Beyond, the door is given
more than the fold can follow, and answers come first."""
COLUMNS = "bucket, item_id, person_id, workspace_id, name, ts, received_at, source, purpose, properties, dedupe, dedupe_until"


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that has just got its place in its person's history."""

    event_id: int
    """Unique for ever, whatever merges."""
    workspace_id: int
    person_id: int
    seq: int
    name: str
    ts: int
    received_at: int
    source: str
    """The door it came through."""
    purpose: str
    properties: str
    """JSON text."""


class _Item(NamedTuple):
    bucket: int
    item_id: int
    person_id: int
    workspace_id: int
    name: str
    ts: int
    received_at: int
    source: str
    purpose: str
    properties: str
    dedupe: bytes | None
    dedupe_until: int


Reaction = Callable[[Sequence[NewEvent], int], None]
_reactions: list[Reaction] = []
_batch = {"size": SMALLEST}


def register_reaction(reaction: Reaction) -> None:
    """Have `reaction(events, now)` called inside the transaction that folds the events; it writes its effects as rows."""
    _reactions.append(reaction)


def fold_inbox(now: int) -> bool:
    """Fold one batch, over all buckets; True when there may be more.

    When the door is busy writing, the fold pauses, so that answers keep coming while the inbox takes the load (decision 004).
    """
    if not has_rows("SELECT 1 FROM intake_inboxitem LIMIT 1"):
        return False
    begun = time.monotonic()
    size = _batch["size"]
    items = _fold_batch(now, size)
    more = len(items) == size
    _batch["size"] = min(LARGEST, 2 * size) if more else SMALLEST
    if more:
        waited = getattr(connection, "waited_for_turn", 0.0)
        time.sleep(find_pause(waited, time.monotonic() - begun, behind_ms=now - items[0].received_at))
    return more


def find_pause(waited: float, worked: float, *, behind_ms: int) -> float:
    """Seconds between two batches of a backlog, from how long the last one waited for its turn and how long it took."""
    pause = PAUSE_SHARE * waited
    return min(pause, worked) if behind_ms < PATIENCE else pause


def _fold_batch(now: int, size: int) -> list[_Item]:
    """Fold the oldest `size` events; returns what was taken."""
    with transaction.atomic():
        items = _take_oldest(size)
        if not items:
            return items
        events = _number(_without_duplicates(items))
        _write_events(events)
        published = [event for _, event in events]
        mark(Changed(event.workspace_id, event.person_id, f"event:{event.name}") for event in published)
        for reaction in _reactions:
            reaction(published, now)
        with connection.cursor() as cursor:
            cursor.executemany(
                "DELETE FROM intake_inboxitem WHERE bucket = %s AND item_id = %s", [(item.bucket, item.item_id) for item in items]
            )
    return items


def _take_oldest(size: int) -> list[_Item]:
    """The oldest items of all buckets; on PostgreSQL locked, so that workers take turns and keep each person's order."""
    lock = "" if is_sqlite() else " FOR UPDATE"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS} FROM intake_inboxitem ORDER BY item_id LIMIT %s{lock}", [size])
        return [_Item._make(row)._replace(dedupe=None if row[10] is None else bytes(row[10])) for row in cursor.fetchall()]


def _without_duplicates(items: Sequence[_Item]) -> list[_Item]:
    """Drop events whose de-duplication key was taken by another event and has not expired."""
    keyed = [item for item in items if item.dedupe is not None]
    if not keyed:
        return list(items)
    keys = [(bucket_of_tag(item.dedupe), item.dedupe) for item in keyed if item.dedupe is not None]
    rows = select_by_keys(
        "SELECT s.tag, s.item_id, s.until", "JOIN intake_seen s ON s.bucket = k.column1 AND s.tag = k.column2", keys, TAG_KEY
    )
    seen = {bytes(tag): (item_id, until) for tag, item_id, until in rows}
    fresh: dict[bytes, tuple[int, int]] = {}
    kept = []
    for item in items:
        if item.dedupe is not None:
            holder = seen.get(item.dedupe)
            if holder and holder[0] != item.item_id and item.received_at < holder[1]:
                continue
            seen[item.dedupe] = fresh[item.dedupe] = (item.item_id, item.dedupe_until)
        kept.append(item)
    insert_rows(
        "INSERT INTO intake_seen (bucket, tag, item_id, until)",
        [(bucket_of_tag(tag), tag, item_id, until) for tag, (item_id, until) in fresh.items()],
        "ON CONFLICT (bucket, tag) DO UPDATE SET item_id = EXCLUDED.item_id, until = EXCLUDED.until",
    )
    return kept


def _number(items: Sequence[_Item]) -> list[tuple[_Item, NewEvent]]:
    """Give each event the next number of its person; events of persons who are gone are left out."""
    last = take_event_numbers(Counter(item.person_id for item in items))
    numbered = []
    for item in items:
        if item.person_id not in last:
            continue
        last[item.person_id] += 1
        event = NewEvent(
            event_id=item.item_id,
            workspace_id=item.workspace_id,
            person_id=item.person_id,
            seq=last[item.person_id],
            name=item.name,
            ts=item.ts,
            received_at=item.received_at,
            source=item.source,
            purpose=item.purpose,
            properties=item.properties,
        )
        numbered.append((item, event))
    return numbered


def _write_events(events: Sequence[tuple[_Item, NewEvent]]) -> None:
    rows: list[tuple[Any, ...]] = [
        (
            bucket_of(e.person_id),
            e.person_id,
            e.seq,
            e.workspace_id,
            e.name,
            e.ts,
            e.received_at,
            e.source,
            e.purpose,
            e.properties,
            item.dedupe,
        )
        for item, e in events
    ]
    rows.sort(key=lambda row: row[:3])
    insert_rows(INSERT_EVENT, rows)


def forget_expired_duplicates(now: int) -> bool:
    """Remove de-duplication keys whose time is over; True when there may be more.

    A key stays while something waits in the inbox that arrived in its time, however late it is folded.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT received_at FROM intake_inboxitem ORDER BY item_id LIMIT 1")
        oldest = cursor.fetchone()
        over = min(now, oldest[0] - MINUTE) if oldest else now
        cursor.execute("SELECT bucket, tag FROM intake_seen WHERE until < %s ORDER BY until LIMIT 500", [over])
        keys = cursor.fetchall()
        cursor.executemany("DELETE FROM intake_seen WHERE bucket = %s AND tag = %s", keys)
    return len(keys) == 500
