"""Clearing what was collected and is not any more: one job, a few buckets at a time, each step one transaction.

Only what was stopped at the door is cleared, else it would come back. What messages were made of keeps its own, shorter retention.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import connection, transaction

from troth.consent.collecting import is_stopped
from troth.consent.held import find_held, name_datum
from troth.kernel.errors import TrothError
from troth.kernel.ids import BUCKETS
from troth.kernel.json_text import decode, encode
from troth.kernel.sql import is_sqlite
from troth.people.queries import Profile, load_whole_profiles, update_profiles
from troth.privacy.inventory.counting import ATTRIBUTE, EVENT, PROPERTY
from troth.privacy.models import Clearing, InventoryItem
from troth.segments.changes import Changed, mark

AT_ONCE = 500
"""Persons or events that one step changes."""


class ClearingInvalid(TrothError):
    """It is collected still, or is being cleared already."""


def start_clearing(workspace_id: int, kind: str, event: str, name: str, *, now: int) -> Clearing:
    """Have everything that is stored under a name deleted. Raises ClearingInvalid while it is still collected."""
    if not is_stopped(workspace_id, kind, event, name):
        raise ClearingInvalid("$.name: it is still collected: stop that first, or it comes back.")
    with transaction.atomic():
        own = Clearing.objects.filter(workspace_id=workspace_id, kind=kind, event=event, name=name, ended_at=None)
        found = own.first()
        return found or Clearing.objects.create(
            id=uuid.uuid4(), workspace_id=workspace_id, kind=kind, event=event, name=name, started_at=now
        )


def is_clearing(workspace_id: int, kind: str, event: str, name: str) -> bool:
    """Whether it is being deleted at this moment."""
    return Clearing.objects.filter(workspace_id=workspace_id, kind=kind, event=event, name=name, ended_at=None).exists()


def stop_clearing(workspace_id: int, kind: str, event: str, name: str, *, now: int) -> None:
    """Delete no more of it; what is deleted is gone."""
    Clearing.objects.filter(workspace_id=workspace_id, kind=kind, event=event, name=name, ended_at=None).update(ended_at=now)


def clear_next(now: int) -> bool:
    """Worker duty: one step of the oldest clearing whose instruction, or that by which collecting ended, is not contested; True while there is more to do."""
    waiting = Clearing.objects.filter(ended_at=None).order_by("started_at")
    job = next((job for job in waiting if find_held(job.workspace_id, name_datum(job.kind, job.event, job.name)) is None), None)
    if job is None:
        return False
    with transaction.atomic():
        step = _clear_attribute if job.kind == ATTRIBUTE else _clear_event if job.kind == EVENT else _clear_property
        found = step(job)
        job.cleared += len(found)
        if len(found) == AT_ONCE:
            # All that was found before is cleared, so the same look goes on where this one stopped.
            job.bucket = found[-1]
        else:
            job.ended_at = now
            _forget_item(job)
        job.save(update_fields=["cleared", "bucket", "ended_at"])
    return True


def _clear_attribute(job: Clearing) -> list[int]:
    """Take the attribute from the next persons, from a bucket on; their buckets."""
    has = "EXISTS (SELECT 1 FROM json_each(p.attributes) j WHERE j.key = %s)" if is_sqlite() else "jsonb_exists(p.attributes, %s)"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.bucket, p.person_id FROM people_person p WHERE p.bucket >= %s AND p.bucket < %s AND p.workspace_id = %s"
            f" AND {has} ORDER BY p.bucket, p.person_id LIMIT %s",
            [job.bucket, BUCKETS, job.workspace_id, job.name, AT_ONCE],
        )
        found = cursor.fetchall()
    profiles = load_whole_profiles(person_id for _, person_id in found)
    rows: list[tuple[int, Profile, int]] = []
    for person_id, profile in profiles.items():
        profile.attributes.pop(job.name, None)
        profile.origins.pop(job.name, None)
        rows.append((person_id, profile, job.started_at))
    update_profiles(rows)
    mark(Changed(job.workspace_id, person_id, f"attribute:{job.name}") for person_id in profiles)
    return [bucket for bucket, _ in found]


def _find_events(job: Clearing, and_where: str, values: list[Any]) -> list[tuple[int, int, int, Any]]:
    """The next events of the name, from a bucket on, from the index on names: bucket, person, number, properties."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.bucket, e.person_id, e.seq, e.properties FROM people_event e WHERE e.workspace_id = %s AND e.name = %s"
            f" AND e.bucket >= %s AND e.bucket < %s{and_where} ORDER BY e.bucket, e.person_id, e.seq LIMIT %s",
            [job.workspace_id, job.event, job.bucket, BUCKETS, *values, AT_ONCE],
        )
        return list(cursor.fetchall())


def _clear_event(job: Clearing) -> list[int]:
    found = _find_events(job, "", [])
    with connection.cursor() as cursor:
        cursor.executemany("DELETE FROM people_event WHERE bucket = %s AND person_id = %s AND seq = %s", [row[:3] for row in found])
    _mark(job, found)
    return [row[0] for row in found]


def _clear_property(job: Clearing) -> list[int]:
    has = " AND EXISTS (SELECT 1 FROM json_each(e.properties) j WHERE j.key = %s)" if is_sqlite() else " AND jsonb_exists(e.properties, %s)"
    found = _find_events(job, has, [job.name])
    rows = []
    for bucket, person_id, seq, text in found:
        properties = decode(text) if isinstance(text, str | bytes) else dict(text)
        properties.pop(job.name, None)
        rows.append((encode(properties), bucket, person_id, seq))
    with connection.cursor() as cursor:
        cursor.executemany("UPDATE people_event SET properties = %s WHERE bucket = %s AND person_id = %s AND seq = %s", rows)
    _mark(job, found)
    return [row[0] for row in found]


def _mark(job: Clearing, found: list[tuple[int, int, int, Any]]) -> None:
    mark(Changed(job.workspace_id, person_id, f"event:{job.event}") for person_id in {row[1] for row in found})


def _forget_item(job: Clearing) -> None:
    """Nothing of the name is stored any more: it leaves the inventory, with what lay within it."""
    own = InventoryItem.objects.filter(workspace_id=job.workspace_id)
    if job.kind == EVENT:
        own.filter(event=job.event, kind__in=(EVENT, PROPERTY)).delete()
    else:
        own = own.filter(kind=job.kind, event=job.event)
        own.filter(name=job.name).delete()
        own.filter(name__startswith=f"{job.name}.").delete()
