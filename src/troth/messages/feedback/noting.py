"""What a provider told, noted: a delivery event beside its message, the message's state, stopped addresses, decisions of the person.

It is noted once, however often and in whatever order it is told. What is about nobody we know is counted and forgotten.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection, transaction

from troth.consent.wishes import channel_key
from troth.intake.commands import Command, Decide, Decision, Identity
from troth.intake.door import apply
from troth.kernel.clock import DAY
from troth.kernel.crypto import derive, short_tag
from troth.kernel.personal_data import Subject
from troth.messages.channels.port import Feedback, Medium, Told
from troth.messages.feedback.stops import Stopping, stop_addresses
from troth.messages.fetches import Fetch, note_fetches
from troth.messages.machines import name_machine
from troth.messages.models import Message, State, StopReason
from troth.messages.news import Became, MessageNews, outcomes
from troth.messages.segment_conditions import MESSAGES
from troth.messages.tracking import Measured
from troth.people.identifiers import EMAIL, PHONE, Handle, make_handle
from troth.people.queries import find_holders, load_identifiers
from troth.segments.changes import Changed, mark

SOFT_MOST = 3
"""So many soft bounces of an address …"""
SOFT_WITHIN = 30 * DAY
"""… within this time, with no delivery since, stop it."""
LONGEST_DIAGNOSTIC = 300
LATEST = 30 * DAY
"""Messages of somebody are looked through so far back for one that a provider names by its own id only."""
_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")
_KIND = {Medium.EMAIL: EMAIL, Medium.SMS: PHONE}
_STATE = {
    Told.DELIVERED: (State.DELIVERED, ("sent", "unknown")),
    Told.HARD_BOUNCE: (State.BOUNCED, ("sent", "unknown", "delivered")),
    Told.SOFT_BOUNCE: (State.BOUNCED, ("sent", "unknown")),
    Told.COMPLAINT: (State.COMPLAINED, ("sent", "unknown", "delivered", "bounced")),
}
"""What a message becomes, and from what: only ever towards the worse."""
_BECAME: dict[Told, tuple[Became, dict[str, str]]] = {
    Told.DELIVERED: (Became.DELIVERED, {}),
    Told.HARD_BOUNCE: (Became.BOUNCED, {"bounce_type": "hard"}),
    Told.SOFT_BOUNCE: (Became.BOUNCED, {"bounce_type": "soft"}),
    Told.COMPLAINT: (Became.COMPLAINED, {}),
}
_NOTE = (
    "INSERT INTO messages_deliveryevent (bucket, person_id, message_id, event_tag, workspace_id, told, at, noted_at, medium, provider, status,"
    " diagnostic, address_tag) SELECT p.bucket, p.person_id, %s, %s, p.workspace_id, %s, %s, %s, %s, %s, %s, %s, %s FROM people_person p"
    " WHERE p.bucket = %s AND p.person_id = %s AND p.workspace_id = %s ON CONFLICT DO NOTHING"
)


@dataclass
class Heard:
    """What became of the news: how many of each were new; what was told before, and what is about nobody."""

    noted: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    unmatched: int = 0


class _About(NamedTuple):
    """Whom and which message a piece of news is about. `message_id` 0: none that we have."""

    subject: Subject
    message_id: int
    purpose: str = ""
    address: Handle | None = None


def note_feedback(
    workspace_id: int, medium: Medium, told: Sequence[Feedback], *, provider: str, hears_engagement: bool = False, now: int
) -> Heard:
    """Note what was told of messages of one medium of a workspace; `now` in milliseconds. In one transaction, but for opens and clicks."""
    heard = Heard()
    news = [one for one in told if one.told not in (Told.OPEN, Told.CLICK)]
    engaged = [one for one in told if one.told in (Told.OPEN, Told.CLICK)] if hears_engagement else []
    with transaction.atomic():
        fresh = []
        for one, about in _match(workspace_id, medium, news):
            if about is None:
                heard.unmatched += 1
            elif _note(one, about, medium, provider, now):
                heard.noted[one.told.value] += 1
                fresh.append((one, about))
            else:
                heard.repeated += 1
        _move_states(fresh)
        mark(Changed(workspace_id, about.subject.person_id, MESSAGES) for _, about in fresh)
        outcomes.tell(_news(fresh, now), now)
        stop_addresses(workspace_id, list(_stoppings(fresh, now)))
        decisions = list(_decisions(fresh, medium, now))
        if decisions:
            apply(decisions, now=now)
    fetches = [_fetch(one, about) for one, about in _match(workspace_id, medium, engaged) if about is not None and about.message_id]
    note_fetches(fetches)
    return heard


def _fetch(one: Feedback, about: _About) -> Fetch:
    """An open or click told by a provider passes the gate as any other; what it refuses leaves no trace."""
    is_open = one.told is Told.OPEN
    machine = name_machine({"user-agent": one.user_agent}, is_open=is_open)
    return Fetch(Measured(subject=about.subject, message_id=about.message_id, url="" if is_open else one.url), machine, one.at)


def _match(workspace_id: int, medium: Medium, told: Sequence[Feedback]) -> Iterator[tuple[Feedback, _About | None]]:
    """Each piece of news with whom it is about: by our own id of the message, else by its address and the provider's id."""
    ids = {one.message_id for one in told if 0 < one.message_id < 2**63}
    # Over all buckets, by the index on ids: a provider knows our messages by number alone.
    wanted = ("bucket", "person_id", "message_id", "workspace_id", "purpose", "recipient")
    rows = (
        {row.message_id: row for row in Message.objects.filter(workspace_id=workspace_id, message_id__in=ids).only(*wanted)} if ids else {}
    )
    for one in told:
        row = rows.get(one.message_id)
        yield one, _about_row(one, row, medium) if row else _about_address(workspace_id, medium, one)


