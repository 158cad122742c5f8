"""What people's tables hold, and how it is exported, erased and merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection

from troth.kernel.clock import iso
from troth.kernel.ids import BUCKETS
from troth.kernel.personal_data import Store, Subject, Table, declare
from troth.kernel.tenancy import declare_belonging
from troth.people.identifiers import EMAIL, PHONE
from troth.people.models import Event, Identifier, Person
from troth.people.queries import Profile, forget_lookups, load_identifiers, load_whole_profiles, update_profiles

_person = Table(model=Person, times=("created_at", "updated_at"), json=("attributes", "origins", "tags"), hidden=("state", "seq"))
_identifier = Table(model=Identifier, times=("created_at",), hidden=("tag",), order_by="created_at, kind")
_event = Table(model=Event, times=("ts", "received_at"), json=("properties",), hidden=("dedupe",), renumber="seq", order_by="seq")


def _move_person(source: Subject, target: Subject) -> int:
    """The target keeps its own attributes where both have one, each with its origin; tags are united."""
    profiles = load_whole_profiles([source.person_id, target.person_id])
    old, own = profiles[source.person_id], profiles[target.person_id]
    brought = {name: origin for name, origin in old.origins.items() if name not in own.attributes}
    merged = Profile({**old.attributes, **own.attributes}, {**brought, **own.origins}, [*dict.fromkeys([*own.tags, *old.tags])])
    row = Person.objects.get(bucket=target.bucket, person_id=target.person_id)
    update_profiles([(target.person_id, merged, row.updated_at)])
    oldest = min(row.created_at, Person.objects.get(bucket=source.bucket, person_id=source.person_id).created_at)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE people_person SET created_at = %s, seq = COALESCE((SELECT MAX(e.seq) FROM people_event e"
            " WHERE e.bucket = people_person.bucket AND e.person_id = people_person.person_id), people_person.seq)"
            " WHERE bucket = %s AND person_id = %s",
            [oldest, target.bucket, target.person_id],
        )
    return _person.erase([source]).total()


def _export_person(subject: Subject) -> Iterator[dict[str, Any]]:
    """The row, with the source of each attribute in words (Art. 15(1)(g))."""
    for row in _person.export(subject):
        yield {**row, "origins": {name: {"source": source, "at": iso(at)} for name, (source, at) in row["origins"].items()}}


def _move_identifiers(source: Subject, target: Subject) -> int:
    """All identifiers come along, but an address or number only where the target has none: a person has one current one."""
    handles = load_identifiers([source.person_id, target.person_id])
    kept = {h.kind for h in handles.get(target.person_id, [])} & {EMAIL, PHONE}
    dropped = [h for h in handles.get(source.person_id, []) if h.kind in kept]
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM people_identifier WHERE bucket = %s AND person_id = %s AND kind = %s AND tag = %s",
            [(source.bucket, source.person_id, h.kind, h.tag) for h in dropped],
        )
        for handle in handles.get(source.person_id, []):
            cursor.execute(
                "DELETE FROM people_identifierindex WHERE bucket = %s AND tag = %s AND person_id = %s",
                [handle.bucket, handle.tag, source.person_id],
            )
            if handle not in dropped:
                cursor.execute(
                    "INSERT INTO people_identifierindex (bucket, tag, slot, person_id, created_at)"
                    " SELECT %s, %s, %s, %s, created_at FROM people_person WHERE bucket = %s AND person_id = %s ON CONFLICT DO NOTHING",
                    [
                        handle.bucket,
                        handle.tag,
                        0 if handle.is_unique else target.person_id,
                        target.person_id,
                        target.bucket,
                        target.person_id,
                    ],
                )
    return _identifier.move(source, target)


def _erase_identifiers(subjects: Sequence[Subject]) -> Counter[int]:
    forget_lookups(subjects)
    return _identifier.erase(subjects)


declare(
    Store(
        name="people.person",
        provided=True,
        title="Profile: attributes and tags",
        category="profile",
        purpose="service, or the purpose its attribute is assigned to",
        origin="the customer's own systems (API, import) and the person",
        retention="until erased",
        export=_export_person,
        erase=_person.erase,
        move=_move_person,
        models=("people.Person",),
        columns=("attributes", "origins", "tags"),
        erase_order=100,
    )
)
declare(
    Store(
        name="people.identifiers",
        provided=True,
        title="Identifiers and devices, and the keyed hashes that lead to the person",
        category="identity",
        purpose="service",
        origin="the customer's own systems (API, import) and the person",
        retention="until erased; a replaced address or number is removed at once",
        export=_identifier.export,
        erase=_erase_identifiers,
        move=_move_identifiers,
        models=("people.Identifier", "people.IdentifierIndex"),
        columns=("value",),
        erase_order=90,
    )
)
declare(
    Store(
        name="people.events",
        provided=True,
        title="Events: what the person did",
        category="behaviour",
        purpose="the purpose its event name is assigned to",
        origin="the customer's own systems (API, import)",
        retention="until erased",
        export=_event.export,
        erase=_event.erase,
        move=_event.move,
        models=("people.Event",),
        columns=("name", "ts", "properties"),
    )
)

declare_belonging(
    "people.IdentifierIndex", "people.Person", f"parent.bucket = own.person_id %% {BUCKETS} AND parent.person_id = own.person_id"
)
