"""Merkle trees after RFC 9162, section 2.1: hashes, roots, and proofs that an entry is in a log and that a log only grew.

Pure: where the hashes of complete subtrees are kept is the caller's (`Nodes`). A node is named by its level (0: leaves) and its number at that level.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

Nodes = Callable[[int, int], bytes]
"""(level, number) → the hash of the complete subtree over leaves number·2^level up to (number + 1)·2^level."""
EMPTY_ROOT = sha256(b"").digest()


def hash_leaf(entry: bytes) -> bytes:
    """The hash of an entry (RFC 9162, 2.1.1)."""
    return sha256(b"\x00" + entry).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node (RFC 9162, 2.1.1)."""
    return hash_pair(left + right)


def hash_pair(pair: bytes) -> bytes:
    """`hash_children` of two hashes that stand side by side."""
    return sha256(b"\x01" + pair).digest()


def root_of(size: int, nodes: Nodes) -> bytes:
    """The root of the first `size` leaves."""
    return _hash_range(0, size, nodes) if size else EMPTY_ROOT


def prove_inclusion(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """The path from leaf `index` to the root of the first `size` leaves (RFC 9162, 2.1.3.1)."""
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_hash_range(middle, end, nodes))
            end = middle
        else:
            path.append(_hash_range(start, middle, nodes))
            start = middle
    return path[::-1]


def prove_consistency(old: int, new: int, nodes: Nodes) -> list[bytes]:
    """That the first `new` leaves begin with the first `old` ones, 0 < old ≤ new (RFC 9162, 2.1.4.1)."""
    path: list[bytes] = []
    start, end, is_whole = 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_hash_range(middle, end, nodes))
            end = middle
        else:
            path.append(_hash_range(start, middle, nodes))
            start, is_whole = middle, False
    if not is_whole:
        path.append(_hash_range(start, end, nodes))
    return path[::-1]


def inclusion_holds(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` leads from the leaf's hash to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    number, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if number & 1 or number == last:
            found = hash_children(step, found)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            found = hash_children(found, step)
        number, last = number >> 1, last >> 1
    return last == 0 and found == root


def consistency_holds(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether a log of `old` leaves with `old_root` grew into one of `new` leaves with `new_root` (RFC 9162, 2.1.4.2)."""
    if old == new:
        return not path and old_root == new_root
    if not 0 < old < new or not path:
        return False
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    number, last = old - 1, new - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            before, after = hash_children(step, before), hash_children(step, after)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            after = hash_children(after, step)
        number, last = number >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


def _split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << (count - 1).bit_length() - 1


def _hash_range(start: int, end: int, nodes: Nodes) -> bytes:
    """The hash over leaves from `start` up to `end`, where `start` is a multiple of the tree's next power of two."""
    parts = list(_complete_parts(start, end, nodes))
    found = parts.pop()
    while parts:
        found = hash_children(parts.pop(), found)
    return found


def _complete_parts(start: int, end: int, nodes: Nodes) -> Iterator[bytes]:
    """The complete subtrees that make up a range, the largest first."""
    while start < end:
        level = (end - start).bit_length() - 1
        yield nodes(level, start >> level)
        start += 1 << level
