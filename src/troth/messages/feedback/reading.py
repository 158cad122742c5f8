"""A callback of a provider, read by its channel's adapter and noted."""

from __future__ import annotations

from troth.messages.channels import find_adapter
from troth.messages.channels.port import Callback
from troth.messages.configured import settings_of
from troth.messages.errors import CallbackRefused
from troth.messages.feedback.noting import Heard, note_feedback
from troth.messages.models import ConfiguredChannel


def hear(row: ConfiguredChannel, callback: Callback, now: int) -> Heard:
    """Note what a provider tells; `now` in milliseconds. Raises CallbackRefused when it is not the provider's, or is not understood."""
    adapter = find_adapter(row.adapter)
    if adapter.parse_feedback is None:
        raise CallbackRefused(f"{adapter.title} has nothing to tell: remove this address there.")
    told = adapter.parse_feedback(settings_of(row), callback)
    heard = note_feedback(row.workspace_id, adapter.medium, told, provider=adapter.name, hears_engagement=row.hears_engagement, now=now)
    ConfiguredChannel.objects.filter(pk=row.pk).update(heard_at=now)
    return heard
