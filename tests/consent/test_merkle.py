"""The log's hashes and proofs, held against the plain recursion of RFC 9162."""

from __future__ import annotations

import base64
import hashlib
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from troth.consent.ledger.merkle import (
    EMPTY_ROOT,
    consistency_holds,
    hash_children,
    hash_leaf,
    inclusion_holds,
    prove_consistency,
    prove_inclusion,
    root_of,
)
from troth.consent.ledger.tiles import append, node_in, tiles_for

LEAVES = [hash_leaf(b"%d" % number) for number in range(1_400)]


def plain_root(leaves: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, word for word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY_ROOT
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hash_children(plain_root(leaves[:split]), plain_root(leaves[split:]))


def nodes_of(leaves: list[bytes]):
    return lambda level, number: plain_root(leaves[number << level : (number + 1) << level])


def test_the_hashes_are_those_of_the_standard() -> None:
    assert hashlib.sha256(b"").digest() == EMPTY_ROOT
    assert hash_leaf(b"") == base64.b16decode("6E340B9CFFB37A989CA544E6BB780A2C78901D3FB33738768511A30617AFA01D")
    assert hash_children(b"l", b"r") == hashlib.sha256(b"\x01lr").digest()


def test_every_leaf_of_every_small_log_is_proven_and_nothing_else() -> None:
    for size in range(1, 41):
        leaves = LEAVES[:size]
        root = plain_root(leaves)
        assert root_of(size, nodes_of(leaves)) == root
        for index in range(size):
            path = prove_inclusion(index, size, nodes_of(leaves))
            assert inclusion_holds(leaves[index], index, size, path, root)
            assert not inclusion_holds(LEAVES[900], index, size, path, root)
            assert not inclusion_holds(leaves[index], index + 1, size, path, root)
            assert not inclusion_holds(leaves[index], index, size, [*path, root], root)


def test_every_growth_of_every_small_log_is_proven_and_a_changed_past_is_not() -> None:
    for new in range(1, 41):
        for old in range(1, new + 1):
            path = prove_consistency(old, new, nodes_of(LEAVES[:new]))
            roots = plain_root(LEAVES[:old]), plain_root(LEAVES[:new])
            assert consistency_holds(old, new, *roots, path)
            forged = plain_root([*LEAVES[: old - 1], LEAVES[900]])
            assert not consistency_holds(old, new, forged, roots[1], path)
            assert not consistency_holds(old, new, *roots, [*path, roots[0]])


@given(st.lists(st.integers(1, 400), min_size=1, max_size=6), st.data())
def test_tiles_filled_in_any_portions_give_the_same_root_and_proofs(portions: list[int], data: st.DataObject) -> None:
    tiles: dict[tuple[int, int], bytes] = {}
    size = 0
    for portion in portions:
        leaves = LEAVES[size : min(size + portion, len(LEAVES))]
        size = append(size, leaves, tiles)
    node = node_in(lambda level, number: tiles[level, number])
    root = plain_root(LEAVES[:size])
    assert root_of(size, node) == root
    index = data.draw(st.integers(0, size - 1))
    assert inclusion_holds(LEAVES[index], index, size, prove_inclusion(index, size, node), root)
    old = data.draw(st.integers(1, size))
    assert consistency_holds(old, size, plain_root(LEAVES[:old]), root, prove_consistency(old, size, node))
    assert max(len(tile) for tile in tiles.values()) <= 256 * 32


def test_a_proof_needs_only_the_tiles_it_is_known_beforehand_to_need() -> None:
    tiles: dict[tuple[int, int], bytes] = {}
    size = append(0, LEAVES, tiles)
    root = plain_root(LEAVES)
    for old in (1, 2, 255, 256, 257, 511, 512, 640, 1_023, 1_024, 1_025, size - 1):
        for new in (old + 1, size):
            proof = partial(prove_consistency, old, new)
            held = {place: tiles[place] for place in tiles_for(proof)}
            path = proof(node_in(lambda level, number, held=held: held[level, number]))
            assert consistency_holds(old, new, plain_root(LEAVES[:old]), plain_root(LEAVES[:new]), path)
        proof = partial(prove_inclusion, old, size)
        held = {place: tiles[place] for place in tiles_for(proof)}
        assert len(held) <= 4
        assert inclusion_holds(LEAVES[old], old, size, proof(node_in(lambda level, number, held=held: held[level, number])), root)
