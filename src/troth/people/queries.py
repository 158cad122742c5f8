"""The hot SQL of people: all of it set-based, each statement naming its buckets through the keys it is joined with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connection

from troth.kernel.ids import bucket_of, bucket_of_tag
from troth.kernel.json_text import decode, encode
from troth.kernel.personal_data import Subject, keys_of
from troth.kernel.sql import PERSON_KEY, TAG_KEY, insert_rows, is_sqlite, select_by_keys
from troth.people.identifiers import Handle
from troth.people.models import PersonState

IN_SEARCH = ("external_id", "email", "phone")
"""The kinds by whose beginning people are searched: an index covers these."""
LAST_CHARACTER = "\U0010ffff"
INSERT_PERSON = "INSERT INTO people_person (bucket, person_id, workspace_id, state, created_at, updated_at, seq, attributes, origins, tags)"
INSERT_IDENTIFIER = "INSERT INTO people_identifier (bucket, person_id, kind, tag, workspace_id, value, detail, source, created_at)"
INSERT_INDEX = "INSERT INTO people_identifierindex (bucket, tag, slot, person_id, created_at)"
INSERT_EVENT = "INSERT INTO people_event (bucket, person_id, seq, workspace_id, name, ts, received_at, source, purpose, properties, dedupe)"


def find_holders(tags: Iterable[bytes]) -> dict[bytes, list[int]]:
    """For each tag the ids of the persons who have that identifier, the oldest holding first; tags nobody has are absent."""
    return {tag: [person_id for _, person_id in held] for tag, held in find_holdings(tags).items()}


def find_holdings(tags: Iterable[bytes]) -> dict[bytes, list[tuple[int, int]]]:
    """As `find_holders`, each with the moment since when: (created_at, person_id), in that order."""
    keys = [(bucket_of_tag(tag), tag) for tag in tags]
    found: dict[bytes, list[tuple[int, int]]] = {}
    rows = select_by_keys(
        "SELECT i.tag, i.created_at, i.person_id",
        "JOIN people_identifierindex i ON i.bucket = k.column1 AND i.tag = k.column2",
        keys,
        TAG_KEY,
    )
    for tag, created_at, person_id in rows:
        held = found.setdefault(bytes(tag), [])
        if (created_at, person_id) not in held:
            held.append((created_at, person_id))
    for held in found.values():
        if len(held) > 1:
            held.sort()
    return found


class Profile(NamedTuple):
    """What is known of a person, as it can be changed."""

    attributes: dict[str, Any]
    origins: dict[str, list[Any]]
    """Where attributes came from: name → [door, since when in milliseconds]."""
    tags: list[str]

    def merge(self, changed: Mapping[str, Any], origin: list[Any], add_tags: Iterable[str] = (), remove_tags: Iterable[str] = ()) -> None:
        """Merge in place: `None` removes an attribute and what is known of its origin; said again, a value keeps its first origin."""
        attributes, origins, tags = self
        for name, value in changed.items():
            if value is None:
                attributes.pop(name, None)
                origins.pop(name, None)
            else:
                if name not in origins or attributes.get(name) != value:
                    origins[name] = origin
                attributes[name] = value
        tags.extend(tag for tag in dict.fromkeys(add_tags) if tag not in tags)
        for tag in remove_tags:
            if tag in tags:
                tags.remove(tag)


def insert_persons(rows: Sequence[tuple[int, int, Profile, int]]) -> None:
    """New persons: (person_id, workspace_id, profile, now)."""
    insert_rows(
        INSERT_PERSON,
        [
            (bucket_of(p), p, w, PersonState.ACTIVE, now, now, 0, encode(own.attributes), encode(own.origins), encode(own.tags))
            for p, w, own, now in rows
        ],
    )


def insert_identifiers(rows: Sequence[tuple[int, int, Handle, str, int]]) -> int:
    """Give identifiers to persons: (person_id, workspace_id, handle, source, now). Returns how many look-up rows were new.

    Fewer than asked for means that somebody else took a unique identifier meanwhile: the caller rolls back and tries again.
    """
    insert_rows(
        INSERT_IDENTIFIER,
        [(bucket_of(p), p, h.kind, h.tag, w, h.value, h.detail, source, now) for p, w, h, source, now in rows],
        "ON CONFLICT DO NOTHING",
    )
    return insert_rows(
        INSERT_INDEX,
        [(h.bucket, h.tag, 0 if h.is_unique else p, p, now) for p, _, h, _, now in rows],
        "ON CONFLICT DO NOTHING",
    )


def load_profiles(person_ids: Iterable[int]) -> dict[int, tuple[dict[str, Any], list[str]]]:
    """Attributes and tags of persons."""
    keys = [(bucket_of(p), p) for p in person_ids]
    rows = select_by_keys(
        "SELECT p.person_id, p.attributes, p.tags",
        "JOIN people_person p ON p.bucket = k.column1 AND p.person_id = k.column2",
        keys,
        PERSON_KEY,
    )
    return {person_id: (decode(attributes), decode(tags)) for person_id, attributes, tags in rows}


def load_whole_profiles(person_ids: Iterable[int]) -> dict[int, Profile]:
    """Attributes with their origins, and tags: to be changed and written back."""
    keys = [(bucket_of(p), p) for p in person_ids]
    rows = select_by_keys(
        "SELECT p.person_id, p.attributes, p.origins, p.tags",
        "JOIN people_person p ON p.bucket = k.column1 AND p.person_id = k.column2",
        keys,
        PERSON_KEY,
    )
    return {person_id: Profile(decode(attributes), decode(origins), decode(tags)) for person_id, attributes, origins, tags in rows}


def update_profiles(rows: Sequence[tuple[int, Profile, int]]) -> None:
    """Write profiles back: (person_id, profile, now)."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE people_person SET attributes = %s, origins = %s, tags = %s, updated_at = %s WHERE bucket = %s AND person_id = %s",
            [(encode(own.attributes), encode(own.origins), encode(own.tags), now, bucket_of(p), p) for p, own, now in rows],
        )


