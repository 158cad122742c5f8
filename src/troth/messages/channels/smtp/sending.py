"""Handing one mail over, step by step, so that after a failure it is known whether the server may have taken it (RFC 5321, section 4.2.5)."""

from __future__ import annotations

import re
import smtplib
import ssl
import threading
from dataclasses import replace
from email.utils import parseaddr

from troth.messages.channels.port import Outgoing, Receipt, Told
from troth.messages.channels.smtp.connection import Server, connect
from troth.messages.channels.statuses import judge_bounce
from troth.messages.errors import ChannelDown, ChannelError

RECIPIENT = "the recipient"
CLOSING = 421
"""The server closes the connection, whatever it was asked (RFC 5321, section 3.8)."""
CHECKED_FOR_S = 10.0
TAKEN = (250, 251, 252)
READY = 354
UNREADABLE = -1
"""What smtplib makes of an answer without a code."""
NOT_LOGGED_IN = frozenset({530, 534, 535, 538})
"""The fault of the configuration, not of the message (RFC 4954, section 6)."""
_LINE_BEGINS_WITH_DOT = re.compile(rb"^\.", re.MULTILINE)
_ENHANCED = re.compile(rb"\A([245]\.\d{1,3}\.\d{1,3})\b")
_QUEUE_ID = re.compile(rb"(?:queued as|id=|Message accepted:|\AOk(?= [0-9a-f]{16}-))\s*<?([\w.-]{4,200})", re.IGNORECASE)
"""How servers name what they took; Amazon SES says nothing but `Ok` before it."""
_BROKEN = (smtplib.SMTPServerDisconnected, OSError)


