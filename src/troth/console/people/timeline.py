"""A person's history: events, messages, decisions and changes in one line of time, page by page, each kind read from its own keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from troth.campaigns.models import Campaign
from troth.consent.models import EVERYTHING, Record
from troth.content.models import Template
from troth.intake.models import InboxItem
from troth.kernel.json_text import decode
from troth.kernel.personal_data import Subject
from troth.messages.models import Message
from troth.people.models import Event, Identifier, Person
from troth.privacy.models import PrivacyRequest

SHOWN = 40
KINDS = ("events", "messages", "decisions", "changes")
FAR = 2**62


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: each kind before its own key, changes before a moment. `FAR`: from the latest on."""

    seq: int = FAR
    message: int = FAR
    record: int = FAR
    at: int = FAR

    def write(self) -> str:
        """As part of an address."""
        return f"{self.seq}-{self.message}-{self.record}-{self.at}"

    @classmethod
    def read(cls, text: str) -> Cursor:
        """From an address; what is none begins at the latest."""
        parts = text.split("-")
        if len(parts) != 4 or not all(part.isascii() and part.isdigit() and len(part) < 20 for part in parts):
            return cls()
        return cls(*(min(int(part), FAR) for part in parts))


@dataclass(frozen=True)
class Item:
    """One thing in the history. `kind` is `event`, `message`, `decision`, `change` or `request`."""

    kind: str
    at: int
    key: int
    what: Any
    says: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Timeline:
    """A page of history and where the next begins; None: that was all."""

    items: list[Item]
    older: Cursor | None


def read_timeline(person: Person, cursor: Cursor, *, kind: str = "", event_name: str = "") -> Timeline:
    """The history before a cursor, the latest first; of one kind of `KINDS`, or of one event name, if asked."""
    subject = Subject(person.workspace_id, person.person_id)
    sources: list[list[Item]] = []
    if kind in ("", "events"):
        sources.append(_events(subject, cursor, event_name))
    if not event_name:
        if kind in ("", "messages"):
            sources.append(_messages(subject, cursor))
        if kind in ("", "decisions"):
            sources.append(_decisions(subject, cursor))
        if kind in ("", "changes"):
            sources.append(_changes(person, subject, cursor))
    merged = sorted((item for source in sources for item in source), key=lambda item: item.at, reverse=True)
    shown = merged[:SHOWN]
    more = len(merged) > SHOWN or any(len(source) > SHOWN for source in sources)
    return Timeline(_with_templates(shown), _after(shown, cursor) if more and shown else None)


def _after(shown: Iterable[Item], cursor: Cursor) -> Cursor:
    """Each kind goes on after its last item that was shown."""
    for item in shown:
        if item.kind == "event":
            cursor = replace(cursor, seq=min(cursor.seq, item.key))
        elif item.kind == "message":
            cursor = replace(cursor, message=item.key)
        elif item.kind == "decision":
            cursor = replace(cursor, record=item.key)
        elif item.kind in ("change", "request"):
            cursor = replace(cursor, at=item.at)
    return cursor


def _events(subject: Subject, cursor: Cursor, name: str) -> list[Item]:
    """In the order in which Troth processed them; those that still wait for their place come first."""
    mine = {"bucket": subject.bucket, "person_id": subject.person_id, **({"name": name} if name else {})}
    found: list[Item] = []
    if cursor.seq == FAR:
        waiting = InboxItem.objects.filter(**mine).order_by("-item_id")[: SHOWN + 1]
        found = [Item("event", row.received_at, FAR, row, {"properties": decode(row.properties), "pending": True}) for row in waiting]
    events = Event.objects.filter(**mine, seq__lt=cursor.seq).order_by("-seq")[: SHOWN + 1]
    return [*found, *(Item("event", row.received_at, row.seq, row, {"properties": row.properties}) for row in events)]


def _messages(subject: Subject, cursor: Cursor) -> list[Item]:
    rows = Message.objects.filter(bucket=subject.bucket, person_id=subject.person_id, message_id__lt=cursor.message).order_by("-message_id")
    return [Item("message", row.created_at, row.message_id, row) for row in rows[: SHOWN + 1]]


def _decisions(subject: Subject, cursor: Cursor) -> list[Item]:
    rows = Record.objects.filter(bucket=subject.bucket, person_id=subject.person_id, record_id__lt=cursor.record).order_by("-record_id")
    return [Item("decision", row.at, row.record_id, row, {"everything": row.purpose == EVERYTHING}) for row in rows[: SHOWN + 1]]


def _changes(person: Person, subject: Subject, cursor: Cursor) -> list[Item]:
    """What is known of changes: the latest of each attribute and never a past value (Art. 16), identifiers that came, rights exercised."""
    found = [Item("change", person.created_at, 0, None, {"what": "known"})]
    found += [
        Item("change", at, 0, None, {"what": "attribute", "name": name, "source": source})
        for name, (source, at) in person.origins.items()
        if at is not None
    ]
    found += [
        Item("change", row.created_at, 0, row, {"what": "identifier", "source": row.source})
        for row in Identifier.objects.filter(bucket=subject.bucket, person_id=subject.person_id)
    ]
    requests = PrivacyRequest.objects.filter(workspace_id=subject.workspace_id, person_id=subject.person_id)
    found += [Item("request", row.received_at, 0, row) for row in requests.order_by("-received_at")[:SHOWN]]
    return sorted((item for item in found if item.at < cursor.at), key=lambda item: item.at, reverse=True)


def _with_templates(items: list[Item]) -> list[Item]:
    """Messages with the subject of what was sent, or of their template, and the name of their campaign, in one read each."""
    messages = [item.what for item in items if item.kind == "message"]
    subjects = dict(Template.objects.filter(pk__in={message.template_id for message in messages}).values_list("pk", "subject"))
    campaigns = dict(Campaign.objects.filter(pk__in=_campaign_ids(messages)).values_list("pk", "name"))
    return [_told(item, subjects, campaigns) if item.kind == "message" else item for item in items]


def _campaign_ids(messages: Iterable[Message]) -> Iterator[int]:
    for message in messages:
        origin, _, number = message.source.partition(":")
        if origin == "campaign" and number.isdigit():
            yield int(number)


def _told(item: Item, subjects: dict[int, str], campaigns: dict[int, str]) -> Item:
    message: Message = item.what
    campaign_id = next(islice(_campaign_ids([message]), 1), 0)
    says = {
        "subject": (message.rendered or {}).get("subject") or subjects.get(message.template_id, ""),
        "is_rendered": bool(message.rendered),
        "campaign_id": campaign_id if campaign_id in campaigns else 0,
        "campaign": campaigns.get(campaign_id, ""),
        "event": message.context.get("event", {}),
    }
    return replace(item, says=says)
