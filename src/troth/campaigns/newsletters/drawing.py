"""Who gets which variant, who is held out, and who waits for the better variant: drawn from the person's number alone. Pure.

A draw is a keyed hash, so that it is the same whenever and wherever it is drawn, belongs to no other newsletter, and says nothing about the person.
The hold-out of a newsletter that recurs is always the same people; its variants are drawn anew each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

HELD_OUT = "holdout"
WAITS = "waits"
_PARTS = 1 << 53


class Share(NamedTuple):
    """A variant and its part of the whole; parts need not add up to a hundred."""

    key: str
    part: int


def draw(name: str, person_id: int) -> float:
    """A number in [0, 1) for a person under a name; of many persons evenly spread."""
    tag = blake2b(person_id.to_bytes(8, "big"), key=name.encode()[:64], digest_size=8).digest()
    return (int.from_bytes(tag, "big") >> 11) / _PARTS


def pick(shares: Sequence[Share], drawn: float) -> str:
    """The variant for a draw."""
    whole = sum(share.part for share in shares)
    reached = 0
    for share in shares:
        reached += share.part
        if drawn * whole < reached:
            return share.key
    return shares[-1].key


def assign(*, newsletter_id: int, run_id: int, person_id: int, shares: Sequence[Share], holdout: int, tested: int | None) -> str:
    """The key of a person's variant; HELD_OUT, or WAITS for who gets the better one.

    `holdout` and `tested` are per cent of people; None: nothing is tested, and everybody gets the variant they drew.
    """
    if draw(f"holdout:{newsletter_id}", person_id) * 100 < holdout:
        return HELD_OUT
    if tested is not None and draw(f"test:{run_id}", person_id) * 100 >= tested:
        return WAITS
    return pick(shares, draw(f"variant:{run_id}", person_id))
