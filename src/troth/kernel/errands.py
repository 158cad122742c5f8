"""Calls that take as long as somebody outside lets them: from threads, so that the worker's duty waits for none, and each with a time limit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Generic, NamedTuple, TypeVar

Errand = TypeVar("Errand")
Answer = TypeVar("Answer")


class _Began(NamedTuple, Generic[Errand]):
    errand: Errand
    until: float


class UnderWay(Generic[Errand, Answer]):
    """What one process has under way; used by one thread of it.

    `most`: at a time, in as many threads, made when they are first needed, called `name`; what takes longer than `longest_s` is given up, and `late`
    stands for its answer.
    """

    def __init__(self, name: str, most: int, longest_s: float, late: Answer) -> None:
        self._name, self._most, self._longest_s, self._late = name, most, longest_s, late
        self._pool: ThreadPoolExecutor | None = None
        self._began: dict[Future[Answer], _Began[Errand]] = {}
        self._given_up: dict[Future[Answer], Errand] = {}
        """A thread cannot be ended from outside: these take up room until they end by themselves."""

    def __len__(self) -> int:
        return len(self._began)

    @property
    def room(self) -> int:
        """How many more may begin."""
        return max(0, self._most - len(list(self.in_threads())))

    def begin(self, errand: Errand, call: Callable[[], Answer]) -> None:
        """Have a thread call; the call never raises and touches no database that this thread uses."""
        self._pool = self._pool or ThreadPoolExecutor(self._most, thread_name_prefix=self._name)
        self._began[self._pool.submit(call)] = _Began(errand, time.monotonic() + self._longest_s)

    def take_done(self) -> Iterator[tuple[Errand, Answer]]:
        """Each that is answered or given up, once."""
        moment = time.monotonic()
        self._given_up = {future: errand for future, errand in self._given_up.items() if not future.done()}
        for future, (errand, until) in list(self._began.items()):
            if future.done():
                del self._began[future]
                yield errand, future.result()
            elif moment > until:
                del self._began[future]
                self._given_up[future] = errand
                yield errand, self._late

    def in_threads(self) -> Iterator[Errand]:
        """All that take up room, those that were given up too."""
        yield from (began.errand for began in self._began.values())
        yield from self._given_up.values()

    def wait(self, seconds: float) -> None:
        """Wait until all is answered that is not given up, or a while: for whoever must see the effects."""
        wait(self._began, timeout=seconds)
