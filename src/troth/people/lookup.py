"""Finding one person, and reading what is known of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from troth.kernel.errors import TrothError
from troth.kernel.ids import bucket_of
from troth.kernel.personal_data import Subject
from troth.people.identifiers import KINDS, make_handle, normalise_email
from troth.people.models import Event, Person, PersonState
from troth.people.queries import find_active, find_by_beginning, find_holders

_PHONE_SIGNS = re.compile(r"[ ()/.-]")
"""What people write between the digits of a number."""


class PersonNotFound(TrothError):
    """No person of this workspace has that identifier."""

    def __init__(self) -> None:
        super().__init__("No person of this workspace has that identifier: check the spelling and the workspace.")


def find_people(workspace_id: int, identifier: str, kinds: tuple[str, ...] = KINDS) -> list[Subject]:
    """The persons who have an identifier, whatever its kind; the first kind that matches wins, the oldest holder comes first."""
    for kind in kinds:
        handle = make_handle(workspace_id, kind, identifier)
        holders = find_holders([handle.tag]) if handle else {}
        if handle and handle.tag in holders:
            return [Subject(workspace_id, person_id) for person_id in holders[handle.tag]]
    return []


def find_person(workspace_id: int, identifier: str) -> Subject:
    """The one person an identifier leads to, also `person:ID` with Troth's own id. Raises PersonNotFound."""
    if identifier.startswith("person:") and identifier[7:].isdigit():
        person = load_person(Subject(workspace_id, int(identifier[7:])))
        return Subject(workspace_id, person.person_id)
    found = find_people(workspace_id, identifier)
    if not found:
        raise PersonNotFound
    return found[0]


def search_people(workspace_id: int, text: str, limit: int) -> list[tuple[Subject, str, str]]:
    """Whom somebody may mean who types `text`: (person, kind, value), each person once, at most `limit`.

    First those who have exactly this identifier, of any kind, or `person:ID`; then those with an external id, address or number that begins so.
    """
    if not (text := text.strip().replace("\0", "")):
        return []
    found: dict[int, tuple[str, str]] = {}
    for person_id, kind, value in _exact_matches(workspace_id, text):
        found.setdefault(person_id, (kind, value))
    missing = limit - len(found)
    if missing > 0:
        begin = {text, normalise_email(text), _PHONE_SIGNS.sub("", text) if text.startswith("+") else text} - {""}
        for person_id, kind, value in find_by_beginning(workspace_id, sorted(begin), limit):
            found.setdefault(person_id, (kind, value))
    return [(Subject(workspace_id, person_id), kind, value) for person_id, (kind, value) in found.items()][:limit]


def _exact_matches(workspace_id: int, text: str) -> Iterator[tuple[int, str, str]]:
    """Holders of the identifier by its keyed hash, in the order of the kinds; those who are not active are left out."""
    own_id = text.removeprefix("person:")
    named = [int(own_id)] if own_id.isascii() and own_id.isdigit() and len(own_id) <= 19 else []
    handles = [handle for kind in KINDS if (handle := make_handle(workspace_id, kind, text))]
    holders = find_holders(handle.tag for handle in handles)
    active = find_active({*named, *(person_id for held_by in holders.values() for person_id in held_by)})
    for handle in handles:
        for person_id in holders.get(handle.tag, ()):
            if active.get(person_id) == workspace_id:
                yield person_id, handle.kind, handle.value
    for person_id in named:
        if active.get(person_id) == workspace_id:
            yield person_id, "person", str(person_id)


def load_person(subject: Subject) -> Person:
    """The person's row. Raises PersonNotFound, also for a person of another workspace or one being erased."""
    if not 0 < subject.person_id < 2**63:
        raise PersonNotFound
    person = Person.objects.filter(
        bucket=bucket_of(subject.person_id), person_id=subject.person_id, workspace_id=subject.workspace_id, state=PersonState.ACTIVE
    ).first()
    if person is None:
        raise PersonNotFound
    return person


def latest_events(subject: Subject, limit: int = 50, before_seq: int | None = None) -> Iterator[Event]:
    """The person's events, the last processed first."""
    events = Event.objects.filter(bucket=subject.bucket, person_id=subject.person_id).order_by("-seq")
    if before_seq is not None:
        events = events.filter(seq__lt=before_seq)
    return events[:limit].iterator()
