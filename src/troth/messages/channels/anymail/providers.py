"""Which providers there are, and what each has to be told. Their libraries are loaded when one is used."""

from __future__ import annotations

from dataclasses import dataclass

from troth.messages.channels.port import Setting


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A provider of anymail's, and how its words for our settings are."""

    module: str
    title: str
    settings: tuple[Setting, ...]
    api_settings: tuple[str, ...]
    """Handed to its backend."""
    hook_settings: tuple[str, ...] = ()
    """Handed to its reader of callbacks, for checking the provider's signature."""
    view: str = ""
    """The class that reads its callbacks; empty: it has none."""
    carries_metadata: bool = True
    """Whether it gives our own id of a message back; else the message is found by the provider's id and the address."""
    needs_hook_url: bool = False
    """Whether its signature covers the address it calls."""


def _key(name: str, label: str, help_text: str = "", *, required: bool = True) -> Setting:
    return Setting(name=name, label=label, help=help_text, secret=True, required=required)


_SIGNATURE = "Checks that callbacks are really the provider's. Without it they are let in by their secret address alone."
_API_URL = Setting(
    name="api_url",
    label="Address of the API",
    help="Empty: the provider's usual one. Mailgun's in the EU is https://api.eu.mailgun.net/v3.",
    required=False,
)

PROVIDERS = (
    Provider(
        module="brevo", title="Brevo", settings=(_key("api_key", "API key"), _API_URL), api_settings=("api_key", "api_url"), view="Brevo"
    ),
    Provider(
        module="mailersend",
        title="MailerSend",
        settings=(_key("api_token", "API token"), _key("signing_secret", "Signing secret of the webhook", _SIGNATURE), _API_URL),
        api_settings=("api_token", "api_url"),
        hook_settings=("signing_secret",),
        view="MailerSend",
        carries_metadata=False,
    ),
    Provider(
        module="mailgun",
        title="Mailgun",
        settings=(
            _key("api_key", "API key"),
            _key("webhook_signing_key", "HTTP webhook signing key", _SIGNATURE),
            Setting(name="sender_domain", label="Sending domain", help="Empty: the domain of the sender.", required=False),
            _API_URL,
        ),
        api_settings=("api_key", "sender_domain", "api_url"),
        hook_settings=("webhook_signing_key",),
        view="Mailgun",
    ),
    Provider(
        module="mailjet",
        title="Mailjet",
        settings=(_key("api_key", "API key"), _key("secret_key", "Secret key"), _API_URL),
        api_settings=("api_key", "secret_key", "api_url"),
        view="Mailjet",
    ),
    Provider(
        module="mailtrap",
        title="Mailtrap",
        settings=(
            _key("api_token", "API token"),
            _key("tracking_secret", "Signing secret of the webhook", _SIGNATURE, required=False),
            _API_URL,
        ),
        api_settings=("api_token", "api_url"),
        hook_settings=("tracking_secret",),
        view="Mailtrap",
    ),
    Provider(
        module="mandrill",
        title="Mandrill (Mailchimp Transactional)",
        settings=(_key("api_key", "API key"), _key("webhook_key", "Key of the webhook", _SIGNATURE), _API_URL),
        api_settings=("api_key", "api_url"),
        hook_settings=("webhook_key",),
        view="MandrillCombined",
        needs_hook_url=True,
    ),
    Provider(
        module="postal",
        title="Postal",
        settings=(
            _key("api_key", "API key"),
            _key("webhook_key", "Public key of the webhook", _SIGNATURE),
            Setting(name="api_url", label="Address of your Postal server"),
        ),
        api_settings=("api_key", "api_url"),
        hook_settings=("webhook_key",),
        view="Postal",
        carries_metadata=False,
    ),
    Provider(
        module="postmark",
        title="Postmark",
        settings=(
            _key("server_token", "Server API token"),
            Setting(name="message_stream", label="Message stream", help="Empty: the transactional one.", required=False),
            _API_URL,
        ),
        api_settings=("server_token", "message_stream", "api_url"),
        view="Postmark",
    ),
    Provider(
        module="resend", title="Resend", settings=(_key("api_key", "API key"), _API_URL), api_settings=("api_key", "api_url"), view="Resend"
    ),
    Provider(
        module="scaleway",
        title="Scaleway",
        settings=(_key("secret_key", "Secret key"), Setting(name="project_id", label="Project id"), _API_URL),
        api_settings=("secret_key", "project_id", "api_url"),
    ),
    Provider(
        module="sendgrid",
        title="SendGrid",
        settings=(
            _key("api_key", "API key"),
            _key("tracking_webhook_verification_key", "Verification key of the event webhook", _SIGNATURE, required=False),
            _API_URL,
        ),
        api_settings=("api_key", "api_url"),
        hook_settings=("tracking_webhook_verification_key",),
        view="SendGrid",
    ),
    Provider(
        module="sparkpost",
        title="SparkPost",
        settings=(_key("api_key", "API key"), _API_URL),
        api_settings=("api_key", "api_url"),
        view="SparkPost",
    ),
    Provider(
        module="unisender_go",
        title="Unisender Go",
        settings=(_key("api_key", "API key"), Setting(name="api_url", label="Address of the API")),
        api_settings=("api_key", "api_url"),
        hook_settings=("api_key",),
        view="UnisenderGo",
    ),
)
