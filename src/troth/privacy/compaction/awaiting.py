"""When the next compaction begins, and when it will be through: for whoever waits for it."""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings

from troth.kernel.clock import DAY, HOUR
from troth.kernel.sql import is_sqlite
from troth.privacy.compaction.running import NOT_SOONER
from troth.privacy.compaction.server import who_looks_back
from troth.privacy.models.compaction import Compaction


class Awaited(NamedTuple):
    """What is waited for. Times in milliseconds."""

    begins_at: int
    """When it begins; when it began, of one that is under way."""
    is_under_way: bool
    is_held_up: bool
    """Whether somebody still reads what was there before, who is waited for first."""
    steps: int
    """Still to be done, of one that is under way."""
    lasts: int
    """How long the last one took; 0: there was none."""

    @property
    def through_at(self) -> int:
        """When it is through, if it takes as long as the last one; 0: nobody can tell."""
        return self.begins_at + self.lasts if self.lasts and not self.is_held_up else 0


def await_compaction(now: int) -> Awaited | None:
    """The compaction that overwrites what is deleted by now; None on SQLite, which overwrites at once."""
    if is_sqlite():
        return None
    ended = Compaction.objects.filter(ended_at__isnull=False).order_by("-started_at").first()
    lasts = ended.ended_at - ended.started_at if ended and ended.ended_at else 0
    run = Compaction.objects.filter(ended_at=None).order_by("started_at").first()
    if run is not None:
        return Awaited(run.started_at, True, bool(who_looks_back(run.horizon)), len(run.steps), lasts)
    return Awaited(next_begin(now, ended.started_at if ended else None, settings.TROTH_COMPACT_HOUR), False, False, 0, lasts)


def next_begin(now: int, last: int | None, hour: int) -> int:
    """The next moment in an hour of the day (UTC) that is not too soon after the last beginning. Pure."""
    earliest = now if last is None else max(now, last + NOT_SOONER)
    tonight = earliest // DAY * DAY + hour * HOUR
    if tonight <= earliest < tonight + HOUR:
        return earliest
    return tonight if earliest < tonight else tonight + DAY
