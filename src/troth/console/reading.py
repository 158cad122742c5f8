"""What the console shows: the latest of everything in one workspace, and all about one person. Values in, values out; no HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from troth.consent.catalog import load_catalog
from troth.consent.decisions import load_stances
from troth.consent.gate import Facts, Operation, reason_against
from troth.consent.models import Record, Standing
from troth.content.models import Template
from troth.intake.models import InboxItem
from troth.kernel.json_text import decode
from troth.kernel.personal_data import Subject
from troth.messages.models import Message, State
from troth.people.identifiers import KINDS, Handle
from troth.people.lookup import latest_events, load_person
from troth.people.models import Event, Person, PersonState
from troth.people.queries import load_identifiers

SHOWN = 25
MOST_COUNTED = 100_000
STANDING_WORDS = {int(Standing.GRANTED): "granted", int(Standing.REFUSED): "refused"}
SHOWN_BY = ("email", "external_id", "phone", "anonymous_id", "device")


@dataclass(frozen=True)
class Figure:
    """A number with its name; `number` ends in + where counting was cut short."""

    name: str
    number: str


@dataclass(frozen=True)
class EventRow:
    """An event as a line."""

    person_id: int
    who: str
    name: str
    ts: int
    source: str
    properties: dict[str, Any]
    pending: bool


@dataclass(frozen=True)
class PersonRow:
    """A person as a line."""

    person_id: int
    who: str
    created_at: int
    attributes: dict[str, Any]


@dataclass(frozen=True)
class MessageRow:
    """A message as a line."""

    message_id: int
    person_id: int
    who: str
    subject: str
    is_draft: bool
    """The subject is that of the template: the message has not been rendered, or its body is gone."""
    state: str
    reason: str
    purpose: str
    created_at: int
    has_body: bool


@dataclass(frozen=True)
class StandingRow:
    """Where a person stands on a purpose."""

    name: str
    basis: str
    standing: str
    reason: str


@dataclass(frozen=True)
class PersonDetail:
    """All that the page of one person shows."""

    row: PersonRow
    person: Person
    handles: list[Handle]
    standing: list[StandingRow]
    records: list[Record]
    events: list[EventRow]
    messages: list[MessageRow]


def read_figures(workspace_id: int) -> list[Figure]:
    """How much there is, counted up to 100,000 each, so that the page stays quick."""
    people = Person.objects.filter(workspace_id=workspace_id, state=PersonState.ACTIVE)
    events = Event.objects.filter(workspace_id=workspace_id)
    figures = [Figure("people", _counted(people)), Figure("events", _counted(events))]
    states = Counter(Message.objects.filter(workspace_id=workspace_id).values_list("state", flat=True)[:MOST_COUNTED])
    return figures + [Figure(f"messages {state}", f"{states[state]:,}") for state in State.values if states[state]]


def _counted(rows: QuerySet[Any]) -> str:
    number = rows[: MOST_COUNTED + 1].count()
    return f"{number:,}" if number <= MOST_COUNTED else f"{MOST_COUNTED:,}+"


def read_latest_events(workspace_id: int) -> list[EventRow]:
    """The latest events of everybody: those waiting, then those of history by the time they happened. Reads all buckets, from one index."""
    waiting = list(InboxItem.objects.filter(workspace_id=workspace_id).order_by("-item_id")[:SHOWN])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bucket, person_id, seq FROM people_event WHERE workspace_id = %s ORDER BY ts DESC LIMIT %s", [workspace_id, SHOWN]
        )
        keys = cursor.fetchall()
    found = [event for bucket, person_id, seq in keys for event in Event.objects.filter(bucket=bucket, person_id=person_id, seq=seq)]
    names = _names([item.person_id for item in waiting] + [event.person_id for event in found])
    rows = [_waiting_row(item, names[item.person_id]) for item in waiting]
    return [*rows, *(_event_row(event, names[event.person_id]) for event in found)][:SHOWN]


def _event_row(event: Event, who: str) -> EventRow:
    return EventRow(event.person_id, who, event.name, event.ts, event.source, event.properties, pending=False)


def _waiting_row(item: InboxItem, who: str) -> EventRow:
    return EventRow(item.person_id, who, item.name, item.ts, item.source, decode(item.properties), pending=True)


def read_latest_people(workspace_id: int) -> list[PersonRow]:
    """Who came last, over all buckets by the index on age."""
    people = list(Person.objects.filter(workspace_id=workspace_id, state=PersonState.ACTIVE).order_by("-created_at", "-bucket")[:SHOWN])
    names = _names([person.person_id for person in people])
    return [PersonRow(person.person_id, names[person.person_id], person.created_at, person.attributes) for person in people]


def read_latest_messages(workspace_id: int) -> list[MessageRow]:
    """The outbox, the newest first, over all buckets by the index on age."""
    return _message_rows(Message.objects.filter(workspace_id=workspace_id).order_by("-created_at", "-message_id")[:SHOWN])


def find_message(workspace_id: int, message_id: int) -> Message | None:
    """A message of a workspace, over all buckets by the index on age."""
    return Message.objects.filter(workspace_id=workspace_id, message_id=message_id).first() if message_id < 2**63 else None


def describe_message(message: Message) -> MessageRow:
    """A message as a line."""
    return _message_rows([message])[0]


def _message_rows(messages: Iterable[Message]) -> list[MessageRow]:
    rows = list(messages)
    names = _names([message.person_id for message in rows])
    drafts = dict(Template.objects.filter(pk__in={message.template_id for message in rows}).values_list("pk", "subject"))
    return [
        MessageRow(
            message_id=message.message_id,
            person_id=message.person_id,
            who=names[message.person_id],
            subject=(message.rendered or {}).get("subject") or drafts.get(message.template_id, ""),
            is_draft=not message.rendered,
            state=message.state,
            reason=message.reason,
            purpose=message.purpose,
            created_at=message.created_at,
            has_body=bool(message.rendered),
        )
        for message in rows
    ]


def read_person(subject: Subject) -> PersonDetail:
    """Everything the page of a person shows. Raises PersonNotFound."""
    person = load_person(subject)
    handles = sorted(load_identifiers([subject.person_id]).get(subject.person_id, []), key=lambda handle: KINDS.index(handle.kind))
    who = _name(subject.person_id, handles)
    mine = {"bucket": subject.bucket, "person_id": subject.person_id}
    waiting = [_waiting_row(item, who) for item in InboxItem.objects.filter(**mine).order_by("-item_id")[:SHOWN]]
    return PersonDetail(
        row=PersonRow(subject.person_id, who, person.created_at, person.attributes),
        person=person,
        handles=handles,
        standing=_standing(subject),
        records=list(Record.objects.filter(**mine).order_by("-record_id")[:SHOWN]),
        events=[*waiting, *(_event_row(event, who) for event in latest_events(subject, SHOWN))][:SHOWN],
        messages=_message_rows(Message.objects.filter(**mine).order_by("-message_id")[:SHOWN]),
    )


def _standing(subject: Subject) -> list[StandingRow]:
    stances = load_stances([subject.person_id]).get(subject.person_id, {})
    rows = []
    for rule in load_catalog(subject.workspace_id).purposes.values():
        stance = stances.get(rule.key, int(Standing.NONE))
        reason = reason_against(Facts(basis=rule.basis, standing=stance), Operation.PROFILE)
        rows.append(StandingRow(rule.name, rule.basis.replace("_", " "), STANDING_WORDS.get(stance, ""), reason.replace("_", " ")))
    return rows


def _names(person_ids: Iterable[int]) -> dict[int, str]:
    """How each person is called in a list."""
    wanted = set(person_ids)
    found = load_identifiers(wanted) if wanted else {}
    return {person_id: _name(person_id, found.get(person_id, [])) for person_id in wanted}


def _name(person_id: int, handles: Iterable[Handle]) -> str:
    by_kind = {handle.kind: handle.value for handle in handles}
    return next((by_kind[kind] for kind in SHOWN_BY if kind in by_kind), f"person {person_id}")
