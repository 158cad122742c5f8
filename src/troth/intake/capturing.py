"""From requests at the machines' doors to the captures that Live shows. Nothing of this happens while nobody watches."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

from troth.intake.captures import read_watches, write_captures
from troth.intake.describing import Arrival, describe_arrival
from troth.kernel.clock import SECOND

MOST_A_SECOND = 50
"""Captures per workspace and process; the rest is counted."""


class Capturing:
    """What one process has captured and not yet written. All but `refresh` and `write` belongs to the event loop.

    `later` has a function run soon in the thread that may write.
    """

    def __init__(self, later: Callable[[Callable[[], None]], None]) -> None:
        self.watched: Mapping[int, int] = {}
        """Workspaces that somebody watches; mostly none."""
        self._later = later
        self._pending: deque[tuple[Arrival, Sequence[int]]] = deque()
        self._left_out: deque[tuple[int, int, int]] = deque()
        self._skipped: Counter[tuple[int, int]] = Counter()
        self._spent: dict[int, tuple[int, int]] = {}
        self._is_scheduled = False

    def refresh(self, now: int) -> None:
        """See who watches now."""
        self.watched = read_watches(now)

    def note(self, arrival: Arrival) -> None:
        """Take what came in, as far as this second's allowance goes: of a batch first what was refused."""
        work = arrival.work
        parts = len(work.parts) if work and work.parts else 1
        taken = self._take(arrival.workspace_id, arrival.request.received_at // SECOND, parts)
        if taken < parts:
            self._skipped[arrival.workspace_id, arrival.generation] += parts - taken
        if not taken:
            return
        refused = [entry["index"] for entry in work.refused[:taken]] if work else []
        others = islice((index for index in range(parts) if index not in refused), taken - len(refused))
        self._pending.append((arrival, sorted([*refused, *others])))
        self._schedule()

    def note_skipped(self) -> None:
        """Have it counted what was left out; once a second, however much comes in."""
        if self._skipped:
            self._left_out.extend((*key, number) for key, number in self._skipped.items())
            self._skipped.clear()
            self._schedule()

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self._later(self.write)

    def _take(self, workspace_id: int, second: int, asked: int) -> int:
        last, spent = self._spent.get(workspace_id, (second, 0))
        spent = spent if last == second else 0
        taken = min(asked, MOST_A_SECOND - spent)
        self._spent[workspace_id] = (second, spent + taken)
        return taken

    def write(self) -> None:
        """Write what waits; in the writing thread."""
        self._is_scheduled = False
        rows: dict[tuple[int, int], list[tuple[Any, ...]]] = defaultdict(list)
        skipped: Counter[tuple[int, int]] = Counter()
        while self._pending:
            arrival, indices = self._pending.popleft()
            rows[arrival.workspace_id, arrival.generation] += describe_arrival(arrival, indices)
        while self._left_out:
            workspace_id, generation, number = self._left_out.popleft()
            skipped[workspace_id, generation] += number
        for key in rows.keys() | skipped.keys():
            write_captures(*key, rows[key], skipped[key])
