"""The addresses at which providers tell what became of messages: secret, of one channel each, and void as soon as they are renewed."""

from __future__ import annotations

from hmac import compare_digest

from django.conf import settings

from troth.kernel.crypto import derive, keyed_tag
from troth.messages.models import ConfiguredChannel

LABEL = b"channel-hook/v1"
PATH = "hooks"


def hook_url(row: ConfiguredChannel, message_id: int = 0) -> str:
    """The address of a channel's door; of one message, where the provider takes an address with each."""
    tail = f"/{message_id}/{_tag(row, message_id)}" if message_id else ""
    return f"{settings.TROTH_URL}/{PATH}/{row.pk}/{_tag(row)}{tail}"


def find_hooked(channel_id: int, tag: str, message_id: int = 0, message_tag: str = "") -> ConfiguredChannel | None:
    """The channel whose door an address is; None when it is none, or no more."""
    row = ConfiguredChannel.objects.filter(pk=channel_id).first() if 0 < channel_id < 2**63 else None
    if row is None or not tag.isascii() or not message_tag.isascii() or not compare_digest(tag, _tag(row)):
        return None
    return row if not message_id or compare_digest(message_tag, _tag(row, message_id)) else None


def _tag(row: ConfiguredChannel, message_id: int = 0) -> str:
    named = f"{row.workspace_id}\n{row.pk}\n{row.hook_version}\n{message_id}"
    return keyed_tag(derive(LABEL), named.encode())[:16].hex()