def _about_row(one: Feedback, row: Message, medium: Medium) -> _About:
    """A message that we have. The address is the one it went to, else the person's own."""
    subject, kind = Subject(row.workspace_id, row.person_id), _KIND.get(medium)
    address = None
    if kind:
        address = make_handle(row.workspace_id, kind, row.recipient) if row.recipient else None
        own = [] if address else [held for held in load_identifiers([row.person_id]).get(row.person_id, []) if held.kind == kind]
        if own:
            told = make_handle(row.workspace_id, kind, one.recipient) if one.recipient else None
            address = next((handle for handle in own if told and handle.tag == told.tag), own[0])
    return _About(subject, row.message_id, row.purpose, address)


def _about_address(workspace_id: int, medium: Medium, one: Feedback) -> _About | None:
    kind = _KIND.get(medium)
    address = make_handle(workspace_id, kind, one.recipient) if kind and one.recipient else None
    holders = find_holders([address.tag]).get(address.tag, []) if address else []
    if address is None or not holders:
        return None
    for person_id in holders if one.provider_id else ():
        subject = Subject(workspace_id, person_id)
        row = (
            Message.objects.filter(bucket=subject.bucket, person_id=person_id, provider_id=one.provider_id[:200])
            .filter(created_at__gt=one.at - LATEST)
            .only("bucket", "person_id", "message_id", "purpose")
            .first()
        )
        if row:
            return _About(subject, row.message_id, row.purpose, address)
    return _About(Subject(workspace_id, holders[0]), 0, "", address)


def _note(one: Feedback, about: _About, medium: Medium, provider: str, now: int) -> bool:
    """Write the event, unless it was told before or the person is gone; whether it was new."""
    named = one.event_id or f"{one.told.value}\n{one.at}\n{one.status}"
    tag = short_tag(derive(b"delivery-event/v1"), f"{provider}\n{one.told.value}\n{named}".encode())
    diagnostic = _ADDRESS.sub("…", " ".join(one.diagnostic.split()))[:LONGEST_DIAGNOSTIC]
    values: list[Any] = [about.message_id, tag, one.told.value, min(one.at, now), now, medium.value, provider, one.status[:40], diagnostic]
    values += [about.address.tag if about.address else b"", about.subject.bucket, about.subject.person_id, about.subject.workspace_id]
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, values)
        return bool(cursor.rowcount > 0)


