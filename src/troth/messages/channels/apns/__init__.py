"""Apple Push Notification service: push to iPhones, iPads and Macs, over one HTTP/2 connection, with a token key (.p8)."""

from __future__ import annotations

from collections.abc import Mapping

from troth.messages.channels.port import Adapter, Channel, Medium, Setting


def _open(settings: Mapping[str, str]) -> Channel:
    from troth.messages.channels.apns.sending import ApnsChannel

    return ApnsChannel(
        settings["key"], settings["key_id"], settings["team_id"], settings["topic"], is_sandbox=settings["environment"] == "development"
    )


ADAPTERS = (
    Adapter(
        name="apns",
        title="Apple Push Notification service",
        medium=Medium.PUSH,
        settings=(
            Setting(
                name="key",
                label="Key (.p8)",
                help="The file that Apple's developer site makes under Keys, with -----BEGIN PRIVATE KEY-----.",
                secret=True,
                many_lines=True,
            ),
            Setting(name="key_id", label="Key id"),
            Setting(name="team_id", label="Team id"),
            Setting(name="topic", label="Bundle id of the app", help="Such as com.example.app."),
            Setting(name="environment", label="Environment", default="production", choices=("production", "development")),
        ),
        open=_open,
        platforms=lambda settings: ("ios",),
    ),
)
