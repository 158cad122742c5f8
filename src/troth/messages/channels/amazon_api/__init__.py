"""Amazon SES by its API, version 2: for accounts that have access keys and no SMTP user, and where port 587 is closed."""

from __future__ import annotations

from collections.abc import Mapping

from troth.messages.channels.amazon import FURTHER, REGION
from troth.messages.channels.amazon_events import parse_callback
from troth.messages.channels.port import Adapter, Channel, Medium, Setting


def _open(settings: Mapping[str, str]) -> Channel:
    from troth.messages.channels.amazon_api.sending import open_api

    return open_api(settings)


ADAPTERS = (
    Adapter(
        name="amazon_ses_api",
        title="Amazon SES (API)",
        medium=Medium.EMAIL,
        settings=(
            REGION,
            Setting(name="access_key_id", label="Access key", help="Of a user who may do ses:SendEmail and ses:GetAccount."),
            Setting(name="secret_access_key", label="Secret access key", secret=True),
            *FURTHER,
            Setting(name="api_url", label="Address of the API", help="Empty: Amazon's in the region.", required=False),
        ),
        open=_open,
        parse_feedback=parse_callback,
    ),
)
