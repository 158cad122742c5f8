"""Finding the person that a path names, and showing people."""

from __future__ import annotations

from collections.abc import Sequence

from troth.api.errors import Ambiguous
from troth.api.schemas import IdentifierOut, OriginOut, PersonOut
from troth.consent.decisions import is_restricted, load_stances
from troth.kernel.clock import iso
from troth.kernel.personal_data import Subject
from troth.people.identifiers import KINDS
from troth.people.lookup import PersonNotFound, find_people, load_person
from troth.people.models import Person
from troth.people.queries import load_identifiers

PERSON = "person"


def resolve(workspace_id: int, text: str) -> Subject:
    """The one person of a workspace that a path names. Raises PersonNotFound, Ambiguous."""
    prefix, colon, rest = text.partition(":")
    if colon and prefix == PERSON:
        return _by_own_id(workspace_id, rest)
    if colon and prefix in KINDS:
        return _the_one(find_people(workspace_id, rest, (prefix,)))
    try:
        return _by_own_id(workspace_id, text)
    except PersonNotFound:
        return _the_one(find_people(workspace_id, text))


def _by_own_id(workspace_id: int, text: str) -> Subject:
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise PersonNotFound
    subject = Subject(workspace_id, int(text))
    load_person(subject)
    return subject


def _the_one(found: Sequence[Subject]) -> Subject:
    present = [subject for subject in found if _is_present(subject)]
    if not present:
        raise PersonNotFound
    if len(present) > 1:
        raise Ambiguous
    return present[0]


def _is_present(subject: Subject) -> bool:
    try:
        load_person(subject)
    except PersonNotFound:
        return False
    return True


def show_people(rows: Sequence[Person]) -> list[PersonOut]:
    """People with their identifiers, in the given order."""
    ids = [row.person_id for row in rows]
    handles, stances = load_identifiers(ids), load_stances(ids)
    return [
        PersonOut(
            id=str(row.person_id),
            created_at=iso(row.created_at),
            updated_at=iso(row.updated_at),
            identifiers=[
                IdentifierOut(kind=handle.kind, value=handle.value, detail=handle.detail)
                for handle in sorted(handles.get(row.person_id, []), key=lambda handle: (KINDS.index(handle.kind), handle.value))
            ],
            attributes=row.attributes,
            origins={name: OriginOut(source=source, at=iso(at)) for name, (source, at) in row.origins.items()},
            tags=row.tags,
            restricted=is_restricted(stances.get(row.person_id, {})),
        )
        for row in rows
    ]


def show_person(subject: Subject) -> PersonOut:
    """One person. Raises PersonNotFound."""
    return show_people([load_person(subject)])[0]
