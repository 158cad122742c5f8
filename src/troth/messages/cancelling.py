"""Taking back what has not left yet, and saying how much of a source that was (row D12)."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection, transaction

from troth.messages.controls import CANCELLED, stop_sending
from troth.messages.queue import MOVED
from troth.messages.reconciling import reconcile


class Recalled(NamedTuple):
    """What cancelling a source reached."""

    cancelled: int
    """Messages that will not go any more."""
    leaving: int
    """Messages that a sender holds at this moment: most are stopped at the last look, some were too far."""
    gone: int
    """Messages that had been handed over."""


def cancel_source(workspace_id: int, source: str, *, now: int, by: str) -> Recalled:
    """Stop a source for good: what waits is cancelled, and senders cancel what they hold at their last look. `now` in milliseconds."""
    stop_sending(workspace_id, source, now=now, by=by, why=CANCELLED)
    cancelled = sum(_cancel(workspace_id, source, state, now) for state in ("queued", "held"))
    found = reconcile(workspace_id, source)
    return Recalled(cancelled=cancelled, leaving=found.sending, gone=found.handed_over)


def _cancel(workspace_id: int, source: str, state: str, now: int) -> int:
    """Batch by batch, from the index of sources."""
    cancelled = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT bucket, person_id, message_id FROM messages_message WHERE workspace_id = %s AND source = %s AND state = %s LIMIT %s",
                [workspace_id, source, state, MOVED],
            )
            rows = cursor.fetchall()
            cursor.executemany(
                f"UPDATE messages_message SET state = 'cancelled', reason = '{CANCELLED}', settled_at = %s, context = '{{}}'"
                " WHERE bucket = %s AND person_id = %s AND message_id = %s AND state = %s",
                [(now, *row, state) for row in rows],
            )
        cancelled += len(rows)
        if len(rows) < MOVED:
            return cancelled
