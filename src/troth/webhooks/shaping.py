"""The bodies of deliveries: in Vero's shape, field by field, and in Troth's. Pure.

Vero's webhooks have no type for what Troth tells beyond them: that has Troth's shape everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from troth.kernel.clock import iso
from troth.webhooks.kinds import ABOUT_NOBODY, MESSAGES, PERSON_ERASED, RESUBSCRIBED, UNSUBSCRIBED, USER_CREATED, USER_UPDATED, VERO
from troth.webhooks.models import Format

REDUCED_TO = ("purpose", "purposes", "decision", "standing", "merged_id", "segment", "request_id", "right")
"""What stays of facts where only whom it is about may be told: which will it was, what they left, and what they asked for."""


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it is told of."""

    message_id: int
    source: str
    campaign_id: int | None
    kind: str
    """As Vero has it: `transactional`, `behavioral`, `newsletter`."""
    name: str
    channel: str
    subject: str
    recipient: str
    trigger_event: str
    variation: str | None
    """Which of several mails that are tried against each other."""
    link: str


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of a delivery's person and message when it goes."""

    external_id: str = ""
    email: str = ""
    attributes: Mapping[str, Any] = {}
    """Those whose purposes permit handing them on."""
    withheld: frozenset[str] = frozenset()
    """The names of those that are not."""
    tags: tuple[str, ...] = ()
    mail: Mail | None = None
    reduced: bool = False
    """The gate permits nothing but to pass on what must be: whom it is about, and what they decided."""


def shape(form: str, type_: str, person_id: int, at: int, facts: Mapping[str, Any], known: Known) -> dict[str, Any]:
    """The body of one delivery as plain values; `at` in milliseconds."""
    if type_ == PERSON_ERASED:
        return _own(type_, at, {"person": {"person_id": str(person_id)}})
    if type_ in ABOUT_NOBODY:
        return _own(type_, at, dict(facts))
    if form == Format.VERO and type_ in VERO:
        return _vero(type_, at // 1_000, facts, known)
    return _own(type_, at, _data(type_, person_id, facts, known))


def _vero(type_: str, at: int, facts: Mapping[str, Any], known: Known) -> dict[str, Any]:
    user = _vero_user(known)
    if type_ == USER_CREATED:
        return {"type": type_, "user": {**known.attributes, **user}}
    if type_ == USER_UPDATED:
        changes = {name: value for name, value in facts["changes"].items() if name not in known.withheld}
        tags = {"_tags": {"add": facts["add"], "remove": facts["remove"]}} if facts["add"] or facts["remove"] else {}
        return {"type": type_, "user": user, "changes": {**tags, **changes}}
    told: dict[str, Any] = {f"{type_}_at": at, "type": type_, "user": user}
    if type_ in (UNSUBSCRIBED, RESUBSCRIBED) or known.reduced:
        return told
    if known.mail:
        told["campaign"] = _campaign(known.mail)
        told["message_id"] = str(known.mail.message_id)
    if type_ in ("opened", "clicked"):
        # Troth does not keep which browser somebody reads with.
        told["user_agent"] = None
    if type_ == "bounced":
        told["bounce_type"] = facts.get("bounce_type", "hard")
    return told


def _vero_user(known: Known) -> dict[str, Any]:
    """An id of digits is a number there, and somebody without one has their address as id."""
    own = known.external_id or known.email
    is_number = own.isascii() and own.isdigit() and len(own) < 16 and (own == "0" or own[0] != "0")
    return {"id": int(own) if is_number else own or None, "email": known.email or None}


def _campaign(mail: Mail) -> dict[str, Any]:
    told = {
        "id": mail.campaign_id,
        "type": mail.kind,
        "name": mail.name,
        "group": mail.name,
        "channel": mail.channel,
        "subject": mail.subject,
        "trigger-event": mail.trigger_event,
        "permalink": mail.link,
        "sent_to": mail.recipient,
        "variation": mail.variation,
    }
    if not mail.trigger_event:
        del told["trigger-event"]
    return told


def _own(type_: str, at: int, data: dict[str, Any]) -> dict[str, Any]:
    return {"type": type_, "timestamp": iso(at), "data": data}


def _data(type_: str, person_id: int, facts: Mapping[str, Any], known: Known) -> dict[str, Any]:
    person: dict[str, Any] = {"person_id": str(person_id), "id": known.external_id or None, "email": known.email or None}
    told = {name: value for name, value in facts.items() if name not in ("purposes_asked", "message_id")}
    if known.reduced:
        return {"person": person, **{name: value for name, value in told.items() if name in REDUCED_TO}}
    if type_ == USER_CREATED:
        person |= {"attributes": dict(known.attributes), "tags": list(known.tags)}
    if type_ == USER_UPDATED:
        changes = {name: value for name, value in facts["changes"].items() if name not in known.withheld}
        told = {"changes": changes, "tags": {"add": facts["add"], "remove": facts["remove"]}}
    if type_ in MESSAGES and known.mail:
        mail = known.mail
        told["message"] = {
            "id": str(mail.message_id),
            "source": mail.source,
            "name": mail.name,
            "channel": mail.channel,
            "subject": mail.subject,
            "recipient": mail.recipient,
            "trigger_event": mail.trigger_event or None,
            "variation": mail.variation,
        }
    return {"person": person, **told}
