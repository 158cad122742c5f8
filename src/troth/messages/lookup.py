"""One message by its id."""

from __future__ import annotations

from troth.messages.models import Message


def find_message(workspace_id: int, message_id: int) -> Message | None:
    """A message of a workspace, whoever it is about: over all buckets, by the index on ids. None when there is none."""
    return Message.objects.filter(workspace_id=workspace_id, message_id=message_id).first() if 0 < message_id < 2**63 else None
