"""Whether who is in a newsletter's segment is known well enough for it to begin (row D11), and what it waits for if not."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection

from troth.campaigns.models import Newsletter, NewsletterState
from troth.kernel.clock import HOUR, MINUTE, iso
from troth.segments.looking import read_freshness
from troth.segments.registry import get_segment


class Wait(NamedTuple):
    """That a newsletter whose time has come waits for its segment."""

    segment: str
    """Its name."""
    through: int | None
    """The segment is computed through then, in milliseconds; None: a definition that nobody was looked at by yet."""
    until: int
    """If it is not fresh enough by then, the newsletter is paused."""

    def __str__(self) -> str:
        known = "has not been computed yet" if self.through is None else f"is computed through {iso(self.through)}"
        return f"The segment “{self.segment}” {known}, which is not fresh enough; it is waited for until {iso(self.until)}."


def find_wait(newsletter: Newsletter, now: int) -> Wait | None:
    """What a newsletter whose time has come waits for; None: nothing, it can begin. `now` in milliseconds.

    A segment that was made or changed a moment ago is always waited for: who is in it is not known yet. One that lags behind is waited for where the
    newsletter demands it, with all that was accepted and is not looked at yet, in the inbox as well.
    """
    if newsletter.state != NewsletterState.SCHEDULED or newsletter.next_at is None or newsletter.next_at > now:
        return None
    return find_lag(newsletter, newsletter.next_at, now)


def find_lag(newsletter: Newsletter, begins: int, now: int) -> Wait | None:
    """What it would wait for now if its time was `begins`, whatever its state; None: nothing."""
    if newsletter.segment_id is None:
        return None
    segment = get_segment(newsletter.workspace_id, newsletter.segment_id)
    until = begins + newsletter.expires_hours * HOUR
    if segment.progress.computed_version < segment.version:
        return Wait(segment.name, None, until)
    if newsletter.fresh_minutes is None:
        return None
    through = read_freshness(segment, now).through
    waiting = _oldest_in_inbox()
    known = min(through, waiting) if through is not None and waiting is not None else through
    is_fresh = known is not None and now - known <= newsletter.fresh_minutes * MINUTE
    return None if is_fresh else Wait(segment.name, known, until)


def _oldest_in_inbox() -> int | None:
    """When the oldest event came that no history has yet. The first row of the inbox, over all buckets."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT received_at FROM intake_inboxitem ORDER BY item_id LIMIT 1")
        row = cursor.fetchone()
    return int(row[0]) if row else None
