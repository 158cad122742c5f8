"""What a legal hold keeps of somebody who is erased (Art. 17(3)): per item, taken out of every store and sealed, with its ground and its end.

The person is erased like anybody else: suppressed, gone from every store, found by no search. What is held lies apart, encrypted, and is read by
nothing but who asks for it, until the hold ends (`kept_ending`).
"""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from django.db import connection
from django.db.models import QuerySet

from troth.kernel.clock import iso
from troth.kernel.crypto import open_sealed, seal
from troth.kernel.errors import TrothError
from troth.kernel.ids import new_row_id
from troth.kernel.json_text import encode
from troth.kernel.personal_data import Subject, keys_of, stores
from troth.people.event_names import fold_event_name
from troth.privacy.models.kept import KeptItem
from troth.privacy.storage.ledger_file import Held

EVERYBODY = 0
EXCEPTIONS = {
    "expression": "freedom of expression and information (Art. 17(3)(a))",
    "legal_obligation": "a legal obligation or task in the public interest (Art. 17(3)(b))",
    "public_health": "public interest in public health (Art. 17(3)(c))",
    "archiving": "archiving, research or statistics (Art. 17(3)(d))",
    "claims": "establishment, exercise or defence of legal claims (Art. 17(3)(e))",
}
"""Grounds on which data of somebody who asks for erasure may be kept."""
ITEM, GROUND = b"kept-item/v1", b"hold-ground/v1"
EVENTS = ("people.events", "intake.inbox")
PROFILE = "people.person"


class KeptUnknown(TrothError):
    """Nothing of that number is kept in the workspace."""


def standing_holds(subjects: Sequence[Subject], tag_of: Mapping[int, str], now: int) -> dict[int, list[Held]]:
    """The holds that stand over persons who are about to be erased, by workspace; `tag_of` gives the keyed hash of each. The ground is sealed in them."""
    found: dict[int, list[Held]] = {}
    with connection.cursor() as cursor:
        for listed, values in keys_of([*subjects, *(Subject(number, EVERYBODY) for number in {one.workspace_id for one in subjects})]):
            cursor.execute(
                "SELECT workspace_id, person_id, hold_id, kind, event, name, exception, until, ground FROM privacy_legalhold"
                f" WHERE (bucket, person_id) IN {listed} AND until > %s ORDER BY hold_id",
                [*values, now],
            )
            for workspace_id, person_id, hold_id, kind, event, name, exception, until, ground in cursor.fetchall():
                one = Held(
                    hold=hold_id,
                    person=tag_of.get(person_id, ""),
                    kind=kind,
                    event=event,
                    name=name,
                    exception=exception,
                    until=until,
                    ground=seal(GROUND, ground.encode()).hex(),
                )
                found.setdefault(workspace_id, []).append(one)
    return found


def set_aside(subject: Subject, held: Sequence[Held], whose: Sequence[tuple[str, str]], *, request_id: str, now: int) -> list[Held]:
    """Seal what is held of a person, before it is deleted; returns the holds that keep something. In the erasing transaction.

    `whose` are the person's identifiers: what is kept for a claim must say whose it is.
    """
    kept = []
    for one in held:
        data = _collect(subject, one)
        if not data:
            continue
        ground = open_sealed(GROUND, bytes.fromhex(one.ground)) or b""
        plain = encode({"ground": ground.decode(), "whose": [list(handle) for handle in whose], "data": data}).encode()
        key = new_row_id()
        KeptItem.objects.create(
            id=key,
            workspace_id=subject.workspace_id,
            request_id=uuid.UUID(request_id),
            hold_id=one.hold,
            kind=one.kind,
            event=one.event,
            name=one.name,
            exception=one.exception,
            since=now,
            until=one.until,
            sealed=seal(ITEM, zlib.compress(plain), b"%d" % key),
        )
        kept.append(one)
    return kept


def _collect(subject: Subject, held: Held) -> dict[str, Any]:
    """The data that a hold covers, by store; empty when the person has none."""
    own = {store.name: store for store in stores()}
    if not held.kind:
        everything = {name: list(store.export(subject)) for name, store in own.items()}
        return {name: records for name, records in everything.items() if records}
    if held.kind == "attribute":
        for profile in own[PROFILE].export(subject):
            if held.name in profile["attributes"]:
                return {
                    PROFILE: [{"attributes": {held.name: profile["attributes"][held.name]}, "origins": profile["origins"].get(held.name)}]
                }
        return {}
    found = {name: list(_events(own[name].export(subject), held)) for name in EVENTS}
    return {name: records for name, records in found.items() if records}


def _events(records: Iterator[dict[str, Any]], held: Held) -> Iterator[dict[str, Any]]:
    for record in records:
        if fold_event_name(record["name"]) != held.event:
            continue
        if held.kind == "event":
            yield record
        elif held.name in record["properties"]:
            yield {"name": record["name"], "ts": record["ts"], "properties": {held.name: record["properties"][held.name]}}


def tell_exempted(held: Sequence[Held]) -> list[dict[str, str]]:
    """What a certificate says of what is kept: which item, on what ground, until when. The ground in words may name somebody, and stays out."""
    return [
        {"item": name_of(one.kind, one.event, one.name), "ground": EXCEPTIONS[one.exception], "until": iso(one.until)}
        for one in sorted(held, key=lambda one: (one.kind, one.event, one.name, one.until))
    ]


def name_of(kind: str, event: str, name: str) -> str:
    """An item in words."""
    return " ".join(part for part in (kind, event, name) if part) or "everything"


def list_kept(workspace_id: int) -> QuerySet[KeptItem]:
    """What a workspace keeps of erased persons, the oldest first."""
    return KeptItem.objects.filter(workspace_id=workspace_id).order_by("id")


def find_kept(workspace_id: int, item_id: int) -> KeptItem:
    """One of them. Raises KeptUnknown."""
    found = list_kept(workspace_id).filter(pk=item_id).first()
    if found is None:
        raise KeptUnknown("There is no such item in this workspace.")
    return found


def open_kept(item: KeptItem) -> dict[str, Any]:
    """What is kept: `ground`, `whose`, `data`. Who calls this writes it to the audit log."""
    plain = open_sealed(ITEM, bytes(item.sealed), b"%d" % item.pk)
    if plain is None:
        raise KeptUnknown("It was sealed under another master key: put that key back.")
    opened: dict[str, Any] = msgspec.json.decode(zlib.decompress(plain))
    return opened


def end_kept(workspace_id: int, *, now: int, item_id: int | None = None, hold_id: int | None = None) -> int:
    """End the keeping of an item, or of all that a hold keeps: the worker erases it at once and renews the certificate. Returns how many."""
    which = {"pk": item_id} if item_id is not None else {"hold_id": hold_id}
    return list_kept(workspace_id).filter(**which, until__gt=now).update(until=now)
