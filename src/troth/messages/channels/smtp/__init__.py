"""SMTP, one kept connection per thread.

URLs: `smtp://[user:password@]host[:port]` (STARTTLS when the server offers it), `smtp+tls://…` (STARTTLS required), `smtps://…` (TLS from the
start), `smtp+plain://…` (never TLS, for a relay on the same machine).
"""

from __future__ import annotations

import smtplib
import ssl
import threading
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from troth.messages.channels.port import Outgoing, Receipt
from troth.messages.errors import ChannelError, ChannelUnknown

SCHEMES = {"smtp": 25, "smtp+plain": 25, "smtp+tls": 587, "smtps": 465}
TIMEOUT_SECONDS = 30
PERMANENT = 500


def is_smtp_url(url: str) -> bool:
    """Whether a URL is one of ours. Raises ChannelUnknown for any other."""
    if urlsplit(url).scheme not in SCHEMES:
        raise ChannelUnknown(f"TROTH_EMAIL_URL must begin with one of {', '.join(f'{scheme}://' for scheme in SCHEMES)}.")
    return True


class SmtpChannel:
    """Hands messages to one SMTP server."""

    name = "smtp"

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._scheme = parts.scheme
        self._host = parts.hostname or "localhost"
        self._port = parts.port or SCHEMES[parts.scheme]
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._kept = threading.local()

    def send(self, outgoing: Outgoing) -> Receipt:
        """Hand one mail over. 4xx and lost connections before DATA are temporary, 5xx permanent, a connection lost after DATA doubtful."""
        server = self._connection()
        sender = parseaddr(outgoing.sender)[1]
        try:
            _expect(server, server.mail(sender), 250)
            _expect(server, server.rcpt(outgoing.recipient), 250, 251)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise ChannelError(f"The SMTP server went away ({type(error).__name__}): it is tried again.", permanent=False) from None
        try:
            code, reply = server.data(outgoing.mail)
        except smtplib.SMTPDataError as error:
            self._reset(server)
            raise _refused(error.smtp_code) from None
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            message = f"The connection broke while the mail was handed over ({type(error).__name__}): it may have been accepted."
            raise ChannelError(message, permanent=False, doubtful=True) from None
        if code != 250:
            self._reset(server)
            raise _refused(code)
        return Receipt(provider_id=reply.decode("ascii", "replace")[:200])

    def _connection(self) -> smtplib.SMTP:
        """The thread's connection; one that fell asleep is replaced."""
        server: smtplib.SMTP | None = getattr(self._kept, "server", None)
        if server is not None:
            try:
                if server.noop()[0] == 250:
                    return server
            except (smtplib.SMTPException, OSError):
                pass
            self._drop()
        try:
            server = self._connect()
        except smtplib.SMTPAuthenticationError:
            raise ChannelError("The SMTP server refused the password: check TROTH_EMAIL_URL.", permanent=False) from None
        except (smtplib.SMTPException, OSError) as error:
            raise ChannelError(
                f"The SMTP server cannot be reached ({type(error).__name__}): check TROTH_EMAIL_URL.", permanent=False
            ) from None
        self._kept.server = server
        return server

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_SECONDS)
        server.ehlo()
        if self._scheme == "smtp+tls" or (self._scheme == "smtp" and server.has_extn("starttls")):
            server.starttls(context=context)
            server.ehlo()
        if self._user:
            server.login(self._user, self._password)
        return server

    def _drop(self) -> None:
        server: smtplib.SMTP | None = getattr(self._kept, "server", None)
        self._kept.server = None
        if server is not None:
            server.close()

    def _reset(self, server: smtplib.SMTP) -> None:
        try:
            server.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()


def _expect(server: smtplib.SMTP, answer: tuple[int, bytes], *codes: int) -> None:
    if answer[0] not in codes:
        server.rset()
        raise _refused(answer[0])


def _refused(code: int) -> ChannelError:
    return ChannelError(f"The SMTP server answered {code}.", permanent=code >= PERMANENT)
