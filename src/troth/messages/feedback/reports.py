"""What comes back by mail, read: delivery status notifications (RFC 3464), complaints (ARF, RFC 5965), and bounces of servers that keep to neither.

Replies of people and of machines are none of these, whatever else they say: a vacation notice never counts as a bounce.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from email.message import Message as Mail
from email.parser import BytesParser
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime

from flufl.bounce import all_failures

from troth.messages.channels.port import Feedback, Told
from troth.messages.channels.statuses import find_status, judge_bounce
from troth.messages.returning import read_return_address

logging.getLogger("flufl.bounce").disabled = True  # it logs with a traceback what a detector stumbles over, and goes on
LONGEST = 1024 * 1024
"""Bytes of a report that are read."""
_OURS = re.compile(r"<(\d{1,19})@[^<>\s]+>")
_RECIPIENTS = ("to", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to")


def read_report(raw: bytes, workspace_id: int, now: int) -> list[Feedback]:
    """What a mail in the return mailbox tells; nothing when it is no report. `now` in milliseconds.

    Anybody can write there: only what names a mail of ours, by the address that it came to or by what it quotes, is believed.
    """
    return [one for one in _read(raw, workspace_id, now) if one.message_id]


def _read(raw: bytes, workspace_id: int, now: int) -> list[Feedback]:
    mail = BytesParser(policy=compat32).parsebytes(raw[:LONGEST])
    named = _named_mail(mail, workspace_id)
    at = _date_of(mail, now)
    kind = str(mail.get_param("report-type") or "").lower()
    if mail.get_content_type() == "multipart/report" and kind == "feedback-report":
        return list(_read_complaint(mail, named, at))
    if mail.get_content_type() == "multipart/report" and (kind == "delivery-status" or _parts(mail, "message/delivery-status")):
        return list(_read_status(mail, named, at))
    return [] if _is_reply(mail) else list(_read_unkempt(mail, named, at))


def _is_reply(mail: Mail) -> bool:
    """Whether a machine or a person answers (RFC 3834): no report that keeps to the standards comes here."""
    automatic = str(mail.get("auto-submitted", "no")).lower().startswith("auto-replied")
    return automatic or "x-autoreply" in mail or "x-autorespond" in mail or str(mail.get("precedence", "")).lower() == "auto_reply"


def _named_mail(mail: Mail, workspace_id: int) -> int:
    """The mail that the address names to which this came: nobody else can make one up."""
    addresses = getaddresses([str(value) for name in _RECIPIENTS for value in mail.get_all(name, [])])
    return next((found for _, address in addresses if (found := read_return_address(address, workspace_id))), 0)


def _read_status(mail: Mail, named: int, at: int) -> Iterator[Feedback]:
    message_id = named or _quoted_mail(mail)
    for part in _parts(mail, "message/delivery-status"):
        for fields in _inside(part):
            action = str(fields.get("action", "")).strip().lower()
            if action not in ("failed", "delivered"):
                continue  # delayed, relayed, expanded: it is still on its way, or nobody knows
            diagnostic = str(fields.get("diagnostic-code", "")).partition(";")[2].strip()
            status = find_status(str(fields.get("status", "")), diagnostic)
            yield Feedback(
                told=Told.DELIVERED if action == "delivered" else judge_bounce(status, diagnostic),
                at=at,
                message_id=message_id,
                recipient=str(fields.get("original-recipient") or fields.get("final-recipient") or "").partition(";")[2].strip(),
                status=status,
                diagnostic=diagnostic,
            )


def _read_complaint(mail: Mail, named: int, at: int) -> Iterator[Feedback]:
    for part in _parts(mail, "message/feedback-report"):
        fields = _inside(part)[0]
        kind = str(fields.get("feedback-type", "")).strip().lower()
        told = {"abuse": Told.COMPLAINT, "fraud": Told.COMPLAINT, "virus": Told.COMPLAINT, "opt-out": Told.UNSUBSCRIBE}.get(kind)
        if told:
            recipient = str(fields.get("original-rcpt-to", "")).strip(" <>")
            yield Feedback(told=told, at=at, message_id=named or _quoted_mail(mail), recipient=recipient, status=kind)


def _read_unkempt(mail: Mail, named: int, at: int) -> Iterator[Feedback]:
    """Bounces in a server's own words."""
    message_id = named or _quoted_mail(mail)
    if not message_id:
        return
    try:
        _temporary, permanent = all_failures(mail)
    except Exception:  # noqa: BLE001 -- a detector that stumbles over what is not of its kind has nothing to say of it
        return
    for address in permanent:
        yield Feedback(told=Told.HARD_BOUNCE, at=at, message_id=message_id, recipient=address.decode("ascii", "replace"))


def _quoted_mail(mail: Mail) -> int:
    """Our id in what a report brings along of the mail that it is about."""
    for kind in ("message/rfc822", "text/rfc822-headers"):
        for part in _parts(mail, kind):
            found = _OURS.search(str(_inside(part)[0].get("message-id", "")))
            if found:
                return int(found[1])
    return 0


def _parts(mail: Mail, kind: str) -> list[Mail]:
    return [part for part in mail.walk() if part.get_content_type() == kind]


def _inside(part: Mail) -> list[Mail]:
    """The mails or groups of fields in a part; at least one, which may be empty."""
    payload = part.get_payload()
    found = [one for one in payload if isinstance(one, Mail)] if isinstance(payload, list) else []
    plain = part.get_payload(decode=True)
    return found or [BytesParser(policy=compat32).parsebytes(plain if isinstance(plain, bytes) else b"")]


def _date_of(mail: Mail, now: int) -> int:
    try:
        return min(now, int(parsedate_to_datetime(str(mail["date"])).timestamp() * 1000))
    except (ValueError, TypeError):
        return now
