"""Mail to members, through the installation's mail server, whatever a workspace sends. It carries nothing about the persons of a workspace."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid, parseaddr

import structlog
from django.conf import settings

from troth.kernel.ids import new_row_id
from troth.messages.channels import Outgoing, channel_from_url
from troth.messages.errors import ChannelError

log = structlog.get_logger()


def can_mail() -> bool:
    """Whether this installation has a mail server."""
    return bool(settings.TROTH_EMAIL_URL)


def write_member_mail(recipient: str, subject: str, text: str, now: int) -> Outgoing:
    """One mail, ready to be handed over. `now` in milliseconds."""
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = " ".join(subject.split())
    mail["From"] = settings.TROTH_SENDER
    mail["To"] = recipient
    mail["Date"] = format_datetime(datetime.fromtimestamp(now / 1000, UTC))
    mail["Message-ID"] = make_msgid(domain=parseaddr(settings.TROTH_SENDER)[1].rpartition("@")[2] or "localhost")
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    return Outgoing(message_id=new_row_id(), sender=settings.TROTH_SENDER, recipient=recipient, mail=mail.as_bytes())


def send_member_mail(outgoing: Outgoing) -> None:
    """Hand it over. Raises ChannelError."""
    channel_from_url(settings.TROTH_EMAIL_URL).send(outgoing)


def mail_each(mails: Iterable[tuple[str, str, str]], now: int) -> int:
    """Mail several (recipient, subject, text); returns how many went. Raises ChannelError or OSError when none did.

    An address that is refused keeps the others from nothing, and nobody gets the mail again for its sake: who mails again mails all.
    """
    sent, failure = 0, None
    for recipient, subject, text in mails:
        try:
            send_member_mail(write_member_mail(recipient, subject, text, now))
        except (ChannelError, OSError) as error:
            failure = error
            log.warning("member_not_mailed", error=type(error).__name__)
        else:
            sent += 1
    if failure is not None and not sent:
        raise failure
    return sent
