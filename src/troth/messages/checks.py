"""Whether due messages leave in time."""

from __future__ import annotations

from troth.kernel.checks import count_some, tell_count
from troth.kernel.clock import MINUTE, iso
from troth.messages.queue import WAITING, find_oldest_due

LONGEST_DUE = 5 * MINUTE


def check_messages(now: int) -> tuple[bool, str]:
    """Trouble when a message is due for more than five minutes. Reads all buckets, from the indexes of what is due and of states."""
    due = count_some(
        f"FROM messages_message WHERE state = 'queued' AND due_at <= %s AND is_marketing IN (%s, %s) AND {WAITING}", [now, False, True]
    )
    # By workspace, because that is how the index of states begins.
    doubtful = count_some(
        "FROM workspaces_workspace w CROSS JOIN messages_message m WHERE m.workspace_id = w.id AND m.state = 'unknown'", []
    )
    told = f"{tell_count(due)} due, {tell_count(doubtful)} doubtful (handed over, answer lost)"
    if not due:
        return True, told
    oldest = find_oldest_due()
    if oldest is None or now - oldest <= LONGEST_DUE:
        return True, told
    return False, f"{told}; the oldest is due since {iso(oldest)}: check TROTH_EMAIL_URL and the worker"
