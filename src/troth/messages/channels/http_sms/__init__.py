"""SMS through any provider that takes JSON over HTTP: one POST a message."""

from __future__ import annotations

from collections.abc import Mapping

from troth.messages.channels.port import Adapter, Channel, Medium, Setting


def _open(settings: Mapping[str, str]) -> Channel:
    from troth.messages.channels.http_sms.sending import HttpSmsChannel

    return HttpSmsChannel(settings["url"], settings["authorization"], settings["sender"])


ADAPTERS = (
    Adapter(
        name="http_sms",
        title="SMS by HTTP",
        medium=Medium.SMS,
        settings=(
            Setting(name="url", label="Address", help='Gets a POST of {"to", "from", "text", "id"} for each message, and answers 2xx.'),
            Setting(
                name="authorization",
                label="Authorization",
                help="The whole value of that header, such as Bearer 123.",
                secret=True,
                required=False,
            ),
            Setting(name="sender", label="From", help="A number or a sender name.", required=False),
        ),
        open=_open,
    ),
)