class SmtpChannel:
    """Hands messages to one SMTP server."""

    name = "smtp"
    begins_itself = True

    def __init__(self, server: Server) -> None:
        self._server = server
        self._kept = threading.local()
        self.address = f"{server.host}:{server.port}"

    def check(self) -> str:
        """Connect, log in, and leave."""
        server = replace(self._server, timeout_s=min(self._server.timeout_s, CHECKED_FOR_S))
        connection = connect(server)
        try:
            protection = connection.sock.version() if isinstance(connection.sock, ssl.SSLSocket) else None
            connection.noop()
        except (smtplib.SMTPException, OSError):
            raise ChannelError("The mail server hung up: try again, or look at its log.", permanent=False) from None
        finally:
            connection.close()
        told = [f"encrypted with {protection}" if protection else "not encrypted", "logged in" if server.user else "without log-in"]
        return f"The mail server answers: {', '.join(told)}."

    def send(self, outgoing: Outgoing) -> Receipt:
        """Hand one mail over: in two turns where the server takes commands in one go (RFC 2920), else in four.

        5xx is permanent, 4xx temporary; a connection that breaks before the data is temporary, one that breaks after they began is doubtful.
        A kept connection that the server has closed meanwhile is replaced at once.
        """
        kept: smtplib.SMTP | None = getattr(self._kept, "connection", None)
        if kept is not None:
            try:
                self._open(kept, outgoing)
            except _Stale:
                self.close()
                kept = None
        if kept is None:
            kept = self._kept.connection = connect(self._server)
            try:
                self._open(kept, outgoing)
            except _Stale:
                self.close()
                raise ChannelDown("The mail server closed the connection: it is tried again.") from None
        return self._deliver(kept, outgoing)

    def close(self) -> None:
        """Drop this thread's connection; the next mail opens another."""
        kept: smtplib.SMTP | None = getattr(self._kept, "connection", None)
        self._kept.connection = None
        if kept is not None:
            kept.close()

    def _open(self, connection: smtplib.SMTP, outgoing: Outgoing) -> None:
        """Everything up to the server's readiness for the data. Raises _Stale when the connection is of no use any more, ChannelError."""
        sender, recipient = _envelope(outgoing)
        if connection.has_extn("pipelining") and (sender + recipient).isascii():
            self._open_in_one_go(connection, sender, recipient)
            return
        self._say_sender(connection, outgoing)
        try:
            code, answer = connection.rcpt(recipient)
            if code not in TAKEN:
                raise self._refuse(connection, RECIPIENT, code, answer)
            code, answer = connection.docmd("DATA")
            if code != READY:
                raise self._refuse(connection, "the message", code, answer)
        except ValueError:
            self.close()
            raise ChannelError("The recipient is not an address: correct it.", permanent=True) from None
        except (*_BROKEN, smtplib.SMTPResponseException) as error:
            raise self._broken(error) from None

    def _open_in_one_go(self, connection: smtplib.SMTP, sender: str, recipient: str) -> None:
        """Sender, recipient and DATA without waiting between them (RFC 2920, section 3.1)."""
        body = " BODY=8BITMIME" if connection.has_extn("8bitmime") else ""
        try:
            connection.send(f"MAIL FROM:<{sender}>{body}\r\nRCPT TO:<{recipient}>\r\nDATA\r\n")
            first = connection.getreply()
        except (*_BROKEN, smtplib.SMTPResponseException):
            raise _Stale from None
        if first[0] in (CLOSING, UNREADABLE):
            raise _Stale
        try:
            second, third = connection.getreply(), connection.getreply()
            taken = first[0] == 250 and second[0] in TAKEN
            if third[0] == READY and not taken:
                # The server waits for data although nobody is to get them: an empty message ends that, and is refused.
                connection.send(".\r\n")
                connection.getreply()
        except (*_BROKEN, smtplib.SMTPResponseException) as error:
            raise self._broken(error) from None
        for what, good, (code, answer) in (("sender", (250,), first), ("recipient", TAKEN, second), ("message", (READY,), third)):
            if code not in good:
                raise self._refuse(connection, f"the {what}", code, answer)

    def _say_sender(self, connection: smtplib.SMTP, outgoing: Outgoing) -> None:
        """The envelope's sender. Raises _Stale when the connection is of no use any more, ChannelError."""
        sender, recipient = _envelope(outgoing)
        options = ["BODY=8BITMIME"] if connection.has_extn("8bitmime") else []
        if not (sender + recipient).isascii():
            options.append("SMTPUTF8")
        try:
            code, answer = connection.mail(sender, options)
        except smtplib.SMTPNotSupportedError:
            raise ChannelError("The mail server does not take addresses beyond ASCII (no SMTPUTF8).", permanent=True) from None
        except ValueError:
            raise ChannelError("The sender or recipient is not an address: correct it.", permanent=True) from None
        except (*_BROKEN, smtplib.SMTPResponseException):
            raise _Stale from None
        if code == CLOSING:
            raise _Stale
        if code != 250:
            raise self._refuse(connection, "the sender", code, answer)

    def _broken(self, error: Exception) -> ChannelError:
        self.close()
        return ChannelDown(f"The connection to the mail server broke ({type(error).__name__}): it is tried again.")

    def _deliver(self, connection: smtplib.SMTP, outgoing: Outgoing) -> Receipt:
        """The data, after a last look whether they may go."""
        try:
            outgoing.begin()
        except BaseException:
            self.close()  # in the middle of a message hanging up is the only way back; the server keeps nothing (RFC 5321, section 4.1.1.10)
            raise
        try:
            connection.send(_as_data(outgoing.mail))
            code, answer = connection.getreply()
            if code == UNREADABLE:
                raise smtplib.SMTPServerDisconnected
        except (*_BROKEN, smtplib.SMTPResponseException) as error:
            self.close()
            text = f"The connection broke while the mail server took the message ({type(error).__name__}): it may have been accepted."
            raise ChannelError(text, permanent=False, doubtful=True) from None
        if code != 250:
            raise self._refuse(connection, "the message", code, answer)
        queue_id = _QUEUE_ID.search(answer)
        return Receipt(provider_id=queue_id[1].decode("ascii", "replace") if queue_id else "", detail=_short(code, answer))

    def _refuse(self, connection: smtplib.SMTP, what: str, code: int, answer: bytes) -> ChannelError:
        """Make the connection fit for the next message; what the server said in words may contain an address and is left out."""
        try:
            usable = code not in (CLOSING, UNREADABLE) and connection.rset()[0] == 250
        except (*_BROKEN, smtplib.SMTPResponseException):
            usable = False
        if not usable:
            self.close()
        permanent, said = 500 <= code < 600 and code not in NOT_LOGGED_IN, _short(code, answer)
        gone = permanent and what == RECIPIENT and judge_bounce(said) is Told.HARD_BOUNCE
        return ChannelError(f"The mail server refused {what} ({said}).", permanent=permanent, gone=gone)


class _Stale(Exception):
    """The connection is of no use any more; nothing was handed over on it."""


def _envelope(outgoing: Outgoing) -> tuple[str, str]:
    """Sender and recipient as SMTP wants them. Raises ChannelError."""
    return _address(outgoing.envelope_sender or outgoing.sender), _address(outgoing.recipient)


def _address(text: str) -> str:
    """The bare address, its domain in ASCII."""
    local, at, domain = parseaddr(text)[1].rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        domain = ""
    if not (local and at and domain) or "\r" in text or "\n" in text:
        raise ChannelError("The sender or recipient is not an address: correct it.", permanent=True)
    return f"{local}@{domain}"


def _as_data(mail: bytes) -> bytes:
    """The mail with dots doubled and its end marked (RFC 5321, section 4.5.2)."""
    return _LINE_BEGINS_WITH_DOT.sub(b"..", mail) + (b".\r\n" if mail.endswith(b"\r\n") else b"\r\n.\r\n")


def _short(code: int, answer: bytes) -> str:
    """The codes of an answer, without its words."""
    enhanced = _ENHANCED.match(answer)
    return f"{code} {enhanced[1].decode()}" if enhanced else str(code)
