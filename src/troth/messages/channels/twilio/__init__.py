"""Twilio: SMS over its REST API, with what becomes of each told back, and STOP heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from troth.messages.channels.port import Adapter, Callback, Channel, Feedback, Medium, Setting


def _open(settings: Mapping[str, str]) -> Channel:
    from troth.messages.channels.twilio.sending import TwilioChannel

    return TwilioChannel(settings["account_sid"], settings["auth_token"], settings["sender"], settings["api_url"])


def _parse(settings: Mapping[str, str], callback: Callback) -> Sequence[Feedback]:
    from troth.messages.channels.twilio.callbacks import parse_callback

    return parse_callback(settings["auth_token"], callback)


ADAPTERS = (
    Adapter(
        name="twilio",
        title="Twilio",
        medium=Medium.SMS,
        settings=(
            Setting(name="account_sid", label="Account SID", help="Begins with AC."),
            Setting(name="auth_token", label="Auth token", secret=True),
            Setting(name="sender", label="From", help="A number such as +15550100, a sender name, or a messaging service (MG…)."),
            Setting(name="api_url", label="Address of the API", default="https://api.twilio.com"),
        ),
        open=_open,
        parse_feedback=_parse,
    ),
)
