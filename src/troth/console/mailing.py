"""Mail to members beside a request, whose time then does not tell whether an address is known."""

from __future__ import annotations

import threading

import structlog

from troth.kernel.errors import TrothError
from troth.messages.channels import Outgoing
from troth.messages.member_mail import can_mail, send_member_mail, write_member_mail

__all__ = ["can_mail", "mail_member"]
log = structlog.get_logger()


def mail_member(recipient: str, subject: str, text: str, now: int) -> None:
    """Hand one mail over in a thread of its own. A failure is logged. `now` in milliseconds."""
    outgoing = write_member_mail(recipient, subject, text, now)
    threading.Thread(target=_hand_over, args=(outgoing,), name="mail-to-member", daemon=True).start()


def _hand_over(outgoing: Outgoing) -> None:
    try:
        send_member_mail(outgoing)
    except (TrothError, OSError) as error:
        log.error("member_mail_failed", message_id=outgoing.message_id, error=type(error).__name__)
