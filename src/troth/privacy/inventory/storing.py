"""Keeping the inventory: events are counted as they are folded, in that transaction; those from before, and all attributes, bucket by bucket.

One row says up to which bucket events were counted: those of later buckets are counted when the walk reaches them. Whoever counts holds that row,
so that nothing is counted twice or missed. What is erased is taken off again in the erasing transaction.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection, transaction

from troth.intake.actor import NewEvent
from troth.kernel.ids import BUCKETS, bucket_of
from troth.kernel.json_text import decode, encode
from troth.kernel.personal_data import Subject, keys_of
from troth.kernel.sql import insert_rows, is_sqlite, select_by_keys
from troth.privacy.inventory.counting import ATTRIBUTE, EVENT, MOST_NAMES, OTHERS, Counts, Key, Row, Tally
from troth.privacy.models import InventoryItem, InventoryPosition, LedgerPosition

SLICES = 16
ROUND = 10 * 60_000
"""Milliseconds between two countings of all attributes."""
STEP_SECONDS = 0.1
"""How long one step of the walk over earlier events should take: it holds the database's turn."""
MOST_SHAPES = 5
ENOUGH = 1_000
"""Values of one name that are looked at for their shape."""
READ_AT_ONCE = 2_000
_COLUMNS = "count, first_day, last_day, types, doors, shapes, votes, looked_at"
INSERT = f"INSERT INTO privacy_inventoryitem (workspace_id, kind, event, name, slice, {_COLUMNS})"
REPLACE = "ON CONFLICT (workspace_id, kind, event, name, slice) DO UPDATE SET " + ", ".join(
    f"{column} = EXCLUDED.{column}" for column in _COLUMNS.split(", ")
)
KEY = ("bigint", "varchar", "varchar", "varchar", "smallint")
JOIN = (
    "JOIN privacy_inventoryitem i ON i.workspace_id = k.column1 AND i.kind = k.column2 AND i.event = k.column3 AND i.name = k.column4"
    " AND i.slice = k.column5"
)
_step = {"buckets": 64, "slices": 1}


def count_folded(events: Sequence[NewEvent], now: int) -> None:
    """Reaction of the actor: count the events that have just got their place."""
    if not events:
        return
    walked = _lock_position().bucket
    # Looking at values costs more than counting them, and folds are many: one of each form is enough.
    counts = Counts(look_at=1)
    counts.add_events((e.workspace_id, e.name, e.received_at, e.source, e.properties) for e in events if bucket_of(e.person_id) < walked)
    _add(counts.finish())


def count_earlier(now: int) -> bool:
    """Worker duty: count the events of the next buckets, those that were there before counting began; True while there are more."""
    if InventoryPosition.objects.filter(pk=1, bucket=BUCKETS).exists():
        return False
    begun = time.monotonic()
    with transaction.atomic():
        position = _lock_position()
        until = min(BUCKETS, position.bucket + _step["buckets"])
        counts = Counts()
        for rows in _read_events(position.bucket, until):
            counts.add_events(rows)
        _add(counts.finish())
        InventoryPosition.objects.filter(pk=1).update(bucket=until)
    is_quick = time.monotonic() - begun < STEP_SECONDS
    _step["buckets"] = min(BUCKETS, _step["buckets"] * 4) if is_quick else max(1, _step["buckets"] // 2)
    return until < BUCKETS


def _read_events(first: int, until: int) -> Iterator[list[Row]]:
    """The events of a range of buckets, of all workspaces, so many at a time."""
    text = "properties" if is_sqlite() else "properties::text"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT workspace_id, name, received_at, source, {text} FROM people_event WHERE bucket >= %s AND bucket < %s", [first, until]
        )
        while rows := cursor.fetchmany(READ_AT_ONCE):
            yield rows


