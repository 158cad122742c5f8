"""Mail to members, through the installation's mail server, whatever a workspace sends. It carries nothing about the persons of a workspace."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid, parseaddr

from django.conf import settings

from troth.kernel.ids import new_row_id
from troth.messages.channels import Outgoing, channel_from_url


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
