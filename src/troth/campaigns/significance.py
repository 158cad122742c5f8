"""Whether one variant really does better than another, told so that anybody may look at any time.

The usual test is right only for who looks once, at the end. Here a mixture over possible differences is held against no difference (a sequential
probability ratio test, Robbins 1970): its p-value may be read after every message, and stops being an error no more often than it says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

TYPICAL_DIFFERENCE = 0.02
"""The mixture's spread: differences of about two percentage points are found soonest; others are found as surely, later."""
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Trial:
    """How often something happened among how many."""

    happened: int
    among: int

    @property
    def rate(self) -> float:
        """Between 0 and 1; 0 where nobody was looked at."""
        return self.happened / self.among if self.among else 0.0


@dataclass(frozen=True)
class Difference:
    """The rate of one trial less that of the other, with the bounds in which it lies with 95 %, and the p-value; all may be read at any time."""

    by: float
    lowest: float
    highest: float
    p_value: float

    @property
    def is_significant(self) -> bool:
        """Whether chance alone would seldom do this."""
        return self.p_value < SIGNIFICANT


NO_TELLING = Difference(0.0, -1.0, 1.0, 1.0)


def compare(one: Trial, other: Trial) -> Difference:
    """How much better `one` does than `other`. Of trials with nobody in them nothing can be told."""
    if not one.among or not other.among:
        return NO_TELLING
    by = one.rate - other.rate
    # One more of each outcome than was seen keeps the spread above 0 where a thing happened always or never.
    pooled = (one.happened + other.happened + 1) / (one.among + other.among + 2)
    variance = pooled * (1 - pooled) * (1 / one.among + 1 / other.among)
    spread = TYPICAL_DIFFERENCE**2
    evidence = 0.5 * math.log(variance / (variance + spread)) + spread * by**2 / (2 * variance * (variance + spread))
    width = math.sqrt(variance * (variance + spread) / spread * math.log((variance + spread) / (variance * SIGNIFICANT**2)))
    return Difference(by, max(-1.0, by - width), min(1.0, by + width), min(1.0, math.exp(-min(evidence, 700.0))))


def find_best(trials: dict[str, Trial]) -> str | None:
    """The variant of the highest rate; of equals the one named first. None where nobody was looked at in any."""
    seen = {name: trial for name, trial in trials.items() if trial.among}
    return max(seen, key=lambda name: seen[name].rate) if seen else None


def judge(trials: dict[str, Trial]) -> dict[str, Difference]:
    """Each variant against the best of the others; where there are several, the p-value is multiplied by their number (Bonferroni)."""
    found = {}
    for name, trial in trials.items():
        rivals = {other: rival for other, rival in trials.items() if other != name}
        best = find_best(rivals)
        told = compare(trial, rivals[best]) if best else NO_TELLING
        found[name] = Difference(told.by, told.lowest, told.highest, min(1.0, told.p_value * max(1, len(rivals))))
    return found
