"""Building the mail: MIME by Django, with the headers that mailbox providers and persons rely on."""

from __future__ import annotations

from email.utils import formatdate, parseaddr

from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import BadHeaderError

from troth.content.email_template import RenderedEmail
from troth.content.errors import ContentError


def build_mail(
    rendered: RenderedEmail, *, sender: str, recipient: str, message_id: int, list_unsubscribe_url: str | None, date: int
) -> bytes:
    """The mail as bytes. `date` in milliseconds. With `list_unsubscribe_url` it offers one-click unsubscribe (RFC 8058).

    Raises ContentError when a value would break out of its header.
    """
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    headers = {
        "Date": formatdate(date / 1000),
        "Message-ID": f"<{message_id}@{domain}>",
        "Auto-Submitted": "auto-generated",
    }
    if list_unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{list_unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail = EmailMultiAlternatives(rendered.subject, rendered.text, sender, [recipient], headers=headers)
    mail.attach_alternative(rendered.html, "text/html")
    try:
        return mail.message().as_bytes(linesep="\r\n")
    except (BadHeaderError, UnicodeError, ValueError):
        raise ContentError(
            "A header of the mail would contain a line break or cannot be encoded: check subject, sender and address."
        ) from None
