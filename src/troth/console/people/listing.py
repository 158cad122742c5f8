"""A page of people out of millions: by keyset from the index on age, looking at a bounded number of rows however rare the match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from troth.console.naming import name_of
from troth.console.people.filtering import Filters
from troth.kernel.json_text import decode
from troth.kernel.sql import PERSON_KEY, select_by_keys
from troth.people.identifiers import Handle
from troth.people.lookup import search_people
from troth.people.models import PersonState
from troth.people.queries import load_identifiers

SHOWN = 50
LOOKED_AT = 5_000
"""Rows that one answer looks at, at most."""
Key = tuple[int, int, int]
"""created_at, bucket, person_id."""
_COLUMNS = "p.created_at, p.bucket, p.person_id, p.updated_at, p.attributes, p.tags"


@dataclass(frozen=True)
class PersonRow:
    """A person as a line."""

    person_id: int
    name: str
    created_at: int
    updated_at: int
    attributes: dict[str, Any]
    tags: list[str]
    handles: dict[str, str]
    found_by: str = ""
    """The kind of identifier that a search hit."""


@dataclass(frozen=True)
class Page:
    """Some people, and where to go on: after the last one shown, or after the last one looked at."""

    rows: list[PersonRow]
    older: Key | None = None
    looked_at: int = 0
    """Rows looked at when fewer than a page were found and there are more."""


def read_page(workspace_id: int, filters: Filters, *, after: tuple[int, ...] = (), oldest_first: bool = False) -> Page:
    """A page of the people of a workspace, the newest first. Reads all buckets, from the index on age."""
    order = "ASC" if oldest_first else "DESC"
    window, values = _window(workspace_id, filters, after, oldest_first=oldest_first)
    ordered = ", ".join(f"{{0}}.{column} {order}" for column in ("created_at", "bucket", "person_id"))
    where = " AND ".join((f"p.state = {int(PersonState.ACTIVE)}", *filters.conditions))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM ({window} LIMIT %s) AS w JOIN people_person p ON p.bucket = w.bucket AND p.person_id = w.person_id"
            f" WHERE {where} ORDER BY {ordered.format('p')} LIMIT %s",
            [*values, LOOKED_AT, *filters.values, SHOWN + 1],
        )
        found = cursor.fetchall()
        if len(found) > SHOWN:
            return Page(_rows(found[:SHOWN]), older=found[SHOWN - 1][:3])
        cursor.execute(f"{window} LIMIT 1 OFFSET %s", [*values, LOOKED_AT - 1])
        last = cursor.fetchone()
    return Page(_rows(found), older=tuple(last) if last else None, looked_at=LOOKED_AT if last else 0)


def _window(workspace_id: int, filters: Filters, after: tuple[int, ...], *, oldest_first: bool) -> tuple[str, list[Any]]:
    """The rows to look at, without their number."""
    parts, values = ["workspace_id = %s"], [workspace_id]
    if filters.since is not None:
        parts.append("created_at >= %s")
        values.append(filters.since)
    if filters.until is not None:
        parts.append("created_at < %s")
        values.append(filters.until)
    if after:
        parts.append(f"(created_at, bucket, person_id) {'>' if oldest_first else '<'} (%s, %s, %s)")
        values.extend(after)
    order = "ASC" if oldest_first else "DESC"
    ordered = f"ORDER BY created_at {order}, bucket {order}, person_id {order}"
    return f"SELECT created_at, bucket, person_id FROM people_person WHERE {' AND '.join(parts)} {ordered}", values


def search(workspace_id: int, text: str) -> list[PersonRow]:
    """People by any identifier: exactly, then by its beginning."""
    hits = search_people(workspace_id, text, SHOWN)
    kinds = {subject.person_id: kind for subject, kind, _value in hits}
    keys = [(subject.bucket, subject.person_id) for subject, _kind, _value in hits]
    found = {
        row[2]: row
        for row in select_by_keys(
            f"SELECT {_COLUMNS}", "JOIN people_person p ON p.bucket = k.column1 AND p.person_id = k.column2", keys, PERSON_KEY
        )
    }
    return _rows([found[person_id] for person_id in kinds if person_id in found], kinds)


def _rows(found: Sequence[Sequence[Any]], kinds: dict[int, str] | None = None) -> list[PersonRow]:
    handles = load_identifiers([row[2] for row in found])
    return [_row(row, handles.get(row[2], []), (kinds or {}).get(row[2], "")) for row in found]


def _row(row: Sequence[Any], handles: list[Handle], found_by: str) -> PersonRow:
    created_at, _bucket, person_id, updated_at, attributes, tags = row
    return PersonRow(
        person_id=person_id,
        name=name_of(person_id, handles),
        created_at=created_at,
        updated_at=updated_at,
        attributes=_plain(attributes),
        tags=_plain(tags),
        handles={handle.kind: handle.value for handle in handles},
        found_by=found_by,
    )


def _plain(value: Any) -> Any:
    return decode(value) if isinstance(value, str | bytes) else value
