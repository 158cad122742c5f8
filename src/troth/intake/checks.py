"""Whether accepted events are folded into history in time."""

from __future__ import annotations

from django.db import connection

from troth.kernel.checks import count_some, tell_count
from troth.kernel.clock import MINUTE, SECOND

LONGEST_INBOX = MINUTE


def check_inbox(now: int) -> tuple[bool, str]:
    """Trouble when the event that has waited longest came more than a minute ago. Reads all buckets, from the index on arrival."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT received_at FROM intake_inboxitem ORDER BY item_id LIMIT 1")
        oldest = cursor.fetchone()
    if oldest is None:
        return True, "empty"
    age = max(0, now - oldest[0]) // SECOND
    ok = age * SECOND <= LONGEST_INBOX
    told = f"{tell_count(count_some('FROM intake_inboxitem', []))} events, the oldest {age} s old"
    return ok, told if ok else f"{told}: is the worker running? `troth serve` starts it"
