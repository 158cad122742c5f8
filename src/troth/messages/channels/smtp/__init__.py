"""SMTP: hands mails to one server, over one kept connection per thread.

URLs:

- `smtp://[user:password@]host[:port]`: STARTTLS when the server offers it; default port 25
- `smtp+tls://…`: STARTTLS required; default port 587
- `smtps://…`: TLS from the start; default port 465
- `smtp+plain://…`: never TLS, for a relay on the same machine or network; default port 25

Options: `?timeout=30` (seconds), `?verify=no` (do not check the server's certificate). Special characters in the user name and password are
percent-encoded. A password is never sent in clear over a network, unless the scheme is `smtp+plain`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from troth.messages.channels.amazon import FURTHER, REGION
from troth.messages.channels.amazon_events import parse_callback
from troth.messages.channels.port import Adapter, Channel, Medium, Setting
from troth.messages.channels.smtp.amazon import open_amazon
from troth.messages.channels.smtp.connection import Security, Server
from troth.messages.channels.smtp.sending import SmtpChannel
from troth.messages.errors import ChannelUnknown


@dataclass(frozen=True)
class _Scheme:
    port: int
    security: Security


_SCHEMES = {
    "smtp": _Scheme(25, Security.WHERE_OFFERED),
    "smtp+tls": _Scheme(587, Security.STARTTLS),
    "smtps": _Scheme(465, Security.TLS),
    "smtp+plain": _Scheme(25, Security.NONE),
}
SCHEMES = tuple(_SCHEMES)
TIMEOUT_S = 30.0


def open_channel(url: str) -> Channel:
    """A channel for an SMTP URL; it connects when it first sends. Raises ChannelUnknown, without repeating the URL: it holds a password."""
    return SmtpChannel(server_from_url(url))


_SECURITY = {
    "TLS": _SCHEMES["smtps"],
    "STARTTLS": _SCHEMES["smtp+tls"],
    "STARTTLS where offered": _SCHEMES["smtp"],
    "none": _SCHEMES["smtp+plain"],
}


def _open_configured(settings: Mapping[str, str]) -> Channel:
    scheme = _SECURITY[settings["security"]]
    try:
        port = int(settings["port"] or scheme.port)
    except ValueError:
        raise ChannelUnknown("The port is a number: correct it, or leave it empty.") from None
    if not settings["host"].isascii() or any(character in settings["host"] for character in " /@:"):
        raise ChannelUnknown("The server is a host name such as mail.example.com: correct it.")
    return SmtpChannel(
        Server(
            host=settings["host"],
            port=port,
            user=settings["user"],
            password=settings["password"],
            security=scheme.security,
            verify=True,
            timeout_s=TIMEOUT_S,
            is_outside=True,
        )
    )


def _open_amazon(settings: Mapping[str, str]) -> Channel:
    return open_amazon(settings, TIMEOUT_S)


ADAPTERS = (
    Adapter(
        name="smtp",
        title="SMTP",
        medium=Medium.EMAIL,
        settings=(
            Setting(name="host", label="Server", help="Such as mail.example.com."),
            Setting(name="security", label="Encryption", default="STARTTLS", choices=tuple(_SECURITY)),
            Setting(name="port", label="Port", help="Empty: 465 for TLS, 587 for STARTTLS, else 25.", required=False),
            Setting(name="user", label="User name", required=False),
            Setting(name="password", label="Password", secret=True, required=False),
        ),
        open=_open_configured,
    ),
    Adapter(
        name="amazon_ses",
        title="Amazon SES",
        medium=Medium.EMAIL,
        settings=(
            REGION,
            Setting(name="user", label="SMTP user name", help="Made under SMTP settings in the console of SES; no access key."),
            Setting(name="password", label="SMTP password", secret=True),
            *FURTHER,
        ),
        open=_open_amazon,
        parse_feedback=parse_callback,
    ),
)


def server_from_url(url: str) -> Server:
    """What a URL says about a server. Raises ChannelUnknown."""
    parts = urlsplit(url)
    scheme = _SCHEMES[parts.scheme]
    options = parse_qs(parts.query, keep_blank_values=True)
    try:
        port = parts.port or scheme.port
        timeout = float(options.pop("timeout", [str(TIMEOUT_S)])[-1])
    except ValueError:
        raise ChannelUnknown("The port and timeout of an SMTP URL are numbers: correct it, and percent-encode the password.") from None
    verify = options.pop("verify", ["yes"])[-1]
    if not parts.hostname or options or verify not in ("yes", "no") or timeout <= 0:
        raise ChannelUnknown("An SMTP URL is smtp://user:password@host:port, with the options timeout=SECONDS and verify=no: correct it.")
    return Server(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        security=scheme.security,
        verify=verify == "yes",
        timeout_s=timeout,
    )
