"""Identifiers that Troth makes itself, and the bucket that spreads personal rows over a cluster.

`bucket` is for ever: it is the first column of every personal table's key and is never updated (DESIGN, rule 1).
"""

from __future__ import annotations

import secrets
import threading
import time

BUCKETS = 4096


def new_person_id() -> int:
    """A random 63-bit person id; never 0."""
    return secrets.randbits(63) or 1


def bucket_of(person_id: int) -> int:
    """The bucket of a person, 0 to 4095."""
    return person_id % BUCKETS


def bucket_of_tag(tag: bytes) -> int:
    """The bucket of a keyed hash, 0 to 4095, from its first two bytes."""
    return int.from_bytes(tag[:2], "big") % BUCKETS


_lock = threading.Lock()
_last = 0


def new_row_id() -> int:
    """A 63-bit id that grows with time (microseconds since 1970, 11 random bits below) and never repeats in this process.

    Two processes may collide within one microsecond once in 2048 times; such a row meets a primary key and its batch is retried.
    """
    global _last
    candidate = (time.time_ns() // 1_000) << 11 | secrets.randbits(11)
    with _lock:
        _last = candidate if candidate > _last else _last + 1
        return _last


def new_row_ids(count: int) -> range:
    """`count` consecutive row ids, taken at once."""
    global _last
    candidate = (time.time_ns() // 1_000) << 11 | secrets.randbits(11)
    with _lock:
        first = candidate if candidate > _last else _last + 1
        _last = first + count - 1
        return range(first, first + count)
