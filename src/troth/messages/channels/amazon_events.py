"""An event of Amazon SES in our vocabulary, from event publishing or from the notifications of an identity.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from troth.kernel.clock import now_ms
from troth.messages.channels.amazon import TAG
from troth.messages.channels.port import Callback, Feedback, Told
from troth.messages.channels.statuses import find_status, judge_bounce
from troth.messages.errors import CallbackRefused


def parse_callback(settings: Mapping[str, str], callback: Callback) -> Sequence[Feedback]:
    """All that a message of the topic tells. Raises CallbackRefused."""
    from troth.messages.channels.amazon_sns import read_message  # what it takes to read certificates is loaded when something is told

    number, event = read_message(settings, callback)
    try:
        return list(_translate(number, event)) if event else []
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise CallbackRefused("The event is not understood: check that the topic is of Amazon SES alone.") from None


def _translate(number: str, event: Mapping[str, Any]) -> Iterator[Feedback]:
    kind = event.get("eventType") or event.get("notificationType")
    find = _KINDS.get(str(kind))
    if find is None:
        return
    mail = event["mail"]
    own_id = next(iter((mail.get("tags") or {}).get(TAG, ())), "")
    about: dict[str, Any] = {
        "message_id": int(own_id) if own_id.isascii() and own_id.isdigit() and len(own_id) <= 19 else 0,
        "provider_id": str(mail.get("messageId", "")),
    }
    for recipient, told in find(event, mail):
        yield Feedback(recipient=recipient, event_id=f"{number} {recipient}" if number else "", **about, **told)


_Found = Iterator[tuple[str, dict[str, Any]]]


def _delivered(event: Mapping[str, Any], mail: Mapping[str, Any]) -> _Found:
    own = event["delivery"]
    for recipient in own["recipients"]:
        yield recipient, {"told": Told.DELIVERED, "at": _moment(own), "diagnostic": str(own.get("smtpResponse", ""))}


def _bounced(event: Mapping[str, Any], mail: Mapping[str, Any]) -> _Found:
    """Hard where the status speaks of the address; where it says nothing, as Amazon calls it."""
    own = event["bounce"]
    otherwise = Told.HARD_BOUNCE if own.get("bounceType") == "Permanent" else Told.SOFT_BOUNCE
    for one in own["bouncedRecipients"]:
        diagnostic = str(one.get("diagnosticCode", ""))
        status = find_status(str(one.get("status", "")), diagnostic)
        told = judge_bounce(status, diagnostic, otherwise=otherwise)
        yield one["emailAddress"], {"told": told, "at": _moment(own), "status": status, "diagnostic": diagnostic}


def _complained(event: Mapping[str, Any], mail: Mapping[str, Any]) -> _Found:
    own = event["complaint"]
    for one in own["complainedRecipients"]:
        yield one["emailAddress"], {"told": Told.COMPLAINT, "at": _moment(own)}


def _rejected(event: Mapping[str, Any], mail: Mapping[str, Any]) -> _Found:
    """Amazon found a virus in it, and did not send it."""
    for recipient in mail["destination"]:
        yield recipient, {"told": Told.SOFT_BOUNCE, "at": _moment(mail), "diagnostic": str(event["reject"].get("reason", ""))}


def _opened(event: Mapping[str, Any], mail: Mapping[str, Any]) -> _Found:
    own = event["open"]
    yield mail["destination"][0], {"told": Told.OPEN, "at": _moment(own), "user_agent": str(own.get("userAgent", ""))}


def _clicked(event: Mapping[str, Any], mail: Mapping[str, Any]) -> _Found:
    own = event["click"]
    seen = {"user_agent": str(own.get("userAgent", "")), "url": str(own.get("link", ""))}
    yield mail["destination"][0], {"told": Told.CLICK, "at": _moment(own), **seen}


_KINDS = {
    "Delivery": _delivered,
    "Bounce": _bounced,
    "Complaint": _complained,
    "Reject": _rejected,
    "Open": _opened,
    "Click": _clicked,
}


def _moment(own: Mapping[str, Any]) -> int:
    text = own.get("timestamp")
    return int(datetime.fromisoformat(str(text)).timestamp() * 1000) if text else now_ms()
