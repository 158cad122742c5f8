"""Connecting to an SMTP server: TLS as asked for, and the password only where nobody listens."""

from __future__ import annotations

import ipaddress
import smtplib
import ssl
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache

from troth.messages.channels.outside import PrivateTarget, check_peer
from troth.messages.errors import ChannelDown


class Security(Enum):
    """How a connection is protected."""

    NONE = auto()
    WHERE_OFFERED = auto()
    STARTTLS = auto()
    TLS = auto()


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where and how to connect."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    security: Security
    verify: bool
    timeout_s: float
    is_outside: bool = False
    """A workspace named it: it may not lead inside (see `outside.py`)."""


def connect(server: Server) -> smtplib.SMTP:
    """A connection that is ready for mail. Raises ChannelDown: the fault is not the message's."""
    try:
        return _connect(server)
    except ssl.SSLCertVerificationError:
        raise _not_now("The certificate of the mail server is not trusted: correct it, or add verify=no to the URL.") from None
    except smtplib.SMTPAuthenticationError as error:
        raise _not_now(f"The mail server refused user name and password ({error.smtp_code}): correct TROTH_EMAIL_URL.") from None
    except smtplib.SMTPNotSupportedError:
        raise _not_now("The mail server offers no STARTTLS or no log-in: use another scheme in TROTH_EMAIL_URL.") from None
    except smtplib.SMTPResponseException as error:
        raise _not_now(f"The mail server refused the connection ({error.smtp_code}): it is tried again.") from None
    except PrivateTarget:
        raise _not_now("That server is inside this network: use a public one, or name it in TROTH_PRIVATE_TARGETS.") from None
    except (OSError, smtplib.SMTPException) as error:
        raise _not_now(f"The mail server cannot be reached ({type(error).__name__}): check TROTH_EMAIL_URL.") from None
    except ValueError:
        raise _not_now("The user name or password of the mail server has characters that cannot be sent: change it.") from None


def _not_now(message: str) -> ChannelDown:
    return ChannelDown(message)


@lru_cache(maxsize=2)
def _context(verify: bool) -> ssl.SSLContext:
    """Made once: reading the machine's certificates takes longer than handing over a hundred mails."""
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _connect(server: Server) -> smtplib.SMTP:
    if server.security is Security.TLS:
        connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_s, context=_context(server.verify))
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
    try:
        if server.is_outside:
            check_peer(connection.sock)
        connection.ehlo_or_helo_if_needed()
        offered = server.security is Security.WHERE_OFFERED and connection.has_extn("starttls")
        if server.security is Security.STARTTLS or offered:
            connection.starttls(context=_context(server.verify))
            connection.ehlo_or_helo_if_needed()
        if server.user:
            _check_secrecy(connection, server)
            connection.login(server.user, server.password)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_secrecy(connection: smtplib.SMTP, server: Server) -> None:
    if server.security is Security.NONE or connection.sock is None or isinstance(connection.sock, ssl.SSLSocket):
        return
    if not ipaddress.ip_address(connection.sock.getpeername()[0].partition("%")[0]).is_loopback:
        raise _not_now("The mail server offers no TLS, so the password would travel in clear: use smtps:// or smtp+tls://.")
