"""Whether one variant really does better than another, told so that anybody may look at any time.

The usual test is right only for who looks once, at the end. Here a mixture over possible differences is held against no difference (a sequential
probability ratio test, Robbins 1970): its p-value may be read after every message, and stops being an error no more often than it says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

SPREADS = (0.005, 0.02, 0.08, 0.2)
"""Of the mixture: differences of about so much are found soonest, others as surely, later. Among few only large ones can be told, among very many small ones matter."""
HALVINGS = 50
"""Until the bounds are exact to far below a person."""
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
    """The rate of one trial less that of the other, its variance if chance alone made it, and the p-value; all may be read at any time."""

    by: float
    variance: float
    p_value: float

    @property
    def lowest(self) -> float:
        """Where it lies at least, with 95 %."""
        return max(-1.0, self.by - _width(self.variance))

    @property
    def highest(self) -> float:
        """Where it lies at most, with 95 %."""
        return min(1.0, self.by + _width(self.variance))

    @property
    def is_significant(self) -> bool:
        """Whether chance alone would seldom do this."""
        return self.p_value < SIGNIFICANT


NO_TELLING = Difference(0.0, 1.0, 1.0)


def compare(one: Trial, other: Trial) -> Difference:
    """How much better `one` does than `other`. Of trials with nobody in them nothing can be told."""
    if not one.among or not other.among:
        return NO_TELLING
    by = one.rate - other.rate
    # One more of each outcome than was seen keeps the variance above 0 where a thing happened always or never.
    pooled = (one.happened + other.happened + 1) / (one.among + other.among + 2)
    variance = pooled * (1 - pooled) * (1 / one.among + 1 / other.among)
    return Difference(by, variance, min(1.0, math.exp(-_evidence(by, variance))))


def _evidence(by: float, variance: float) -> float:
    """The logarithm of how much better the mixture explains a difference than none does; it grows with the difference."""
    told = [
        0.5 * math.log(variance / (variance + spread**2)) + spread**2 * by**2 / (2 * variance * (variance + spread**2))
        for spread in SPREADS
    ]
    most = max(told)
    return most + math.log(sum(math.exp(one - most) for one in told) / len(told))


def _width(variance: float) -> float:
    """How far from what was seen a difference may lie that is not yet refuted: at most 2, from always to never."""
    low, high, enough = 0.0, 2.0, -math.log(SIGNIFICANT)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if _evidence(middle, variance) > enough else (middle, high)
    return high


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
        found[name] = replace(told, p_value=min(1.0, told.p_value * max(1, len(rivals))))
    return found
