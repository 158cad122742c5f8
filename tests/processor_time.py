"""How long something takes on the processor, whoever else works on the machine."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable


def least_cpu_seconds(work: Callable[[], object], *, enough: float, attempts: int = 3) -> float:
    """The processor time of the quickest of up to `attempts` runs of `work`; a run that takes less than `enough` is the last.

    A neighbour on the same core and the collector walking over all that other tests left behind slow down one run, seldom all; a cost that
    grows without bound slows down each.
    """
    least = math.inf
    for _ in range(attempts):
        least = min(least, _cpu_seconds(work))
        if least < enough:
            break
    return least


def _cpu_seconds(work: Callable[[], object]) -> float:
    gc.collect()
    gc.disable()
    try:
        begun = time.process_time()
        work()
        return time.process_time() - begun
    finally:
        gc.enable()