def load_identifiers(person_ids: Iterable[int]) -> dict[int, list[Handle]]:
    """All identifiers of persons, in clear."""
    keys = [(bucket_of(p), p) for p in person_ids]
    rows = select_by_keys(
        "SELECT i.person_id, i.kind, i.value, i.tag, i.detail",
        "JOIN people_identifier i ON i.bucket = k.column1 AND i.person_id = k.column2",
        keys,
        PERSON_KEY,
    )
    found: dict[int, dict[tuple[str, bytes], Handle]] = {}
    for person_id, kind, value, tag, detail in rows:
        found.setdefault(person_id, {})[kind, bytes(tag)] = Handle(kind, value, bytes(tag), detail)
    return {person_id: list(handles.values()) for person_id, handles in found.items()}


def find_by_beginning(workspace_id: int, begins: Sequence[str], limit: int) -> list[tuple[int, str, str]]:
    """Persons who are there with an identifier that begins so: (person_id, kind, value) by value, each person once, at most `limit`.

    A range of the index `identifier_by_value`, over all buckets: compared by code points, whatever the database's locale.
    """
    at_least, below = (">=", "<") if is_sqlite() else ("~>=~", "~<~")
    found: dict[int, tuple[str, str]] = {}
    for begin in begins:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT i.person_id, i.kind, i.value FROM people_identifier i JOIN people_person p"
                f" ON p.bucket = i.bucket AND p.person_id = i.person_id AND p.state = {int(PersonState.ACTIVE)}"
                " WHERE i.workspace_id = %s AND i.kind IN ('external_id', 'email', 'phone')"
                f" AND i.value {at_least} %s AND i.value {below} %s ORDER BY i.value {'' if is_sqlite() else 'USING ~<~'} LIMIT %s",
                [workspace_id, begin, begin + LAST_CHARACTER, len(IN_SEARCH) * limit],
            )
            for person_id, kind, value in cursor.fetchall():
                found.setdefault(person_id, (kind, value))
    return [(person_id, kind, value) for person_id, (kind, value) in found.items()][:limit]


def remove_identifiers(rows: Sequence[tuple[int, Handle]]) -> None:
    """Take identifiers from persons: (person_id, handle)."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM people_identifier WHERE bucket = %s AND person_id = %s AND kind = %s AND tag = %s",
            [(bucket_of(p), p, h.kind, h.tag) for p, h in rows],
        )
        cursor.executemany(
            "DELETE FROM people_identifierindex WHERE bucket = %s AND tag = %s AND person_id = %s",
            [(h.bucket, h.tag, p) for p, h in rows],
        )


def forget_lookups(subjects: Sequence[Subject]) -> dict[int, list[Handle]]:
    """Remove the look-up rows of persons, so that no identifier leads to them any more; returns the identifiers by person id."""
    held = load_identifiers([subject.person_id for subject in subjects])
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM people_identifierindex WHERE bucket = %s AND tag = %s AND person_id = %s",
            [(handle.bucket, handle.tag, person_id) for person_id, handles in held.items() for handle in handles],
        )
    return held


def mark_being_erased(subjects: Sequence[Subject]) -> None:
    """From now on the persons are not shown and not processed."""
    with connection.cursor() as cursor:
        for listed, values in keys_of(subjects):
            cursor.execute(
                f"UPDATE people_person SET state = %s WHERE (bucket, person_id) IN {listed}", [PersonState.BEING_ERASED, *values]
            )


def find_active(person_ids: Iterable[int]) -> dict[int, int]:
    """The workspace of each person who is there and not being erased; the others are absent."""
    keys = [(bucket_of(p), p) for p in person_ids if 0 < p < 2**63]
    rows = select_by_keys(
        "SELECT p.person_id, p.workspace_id",
        f"JOIN people_person p ON p.bucket = k.column1 AND p.person_id = k.column2 AND p.state = {int(PersonState.ACTIVE)}",
        keys,
        PERSON_KEY,
    )
    return dict(rows)


def list_everybody(workspace_id: int, after_id: int, limit: int) -> list[tuple[int, int]]:
    """A page of a workspace's people who are there, after a person (0: the first page): (person_id, created_at), by bucket and person.

    Over all buckets, from the index `person_by_key`.
    """
    after = bucket_of(after_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.person_id, p.created_at FROM people_person p WHERE p.workspace_id = %s AND p.bucket >= %s AND (p.bucket, p.person_id) > (%s, %s)"
            f" AND p.state = {int(PersonState.ACTIVE)} ORDER BY p.bucket, p.person_id LIMIT %s",
            [workspace_id, after, after, after_id, limit],
        )
        return list(cursor.fetchall())


def take_event_numbers(counts: dict[int, int]) -> dict[int, int]:
    """Reserve event numbers for persons; returns the last number before the reserved ones. Persons who are gone are absent."""
    keys = [(bucket_of(p), p) for p in counts]
    rows = select_by_keys(
        "SELECT p.person_id, p.seq",
        f"JOIN people_person p ON p.bucket = k.column1 AND p.person_id = k.column2 AND p.state = {int(PersonState.ACTIVE)}",
        keys,
        PERSON_KEY,
    )
    before = dict(rows)
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE people_person SET seq = %s WHERE bucket = %s AND person_id = %s",
            [(seq + counts[p], bucket_of(p), p) for p, seq in before.items()],
        )
    return before
