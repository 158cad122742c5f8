"""How a log's hashes are kept: in tiles of 256, each level of tiles holding the roots of the tiles below (C2SP tlog-tiles, height 8)."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence

from troth.consent.ledger.merkle import EMPTY_ROOT, Nodes, hash_pair

HEIGHT = 8
WIDTH = 1 << HEIGHT
HASH = 32
PAIR = 2 * HASH
Tiles = MutableMapping[tuple[int, int], bytes]
"""(level of tiles, number) → up to 256 hashes, one after another."""


def append(size: int, leaves: Sequence[bytes], tiles: Tiles) -> int:
    """Add hashes of leaves to a log of `size` leaves; touches only the tiles at the right edge. Returns the new size."""
    level, at, fresh = 0, size, list(leaves)
    while fresh:
        done: list[bytes] = []
        start = 0
        while start < len(fresh):
            number, held = divmod(at + start, WIDTH)
            taken = fresh[start : start + WIDTH - held]
            before = tiles[level, number] if held else b""
            tile = before + b"".join(taken)
            tiles[level, number] = tile
            start += len(taken)
            if len(tile) == WIDTH * HASH:
                done.append(_fold(tile, HEIGHT))
        level, at, fresh = level + 1, at // WIDTH, done
    return size + len(leaves)


def edges(size: int) -> list[tuple[int, int]]:
    """The tiles at the right edge of a log that are begun and not full: what `append` needs to have at hand."""
    found = []
    level = 0
    while size:
        number, held = divmod(size, WIDTH)
        if held:
            found.append((level, number))
        level, size = level + 1, number
    return found


def tile_of(level: int, number: int) -> tuple[int, int]:
    """Which tile holds what the hash of a complete subtree is made of."""
    tile_level, inside = divmod(level, HEIGHT)
    return tile_level, number >> (HEIGHT - inside)


def tiles_for(compute: Callable[[Nodes], object]) -> set[tuple[int, int]]:
    """Which tiles a root or a proof is made of: it asks for the same hashes whatever they are."""
    wanted: set[tuple[int, int]] = set()

    def note(level: int, number: int) -> bytes:
        wanted.add(tile_of(level, number))
        return EMPTY_ROOT

    compute(note)
    return wanted


def node_in(read: Callable[[int, int], bytes]) -> Nodes:
    """The hash of a complete subtree, from tiles that `read(level, number)` returns."""

    def node(level: int, number: int) -> bytes:
        inside = level % HEIGHT
        position = number % (WIDTH >> inside)
        width = HASH << inside
        return _fold(read(*tile_of(level, number))[position * width : (position + 1) * width], inside)

    return node


def _fold(hashes: bytes, height: int) -> bytes:
    """The root of 2^height hashes."""
    for _ in range(height):
        hashes = b"".join([hash_pair(hashes[start : start + PAIR]) for start in range(0, len(hashes), PAIR)])
    return hashes
