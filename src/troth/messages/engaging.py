"""What a mail's person and machines did with it, and how one more fetch changes that. Pure; `fetches.py` reads and writes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from troth.kernel.clock import SECOND
from troth.messages.machines import BURST
from troth.messages.models import Engaged

AT_ONCE = SECOND
"""Nobody follows two links of a mail within this time."""
Place = tuple[Engaged, str]
"""What was done, and for a link followed which one; a mail that is measured has a row with an empty link for each kind."""


class Done(msgspec.Struct, frozen=True):
    """How often something was done, by the person and by machines apart; times in milliseconds."""

    times: int = 0
    first_at: int | None = None
    last_at: int | None = None
    machine_times: int = 0
    machine: str = ""
    machine_at: int | None = None


def count_in(done: Mapping[Place, Done], kind: Engaged, link: str, machine: str, at: int) -> dict[Place, Done]:
    """What changes in a mail's rows when it is opened, or its link followed, by a machine (or nobody's, where that is empty).

    Who follows several links at once is a scanner from the first of them on: what was taken for a person is put right.
    """
    changed: dict[Place, Done] = {}
    if kind is Engaged.CLICK and not machine:
        others = [(place, one) for place, one in done.items() if place[0] is Engaged.CLICK and place[1] not in ("", link)]
        changed = {place: _unmask(one) for place, one in others if one.times and _is_after(one.last_at, at - AT_ONCE)}
        if changed or _is_burst((one for _, one in others), at):
            machine = BURST
    before = done.get((kind, link), Done())
    if machine:
        after = msgspec.structs.replace(before, machine_times=before.machine_times + 1, machine=machine, machine_at=at)
    else:
        first_at = at if before.first_at is None else before.first_at
        after = msgspec.structs.replace(before, times=before.times + 1, first_at=first_at, last_at=at)
    return {**changed, (kind, link): after}


def _unmask(one: Done) -> Done:
    """The last that a person did was a machine's after all."""
    left = None if one.times == 1 else one.first_at
    return Done(one.times - 1, left, left, one.machine_times + 1, BURST, one.last_at)


def _is_burst(others: Iterable[Done], at: int) -> bool:
    return any(one.machine == BURST and _is_after(one.machine_at, at - AT_ONCE) for one in others)


def _is_after(moment: int | None, earliest: int) -> bool:
    return moment is not None and moment > earliest
