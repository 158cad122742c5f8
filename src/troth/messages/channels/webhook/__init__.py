"""A webhook as a channel: each message is posted, signed, to one address, for what no other channel reaches."""

from __future__ import annotations

from collections.abc import Mapping

from troth.messages.channels.port import Adapter, Channel, Medium, Setting


def _open(settings: Mapping[str, str]) -> Channel:
    from troth.messages.channels.webhook.sending import WebhookChannel

    return WebhookChannel(settings["url"], settings["secret"])


ADAPTERS = (
    Adapter(
        name="webhook",
        title="Webhook",
        medium=Medium.WEBHOOK,
        settings=(
            Setting(name="url", label="Address", help="Gets a signed POST for each message, and answers 2xx."),
            Setting(
                name="secret",
                label="Secret",
                help="A long random text that the other side knows too; each message is signed with it.",
                secret=True,
            ),
        ),
        open=_open,
    ),
)