def count_attributes(now: int) -> bool:
    """Worker duty: count the attributes of the next slices of buckets anew; a round begins ten minutes after the last. True while one is under way.

    So many slices at a time as can be read quickly: where there are few people, one step is a round.
    """
    position = InventoryPosition.objects.filter(pk=1).first() or InventoryPosition()
    if position.slice == 0 and position.counted_at and now - position.counted_at < ROUND:
        return False
    begun = time.monotonic()
    until = min(SLICES, position.slice + _step["slices"])
    erasures = _erasures()
    counts = {number: Counts() for number in range(position.slice, until)}
    for bucket, workspace_id, attributes, origins in _read_profiles(position.slice, until):
        counts[bucket * SLICES // BUCKETS].add_profile(workspace_id, decode(attributes), decode(origins))
    with transaction.atomic():
        _lock_position()
        if _erasures() != erasures:
            return True  # whoever was erased meanwhile was counted: once more
        InventoryItem.objects.filter(kind=ATTRIBUTE, slice__gte=position.slice, slice__lt=until).delete()
        for number, own in counts.items():
            _write([(key, _columns(tally)) for key, tally in _bound(own.finish()).items()], number)
        is_last = until == SLICES
        InventoryPosition.objects.filter(pk=1).update(slice=until % SLICES, counted_at=now if is_last else position.counted_at)
    is_quick = time.monotonic() - begun < STEP_SECONDS
    _step["slices"] = min(SLICES, _step["slices"] * 4) if is_quick else max(1, _step["slices"] // 2)
    return not is_last


def _read_profiles(first: int, until: int) -> Iterator[tuple[int, int, Any, Any]]:
    """Buckets, attributes and their origins of a range of slices, of all workspaces."""
    width = BUCKETS // SLICES
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bucket, workspace_id, attributes, origins FROM people_person WHERE bucket >= %s AND bucket < %s",
            [first * width, until * width],
        )
        while rows := cursor.fetchmany(READ_AT_ONCE):
            yield from rows


def count_all(now: int) -> None:
    """Bring the inventory up to date at once: all events that were never counted, and all attributes."""
    while count_earlier(now):
        pass
    InventoryPosition.objects.filter(pk=1).update(slice=0, counted_at=0)
    while count_attributes(now):
        pass


def take_off(subjects: Sequence[Subject]) -> Counter[int]:
    """Take what persons' events and attributes counted off again, before they are deleted; how many names of the inventory each was counted under."""
    walked = _lock_position().bucket
    counts: defaultdict[int, Counts] = defaultdict(lambda: Counts(look_at=0))
    with connection.cursor() as cursor:
        for listed, values in keys_of([subject for subject in subjects if subject.bucket < walked]):
            text = "properties" if is_sqlite() else "properties::text"
            cursor.execute(
                f"SELECT person_id, workspace_id, name, received_at, source, {text} FROM people_event WHERE (bucket, person_id) IN {listed}",
                values,
            )
            while rows := cursor.fetchmany(READ_AT_ONCE):
                for person_id, run in groupby(rows, key=itemgetter(0)):
                    counts[person_id].add_events(row[1:] for row in run)
        for listed, values in keys_of(subjects):
            cursor.execute(
                f"SELECT person_id, workspace_id, attributes, origins FROM people_person WHERE (bucket, person_id) IN {listed}", values
            )
            for person_id, workspace_id, attributes, origins in cursor.fetchall():
                counts[person_id].add_profile(workspace_id, decode(attributes), decode(origins))
    found: Counter[int] = Counter()
    by_slice: defaultdict[int, dict[Key, Tally]] = defaultdict(dict)
    for person_id, own in counts.items():
        for key, tally in own.finish().items():
            found[person_id] += 1
            taken = by_slice[bucket_of(person_id) * SLICES // BUCKETS if key.kind == ATTRIBUTE else 0]
            if key in taken:
                taken[key].join(tally)
            else:
                taken[key] = tally
    for number, taken in sorted(by_slice.items()):
        _subtract(taken, number)
    return found


def forget_events(rows: Iterable[Row], *, only_properties: bool = False) -> None:
    """Take events off that are deleted, or the properties that they lose. While earlier events are still being counted nothing is: they may not be in it."""
    counts = Counts()
    counts.add_events(rows)
    found = counts.finish()
    if found and _lock_position().bucket == BUCKETS:
        _subtract({key: tally for key, tally in found.items() if key.kind != EVENT or not only_properties}, 0)


def _erasures() -> int:
    return LedgerPosition.objects.filter(pk=1).values_list("applied", flat=True).first() or 0


def _lock_position() -> InventoryPosition:
    """Let nobody else count until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO privacy_inventoryposition (id, bucket, slice, counted_at) VALUES (1, 0, 0, 0) ON CONFLICT (id) DO NOTHING"
        )
        cursor.execute(
            f"SELECT bucket, slice, counted_at FROM privacy_inventoryposition WHERE id = 1{'' if is_sqlite() else ' FOR UPDATE'}"
        )
        bucket, number, counted_at = cursor.fetchone()
    return InventoryPosition(bucket=bucket, slice=number, counted_at=counted_at)


def _add(found: Mapping[Key, Tally]) -> None:
    """Add counts to what is kept; names beyond what one event may have are counted together."""
    kept = _read_kept(found, 0)
    bounded = {key: tally for key, tally in found.items() if key in kept}
    fresh = _bound({key: tally for key, tally in found.items() if key not in kept})
    beyond = {key for key in fresh if key.name == OTHERS}
    kept |= _read_kept(beyond, 0)
    for key, tally in fresh.items():
        if key in bounded:
            bounded[key].join(tally)
        else:
            bounded[key] = tally
    _write([(key, _join(kept[key], tally, 1) if key in kept else _columns(tally)) for key, tally in bounded.items()], 0)


def _subtract(found: Mapping[Key, Tally], number: int) -> None:
    """Take counts off what is kept of a slice; what nothing is left of goes."""
    joined = {key: _join(kept, found[key], -1) for key, kept in _read_kept(found, number).items()}
    _write([(key, columns) for key, columns in joined.items() if columns[0] > 0], number)
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM privacy_inventoryitem WHERE workspace_id = %s AND kind = %s AND event = %s AND name = %s AND slice = %s",
            [(*key, number) for key, columns in joined.items() if columns[0] <= 0],
        )


def _read_kept(keys: Iterable[Key], number: int) -> dict[Key, list[Any]]:
    """The rows of keys in a slice: count, days, then types, doors, shapes and votes as mappings, and how many values were looked at."""
    listed = ", ".join(f"i.{column}" for column in _COLUMNS.split(", "))
    rows = select_by_keys(f"SELECT i.workspace_id, i.kind, i.event, i.name, {listed}", JOIN, [(*key, number) for key in keys], KEY)
    return {
        Key(*row[:4]): [*row[4:7], *(decode(told) if isinstance(told, str | bytes) else told for told in row[7:11]), row[11]]
        for row in rows
    }


def _write(rows: Iterable[tuple[Key, Sequence[Any]]], number: int) -> None:
    insert_rows(INSERT, [(*key, number, *columns[:3], *map(encode, columns[3:7]), columns[7]) for key, columns in sorted(rows)], REPLACE)


def _columns(tally: Tally) -> list[Any]:
    shapes = _commonest(tally.shapes)
    return [tally.count, tally.first, tally.last, dict(tally.types), dict(tally.doors), shapes, dict(tally.votes), tally.looked_at]


def _join(kept: Sequence[Any], tally: Tally, sign: int) -> list[Any]:
    """The columns after so much was added (1) or taken off (-1). What was seen, shapes and days, stays as long as the row does."""
    count, first, last, types, doors, shapes, votes, looked_at = kept
    for told, more in ((types, tally.types), (doors, tally.doors)):
        for name, number in more.items():
            told[name] = told.get(name, 0) + sign * number
            if told[name] <= 0:
                del told[name]
    if sign < 0:
        return [count - tally.count, first, last, types, doors, shapes, votes, looked_at]
    if looked_at < ENOUGH:
        looked_at += tally.looked_at
        shapes = _commonest(Counter(shapes) + tally.shapes)
        votes = dict(Counter(votes) + tally.votes)
    days = [day for day in (first, tally.first) if day]
    return [count + tally.count, min(days, default=0), max(last, tally.last), types, doors, shapes, votes, looked_at]


def _commonest(shapes: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(shapes.items(), key=lambda item: (-item[1], item[0]))[:MOST_SHAPES])


def _bound(fresh: Mapping[Key, Tally]) -> dict[Key, Tally]:
    """New rows, at most as many of one event as may be told apart: who makes names of ids would fill the table."""
    taken: dict[tuple[int, str, str], int] = {}
    bounded: dict[Key, Tally] = {}
    for key, tally in fresh.items():
        to = key
        if key.kind != EVENT:
            above = key[:3]
            if above not in taken:
                taken[above] = InventoryItem.objects.filter(workspace_id=key.workspace_id, kind=key.kind, event=key.event).count()
            taken[above] += 1
            if taken[above] > MOST_NAMES:
                to = key._replace(name=OTHERS)
        if to in bounded:
            bounded[to].join(tally)
        else:
            bounded[to] = tally
    return bounded


def read_position() -> InventoryPosition:
    """How far the counting is."""
    return InventoryPosition.objects.filter(pk=1).first() or InventoryPosition()