def _news(fresh: Sequence[tuple[Feedback, _About]], now: int) -> Iterator[MessageNews]:
    for one, about in fresh:
        if one.told in _BECAME:
            became, detail = _BECAME[one.told]
            yield MessageNews(became, about.subject, about.message_id, min(one.at, now), detail)


def _move_states(fresh: Sequence[tuple[Feedback, _About]]) -> None:
    with connection.cursor() as cursor:
        for one, about in fresh:
            if about.message_id and one.told in _STATE:
                after, before = _STATE[one.told]
                marks = ", ".join(["%s"] * len(before))
                reason = f"{one.told.value}{f':{one.status[:40]}' if one.status else ''}" if after is not State.DELIVERED else ""
                cursor.execute(
                    "UPDATE messages_message SET state = %s, reason = CASE WHEN reason = 'test_mode' THEN reason ELSE %s END"
                    f" WHERE bucket = %s AND person_id = %s AND message_id = %s AND state IN ({marks})",
                    [after.value, reason, about.subject.bucket, about.subject.person_id, about.message_id, *before],
                )


def _stoppings(fresh: Sequence[tuple[Feedback, _About]], now: int) -> Iterator[Stopping]:
    for one, about in fresh:
        if about.address is None:
            continue
        if one.told is Told.HARD_BOUNCE:
            yield Stopping(about.address.kind, about.address.tag, StopReason.HARD_BOUNCE, min(one.at, now))
        elif one.told is Told.COMPLAINT:
            yield Stopping(about.address.kind, about.address.tag, StopReason.COMPLAINT, min(one.at, now))
        elif one.told is Told.SOFT_BOUNCE and _bounced_often(about, now):
            yield Stopping(about.address.kind, about.address.tag, StopReason.SOFT_BOUNCES, min(one.at, now))


def _bounced_often(about: _About, now: int) -> bool:
    """Whether mail to the address came back so often lately, and none arrived since."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM messages_deliveryevent e WHERE e.bucket = %s AND e.person_id = %s AND e.address_tag = %s AND e.told = %s"
            " AND e.at > %s AND e.at > COALESCE((SELECT MAX(d.at) FROM messages_deliveryevent d WHERE d.bucket = e.bucket"
            " AND d.person_id = e.person_id AND d.address_tag = e.address_tag AND d.told = %s), 0)",
            [
                about.subject.bucket,
                about.subject.person_id,
                about.address.tag if about.address else b"",
                Told.SOFT_BOUNCE.value,
                now - SOFT_WITHIN,
                Told.DELIVERED.value,
            ],
        )
        return int(cursor.fetchone()[0]) >= SOFT_MOST


def _decisions(fresh: Sequence[tuple[Feedback, _About]], medium: Medium, now: int) -> Iterator[Command]:
    """A complaint is an objection to direct marketing (Art. 21(2)); an unsubscribe at the provider withdraws what the message was sent for.

    STOP as a text message is said of text messages altogether.
    """
    for one, about in fresh:
        if one.told not in (Told.COMPLAINT, Told.UNSUBSCRIBE):
            continue
        complains, said_stop = one.told is Told.COMPLAINT, medium is Medium.SMS and not about.message_id
        yield Decide(
            workspace_id=about.subject.workspace_id,
            identity=Identity(person_id=about.subject.person_id),
            source="feedback",
            received_at=now,
            decision=Decision.OBJECT if complains else Decision.REFUSE if said_stop else Decision.WITHDRAW,
            purpose=None if complains else channel_key(medium) if said_stop else about.purpose or None,
            method=one.told.value,
            evidence={"message_id": str(about.message_id)} if about.message_id else {},
        )
