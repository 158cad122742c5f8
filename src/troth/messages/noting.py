"""What one process has seen fetched and not yet noted. Nobody waits for it: a picture and the way to a link's goal do not depend on the database."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import structlog
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, close_old_connections

from troth.messages.fetches import Fetch, SharedFetch, note_fetches

log = structlog.get_logger()
AT_ONCE = 500
"""In one transaction, so that others get their turn."""
MOST = 20_000
"""That wait; what comes on top while the database cannot keep up is not noted, and the log tells how many."""


class Noting:
    """All but `write` belongs to the event loop. `later` has a function run soon in the thread that may write.

    A process that stops cleanly notes all it has seen; of one that is killed, what it saw in the last moment is lost.
    """

    def __init__(self, later: Callable[[Callable[[], None]], None]) -> None:
        self._later = later
        self._waiting: deque[Fetch | SharedFetch] = deque()
        self._left_out = 0
        self._is_scheduled = False

    def note(self, fetch: Fetch | SharedFetch) -> None:
        """Have something noted soon."""
        if len(self._waiting) < MOST:
            self._waiting.append(fetch)
        else:
            self._left_out += 1
        self._schedule()

    def retry(self) -> None:
        """Try again what could not be written; once a second, and once more before the writing thread ends."""
        if self._left_out:
            log.error("fetches_not_noted", number=self._left_out)
            self._left_out = 0
        if self._waiting:
            self._schedule()

    def end(self) -> None:
        """After the writing thread has ended: tell what could not be written."""
        if lost := len(self._waiting) + self._left_out:
            log.error("fetches_not_noted", number=lost)

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self._later(self.write)

    def write(self) -> None:
        """Note the first of what waits; in the writing thread."""
        self._is_scheduled = False
        batch = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
        try:
            note_fetches(batch)
        except (OperationalError, InterfaceError) as error:
            # The database is away or busy: it is tried again, in the order in which it happened.
            self._waiting.extendleft(reversed(batch))
            log.warning("fetches_wait", error=type(error).__name__, number=len(self._waiting))
            close_old_connections()
            return
        except DatabaseError:
            for fetch in batch:
                _note_alone(fetch)
        if self._waiting:
            self._schedule()


def _note_alone(fetch: Fetch | SharedFetch) -> None:
    """What the database refuses must not take the others along."""
    try:
        note_fetches([fetch])
    except DatabaseError as error:
        log.error("fetches_not_noted", error=type(error).__name__, number=1)
