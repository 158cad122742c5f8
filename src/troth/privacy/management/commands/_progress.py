"""Progress of reading many bytes: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PLAIN_EVERY_SECONDS = 5.0


@contextmanager
def show_progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """Yields `progress(done, total)` in bytes; writes to stderr, so that stdout stays for the answer."""
    if not sys.stderr.isatty():
        yield _plain(title)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _plain(title: str) -> Callable[[int, int], None]:
    told_at = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= PLAIN_EVERY_SECONDS:
            told_at = time.monotonic()
            print(f"{title}: {done * 100 // max(1, total)} % of {total / 1e6:,.0f} MB", file=sys.stderr)

    return tell
