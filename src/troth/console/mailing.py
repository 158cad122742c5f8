"""Mail to members, through the same mail server as all other mail. It carries nothing about the persons of a workspace."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid, parseaddr

import structlog
from django.conf import settings

from troth.kernel.errors import TrothError
from troth.kernel.ids import new_row_id
from troth.messages.channels import Outgoing, channel_from_url

log = structlog.get_logger()


def can_mail() -> bool:
    """Whether this installation has a mail server; without one, links are shown instead of sent."""
    return bool(settings.TROTH_EMAIL_URL)


def mail_member(recipient: str, subject: str, text: str, now: int) -> None:
    """Hand one mail over beside the request, whose time then does not tell whether the address is known. A failure is logged. `now` in milliseconds."""
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = " ".join(subject.split())
    mail["From"] = settings.TROTH_SENDER
    mail["To"] = recipient
    mail["Date"] = format_datetime(datetime.fromtimestamp(now / 1000, UTC))
    mail["Message-ID"] = make_msgid(domain=parseaddr(settings.TROTH_SENDER)[1].rpartition("@")[2] or "localhost")
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    outgoing = Outgoing(message_id=new_row_id(), sender=settings.TROTH_SENDER, recipient=recipient, mail=mail.as_bytes())
    threading.Thread(target=_hand_over, args=(outgoing,), name="mail-to-member", daemon=True).start()


def _hand_over(outgoing: Outgoing) -> None:
    try:
        channel_from_url(settings.TROTH_EMAIL_URL).send(outgoing)
    except (TrothError, OSError) as error:
        log.error("member_mail_failed", message_id=outgoing.message_id, error=type(error).__name__)
