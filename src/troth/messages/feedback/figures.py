"""How often what was told of a workspace's messages."""

from __future__ import annotations

from django.db import connection

from troth.messages.models import DeliveryEvent, Message


def count_told(workspace_id: int, since: int, until: int) -> dict[str, int]:
    """What was told, by its kind, from `since` until before `until` (milliseconds). Reads all buckets, from the index of what was told."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT told, COUNT(*) FROM messages_deliveryevent WHERE workspace_id = %s AND at >= %s AND at < %s GROUP BY told",
            [workspace_id, since, until],
        )
        found: list[tuple[str, int]] = cursor.fetchall()
    return dict(found)


def list_told(message: Message) -> list[DeliveryEvent]:
    """All that was told of one message, the oldest first."""
    own = DeliveryEvent.objects.filter(bucket=message.bucket, person_id=message.person_id, message_id=message.message_id)
    return list(own.order_by("at"))
