"""Building the mail: two texts in MIME, with the headers that mailbox providers and persons rely on.

Its frame is always the same, so it is written here: the general builders spend more time on that than Liquid on the mail (decision 009).

A signature is put on it afterwards (`domains.py`), or by the mail server; it has to cover List-Unsubscribe and List-Unsubscribe-Post (RFC 8058, section 4).
"""

from __future__ import annotations

import re
import secrets
from binascii import b2a_qp
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from email.utils import format_datetime, getaddresses, parseaddr
from functools import lru_cache

from django.core.mail.message import sanitize_address

from troth.content.email_template import RenderedEmail
from troth.messages.errors import MailInvalid

TEST_MARK = "[Test] "
"""Begins the subject of every mail that goes to somebody else than it is about."""
LONGEST_LINE = 990
"""Bytes of a line; RFC 5322 allows 998."""
LONGEST_HEADER = 900
"""Characters of a header that stays on one line: some receivers do not unfold List-Unsubscribe."""
_BREAK = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_FOLD = re.compile(rb"\r\n[ \t]+")
_NO_ADDRESS = "A mail needs an address of its sender and one of its recipient: check both."
_BROKEN_HEADER = "A header of the mail cannot be written: check subject, sender and recipient for line breaks."


def build_mail(
    rendered: RenderedEmail, *, sender: str, recipient: str, message_id: int, list_unsubscribe_url: str | None, date: int
) -> bytes:
    """The mail as bytes with CRLF line ends. `date` in milliseconds; the same message has the same Message-ID however often it is built.

    With `list_unsubscribe_url` it offers one-click unsubscribe (RFC 8058, RFC 2369). Without, it is automatic mail to one person and says so,
    so that no vacation notice answers it (RFC 3834, section 5); responders leave list mail alone by its List- header.
    Raises MailInvalid when a value would break out of its header.
    """
    if not all(_is_one_line(value) for value in (rendered.subject, sender, recipient)):
        raise MailInvalid(_BROKEN_HEADER)
    if not parseaddr(recipient)[1]:
        raise MailInvalid(_NO_ADDRESS)
    from_header, domain = _sender(sender)
    # Nobody can know it beforehand, so no person's data can end a part.
    boundary = f"=_{secrets.token_hex(16)}"
    headers = [
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
        "MIME-Version: 1.0",
        f"Subject: {_subject(rendered.subject)}",
        f"From: {from_header}",
        f"To: {_addresses(recipient)}",
        f"Date: {format_datetime(datetime.fromtimestamp(date / 1000, UTC))}",
        f"Message-ID: <{message_id}@{domain}>",
    ]
    if list_unsubscribe_url:
        headers += [f"List-Unsubscribe: <{_checked(list_unsubscribe_url)}>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"]
    else:
        headers.append("Auto-Submitted: auto-generated")
    between = f"\r\n--{boundary}".encode()
    parts = (_part("plain", rendered.text), _part("html", rendered.html))
    return b"".join(["\r\n".join(headers).encode(), b"\r\n", *(between + part for part in parts), between, b"--\r\n"])


def _part(subtype: str, text: str) -> bytes:
    """A text as a part of the mail, from the line break behind its boundary on (RFC 2045, section 6): 8bit, or quoted-printable for long lines."""
    try:
        data = text.replace("\r\n", "\n").replace("\r", "\n").encode()
    except UnicodeEncodeError:
        raise MailInvalid("The mail holds half a character, which cannot be sent: correct what it is made of.") from None
    encoding = "7bit" if data.isascii() else "8bit"
    if b"\0" in data or max(map(len, data.split(b"\n"))) > LONGEST_LINE:
        data, encoding = b2a_qp(data, istext=True), "quoted-printable"
    head = f'\r\nContent-Type: text/{subtype}; charset="utf-8"\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return head.encode() + data.replace(b"\n", b"\r\n")


def _subject(text: str) -> str:
    """As RFC 2047 has it beyond ASCII, folded."""
    if text.isascii() and len(text) <= LONGEST_HEADER:
        return text
    try:
        return Header(text, "utf-8").encode(linesep="\r\n")
    except (UnicodeEncodeError, HeaderParseError):
        raise MailInvalid(_BROKEN_HEADER) from None


@lru_cache(maxsize=256)
def _sender(text: str) -> tuple[str, str]:
    """The From header and the domain of the Message-ID (RFC 5322, section 3.6.4)."""
    if not parseaddr(text)[1]:
        raise MailInvalid(_NO_ADDRESS)
    return _addresses(text), _domain_of(text)


def _addresses(text: str) -> str:
    """An address as a header has it: the name encoded, the domain in ASCII. Raises MailInvalid."""
    if text.isascii() and len(text) <= LONGEST_HEADER:
        return text
    try:
        return ", ".join(sanitize_address(address, "utf-8") for address in getaddresses([text]))
    except (ValueError, IndexError, AttributeError):
        # The library's errors repeat the value; encoding errors are ValueErrors too.
        raise MailInvalid(_BROKEN_HEADER) from None


def headers_of(mail: bytes) -> list[tuple[str, str]]:
    """The headers of a built mail in their order, decoded, for people to read."""
    head = _FOLD.sub(b" ", mail.partition(b"\r\n\r\n")[0]).decode("ascii", "replace")
    lines = (line.partition(": ") for line in head.split("\r\n"))
    return [(name, str(make_header(decode_header(value))) if "=?" in value else value) for name, _, value in lines]


def _is_one_line(value: str) -> bool:
    """Whether nobody who reads the header breaks its line somewhere."""
    return _BREAK.search(value) is None


def _domain_of(sender: str) -> str:
    """The sender's domain in ASCII, for the Message-ID (RFC 5322, section 3.6.4)."""
    domain = parseaddr(sender)[1].rpartition("@")[2]
    try:
        return domain.encode("idna").decode("ascii") or "localhost"
    except UnicodeError:
        raise MailInvalid("The domain of the sender is not one: correct the sender of the workspace.") from None


def _checked(url: str) -> str:
    """A URL that can stand in angle brackets."""
    if not url.isascii() or not url.isprintable() or any(character in url for character in " <>"):
        raise MailInvalid("The unsubscribe URL contains characters that have to be percent-encoded: correct TROTH_URL.")
    return url
