"""When somebody must be told that a term nears its end, has ended, or that a question to the person stays open. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from troth.kernel.clock import DAY
from troth.privacy.legal_clock import Pause

STAGES = (("week", 7 * DAY), ("days", 2 * DAY), ("over", 0))
"""Each stage, and how long before the end of the term it is told; each is told once under one term."""
WAITING = "waiting"
PATIENCE = 14 * DAY
"""How long a question to the person stays open before somebody is told that it does."""


def next_telling(told: str, due_at: int) -> int | None:
    """When the stage after `told` (empty: none was) is to be told; None after the last."""
    names = [name for name, _before in STAGES]
    rest = STAGES[names.index(told) + 1 :] if told in names else STAGES
    return due_at - rest[0][1] if rest else None


def stage_at(due_at: int, now: int) -> str:
    """The latest stage that has come; empty: none has. Of stages that passed unseen only the latest is told."""
    return next((name for name, before in reversed(STAGES) if now >= due_at - before), "")


def open_pause(pauses: Sequence[Pause]) -> Pause | None:
    """The question to the person that is open."""
    return next((pause for pause in pauses if pause.until is None), None)
