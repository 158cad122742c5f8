"""Building the mail: MIME by Django, with the headers that mailbox providers and persons rely on.

DKIM is the mail server's business; its signature has to cover List-Unsubscribe and List-Unsubscribe-Post (RFC 8058, section 4).
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from email.generator import BytesGenerator
from email.parser import BytesHeaderParser
from email.policy import compat32, default
from email.utils import format_datetime, parseaddr

from django.core.mail import EmailMultiAlternatives

from troth.content.email_template import RenderedEmail
from troth.messages.errors import MailInvalid

TEST_MARK = "[Test] "
"""Begins the subject of every mail that goes to somebody else than it is about."""
_WHOLE_LINES = compat32.clone(max_line_length=998)
"""Long headers, such as List-Unsubscribe, stay on one line up to the limit of RFC 5322: some receivers do not unfold them."""
_BROKEN_HEADER = "A header of the mail cannot be written: check subject, sender and recipient for line breaks."


def build_mail(
    rendered: RenderedEmail, *, sender: str, recipient: str, message_id: int, list_unsubscribe_url: str | None, date: int
) -> bytes:
    """The mail as bytes with CRLF line ends. `date` in milliseconds; the same message has the same Message-ID however often it is built.

    With `list_unsubscribe_url` it offers one-click unsubscribe (RFC 8058, RFC 2369). Without, it is automatic mail to one person and says so,
    so that no vacation notice answers it (RFC 3834, section 5); responders leave list mail alone by its List- header.
    Raises MailInvalid when a value would break out of its header.
    """
    headers = {
        "Date": format_datetime(datetime.fromtimestamp(date / 1000, UTC)),
        "Message-ID": f"<{message_id}@{_domain_of(sender)}>",
    }
    if list_unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{_checked(list_unsubscribe_url)}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    else:
        headers["Auto-Submitted"] = "auto-generated"
    if not parseaddr(sender)[1] or not parseaddr(recipient)[1]:
        raise MailInvalid("A mail needs an address of its sender and one of its recipient: check both.")
    if not all(_is_one_line(value) for value in (rendered.subject, sender, recipient)):
        raise MailInvalid(_BROKEN_HEADER)
    mail = EmailMultiAlternatives(rendered.subject, rendered.text, sender, [recipient], headers=headers)
    mail.encoding = "utf-8"
    mail.attach_alternative(rendered.html, "text/html")
    written = io.BytesIO()
    try:
        BytesGenerator(written, mangle_from_=False, policy=_WHOLE_LINES).flatten(mail.message(), linesep="\r\n")
    except (ValueError, IndexError, AttributeError):
        # Django refuses line breaks in headers with a ValueError that repeats the value; encoding errors are ValueErrors too.
        raise MailInvalid(_BROKEN_HEADER) from None
    return written.getvalue()


def headers_of(mail: bytes) -> list[tuple[str, str]]:
    """The headers of a built mail in their order, decoded, for people to read."""
    return [(name, str(value)) for name, value in BytesHeaderParser(policy=default).parsebytes(mail).items()]


def _is_one_line(value: str) -> bool:
    """Django refuses line feeds; the library that writes the mail also breaks lines at other separators."""
    return len(value.splitlines()) <= 1 and not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in value)


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
