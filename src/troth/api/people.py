"""People: list, find, read, correct, and what they did."""

from __future__ import annotations

from typing import Annotated

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from ninja import Query, Router

from troth.api.access import READ_MESSAGES, READ_PEOPLE, WRITE_PEOPLE, workspace_of
from troth.api.cursors import read_cursor, write_cursor
from troth.api.errors import Suppressed, Unprocessable
from troth.api.outbox import page_of_messages
from troth.api.persons import resolve, show_people, show_person
from troth.api.schemas import (
    Cursor,
    EventOut,
    EventsPage,
    IdentifierChanges,
    Limit,
    MessagesPage,
    PeoplePage,
    PersonChanges,
    PersonOut,
    PersonRef,
    problems,
)
from troth.intake.addressing import identity_from
from troth.intake.commands import Identity
from troth.intake.models import InboxItem
from troth.kernel.clock import iso, now_ms
from troth.kernel.json_text import decode
from troth.kernel.personal_data import Subject
from troth.messages.models import Message
from troth.people.identifiers import DEVICE, EMAIL, PHONE, normalise
from troth.people.lookup import find_people, latest_events
from troth.people.models import Event, Person, PersonState
from troth.people.queries import load_identifiers
from troth.privacy.requests import CorrectionSuppressed, correct_person, rectify_person

router = Router(tags=["people"])
PENDING, HISTORY = 0, 1


@router.get("/people", auth=READ_PEOPLE, response={200: PeoplePage, **problems()})
def list_people(
    request: HttpRequest,
    identifier: Annotated[
        str | None, Query(max_length=1000, description="Only people who have exactly this identifier, of any kind.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PeoplePage:
    """People of the workspace, the oldest first: a walk to the end meets everybody, also those who arrive meanwhile."""
    rows = _people(workspace_of(request), identifier)
    position = read_cursor(cursor, 3)
    if position:
        created_at, bucket, person_id = position
        later = Q(created_at__gt=created_at) | Q(bucket__gt=bucket) | Q(bucket=bucket, person_id__gt=person_id)
        rows = rows.filter(Q(created_at__gte=created_at), later)
    found = list(rows.order_by("created_at", "bucket", "person_id")[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    return PeoplePage(
        items=show_people(found[:limit]), next_cursor=write_cursor(last.created_at, last.bucket, last.person_id) if last else None
    )


def _people(workspace_id: int, identifier: str | None) -> QuerySet[Person]:
    """Everybody, over all buckets by the index on age; or the few who have an identifier."""
    rows = Person.objects.filter(workspace_id=workspace_id, state=PersonState.ACTIVE)
    if identifier is None:
        return rows
    found = find_people(workspace_id, identifier)
    return rows.filter(bucket__in={subject.bucket for subject in found}, person_id__in=[subject.person_id for subject in found])


@router.get("/people/{person}", auth=READ_PEOPLE, response={200: PersonOut, **problems(404, 409)})
def get_person(request: HttpRequest, person: PersonRef) -> PersonOut:
    """One person."""
    return show_person(resolve(workspace_of(request), person))


@router.patch("/people/{person}", auth=WRITE_PEOPLE, response={200: PersonOut, **problems(404, 409)})
def change_person(request: HttpRequest, changes: PersonChanges, person: PersonRef) -> PersonOut:
    """Correct a person (Art. 16), also while processing is restricted: attributes merge, a new address or number replaces the old, `null` removes."""
    subject = resolve(workspace_of(request), person)
    told = changes.identifiers
    email, phone = _checked(EMAIL, told.email), _checked(PHONE, told.phone)
    for name in changes.attributes:
        if name in (EMAIL, PHONE):
            raise Unprocessable(f"`{name}` is an identifier: set it under `identifiers`.", path=f"$.attributes.{name}")
    carry_out = rectify_person if changes.on_request else correct_person
    try:
        carry_out(
            subject,
            attributes=changes.attributes,
            email=email,
            phone=phone,
            remove_identifiers=_removed(subject, told),
            source="api",
            now=now_ms(),
        )
    except CorrectionSuppressed:
        raise Suppressed from None
    return show_person(subject)


def _checked(kind: str, value: str | None) -> str | None:
    """A new address or number in its normal form."""
    if value is None:
        return None
    path = f"$.identifiers.{kind}"
    if kind == EMAIL:
        try:
            validate_email(value.strip())
        except ValidationError:
            raise Unprocessable("Not an e-mail address.", path=path) from None
    normal = normalise(kind, value)
    if not normal:
        raise Unprocessable("Not a phone number with country code, e.g. +4930123456.", path=path)
    return normal


def _removed(subject: Subject, told: IdentifierChanges) -> Identity | None:
    """The identifiers that a correction takes away: an address or number said to be null, and devices by their token."""
    gone = {kind for kind in (EMAIL, PHONE) if kind in told.model_fields_set and getattr(told, kind) is None}
    if not gone and not told.remove_devices:
        return None
    held = load_identifiers([subject.person_id]).get(subject.person_id, [])
    return identity_from([h for h in held if h.kind in gone or (h.kind == DEVICE and h.value in told.remove_devices)])


@router.get("/people/{person}/events", auth=READ_PEOPLE, response={200: EventsPage, **problems(404, 409)})
def list_events(
    request: HttpRequest,
    person: PersonRef,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> EventsPage:
    """What a person did, the newest first. Events accepted a moment ago come first, marked `pending`; one may show again with its number."""
    subject = resolve(workspace_of(request), person)
    phase, before = read_cursor(cursor, 2) or (PENDING, 0)
    items: list[EventOut] = []
    if phase == PENDING:
        waiting = list(_waiting(subject, before, limit + 1))
        items = [_show_waiting(item) for item in waiting[:limit]]
        if len(waiting) > limit:
            return EventsPage(items=items, next_cursor=write_cursor(PENDING, waiting[limit - 1].item_id))
        before = 0
    rest = limit - len(items)
    found = list(latest_events(subject, rest + 1, before or None))
    items += [_show_event(event) for event in found[:rest]]
    if len(found) <= rest:
        return EventsPage(items=items, next_cursor=None)
    return EventsPage(items=items, next_cursor=write_cursor(HISTORY, found[rest - 1].seq if rest else found[0].seq + 1))


def _waiting(subject: Subject, before: int, limit: int) -> QuerySet[InboxItem]:
    """Events of the person that are durable but not yet in the history."""
    items = InboxItem.objects.filter(bucket=subject.bucket, person_id=subject.person_id).order_by("-item_id")
    return (items.filter(item_id__lt=before) if before else items)[:limit]


def _show_waiting(item: InboxItem) -> EventOut:
    return EventOut(
        seq=None,
        name=item.name,
        ts=iso(item.ts),
        received_at=iso(item.received_at),
        source=item.source,
        purpose=item.purpose,
        properties=decode(item.properties),
        pending=True,
    )


def _show_event(event: Event) -> EventOut:
    return EventOut(
        seq=event.seq,
        name=event.name,
        ts=iso(event.ts),
        received_at=iso(event.received_at),
        source=event.source,
        purpose=event.purpose,
        properties=event.properties,
        pending=False,
    )


@router.get("/people/{person}/messages", auth=READ_MESSAGES, response={200: MessagesPage, **problems(404, 409)})
def list_messages_of_person(
    request: HttpRequest,
    person: PersonRef,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> MessagesPage:
    """A person's messages, the newest first."""
    subject = resolve(workspace_of(request), person)
    return page_of_messages(Message.objects.filter(bucket=subject.bucket, person_id=subject.person_id), cursor, limit)
