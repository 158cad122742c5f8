"""What `troth doctor` asks about segments."""

from __future__ import annotations

from troth.kernel.checks import count_some, tell_count
from troth.kernel.clock import MINUTE, SECOND
from troth.segments.looking import oldest_mark
from troth.segments.models import Progress

STUCK = MINUTE
"""How long a change may wait, and a computation be due, before somebody should look."""


def check_segments(now: int) -> tuple[bool, str]:
    """Whether memberships keep up with what changes."""
    oldest = oldest_mark()
    behind = max(0, now - oldest) if oldest is not None else 0
    waiting = count_some("FROM segments_mark", [])
    overdue = Progress.objects.filter(due_at__lt=now - STUCK, started_at=None).count()
    failed = Progress.objects.exclude(failure="").count()
    if failed:
        return False, f"{failed:,} segments cannot be computed: look for segment_failed in the log, and change or archive them"
    if behind > STUCK:
        return False, f"{tell_count(waiting)} changes wait, the oldest for {behind // SECOND:,} s: is the worker running?"
    if overdue:
        return False, f"{overdue:,} segments wait to be computed for more than a minute: is the worker running?"
    return True, f"{tell_count(waiting)} changes wait" + (f", the oldest for {behind / SECOND:.1f} s" if waiting else "")
