"""How long there is left to tell the authority: 72 hours from when the controller is aware (Art. 33(1) GDPR).

Hours run through nights, weekends and holidays (Regulation 1182/71, Art. 3(1) and (3)).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from troth.kernel.clock import HOUR

HOURS = 72
SOON = 24 * HOUR


class Stage(StrEnum):
    """Where a breach stands with the authority."""

    UNDECIDED = "undecided"
    """It runs, and nobody has decided yet whether to tell."""
    TO_TELL = "to_tell"
    """It is to be told, and was not yet."""
    TOLD = "told"
    TOLD_LATE = "told_late"
    """Told after the 72 hours; the reasons for the delay belong to it (Art. 33(1))."""
    NOT_TOLD = "not_told"
    """Decided, with reasons, that no risk to anybody's rights is likely; it stays in the register all the same (Art. 33(5))."""


@dataclass(frozen=True)
class Clock:
    """Times in milliseconds. `left` is negative once the term is over, and None where nothing runs any more."""

    stage: Stage
    due_at: int
    left: int | None

    @property
    def hours_left(self) -> int:
        """Whole hours; 0 where nothing runs or the term is over."""
        return max(0, self.left or 0) // HOUR

    @property
    def is_overdue(self) -> bool:
        """Whether the term passed without the authority told."""
        return self.left is not None and self.left < 0

    @property
    def is_soon(self) -> bool:
        """Whether a day or less is left."""
        return self.left is not None and 0 <= self.left <= SOON


def read_clock(aware_at: int, decision: str, told_at: int | None, now: int) -> Clock:
    """The clock of a breach. `decision`: empty, `tell` or `no_risk`."""
    due_at = aware_at + HOURS * HOUR
    if told_at is not None:
        return Clock(Stage.TOLD if told_at <= due_at else Stage.TOLD_LATE, due_at, None)
    if decision == "no_risk":
        return Clock(Stage.NOT_TOLD, due_at, None)
    return Clock(Stage.TO_TELL if decision == "tell" else Stage.UNDECIDED, due_at, due_at - now)
