"""Feedback over time: what was told before its message was settled, and what is kept no longer."""

from __future__ import annotations

from django.db import connection, transaction

from troth.kernel.clock import DAY, MINUTE

RETENTION = 400 * DAY
"""How long it is kept that a message was delivered, bounced, or complained of."""
DIAGNOSTIC_RETENTION = 30 * DAY
EARLY = 15 * MINUTE
"""A worker settles what it handed over within this time."""
AT_ONCE = 2_000
_AS_TOLD = {"delivered": "delivered", "hard_bounce": "bounced", "soft_bounce": "bounced", "complaint": "complained"}
_BEFORE = {"delivered": ("sent",), "bounced": ("sent", "delivered"), "complained": ("sent", "delivered", "bounced")}


def settle_early(now: int) -> bool:
    """A provider may tell of a message before the worker that handed it over has settled it: bring those to the state they were told to be in.

    Reads all buckets, from the index of what was noted in the last minutes.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.told, d.bucket, d.person_id, d.message_id FROM messages_deliveryevent d JOIN messages_message m ON m.bucket = d.bucket"
            " AND m.person_id = d.person_id AND m.message_id = d.message_id WHERE d.noted_at > %s AND m.state IN ('sent', 'delivered')"
            " AND ((m.state = 'sent' AND d.told IN ('delivered', 'soft_bounce')) OR d.told IN ('hard_bounce', 'complaint'))"
            " ORDER BY d.noted_at LIMIT %s",
            [now - EARLY, AT_ONCE],
        )
        rows = cursor.fetchall()
        for told, *key in rows:
            state = _AS_TOLD[told]
            marks = ", ".join(["%s"] * len(_BEFORE[state]))
            cursor.execute(
                f"UPDATE messages_message SET state = %s WHERE bucket = %s AND person_id = %s AND message_id = %s AND state IN ({marks})",
                [state, *key, *_BEFORE[state]],
            )
    return False


def forget_old_feedback(now: int) -> bool:
    """Remove events older than the retention, and the words of the receiving side sooner. Reads all buckets, from the index on age."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            # Its index holds what has words only; SQLite takes it where the statement repeats its condition.
            "UPDATE messages_deliveryevent SET diagnostic = '' WHERE noted_at < %s AND NOT (diagnostic = '')",
            [now - DIAGNOSTIC_RETENTION],
        )
        cursor.execute(
            "SELECT bucket, person_id, message_id, event_tag FROM messages_deliveryevent WHERE noted_at < %s ORDER BY noted_at LIMIT %s",
            [now - RETENTION, AT_ONCE],
        )
        rows = cursor.fetchall()
        cursor.executemany(
            "DELETE FROM messages_deliveryevent WHERE bucket = %s AND person_id = %s AND message_id = %s AND event_tag = %s", rows
        )
    return len(rows) == AT_ONCE
