"""Whose data a schedule reaches now: set by set, in a range of buckets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.db import connection

from troth.kernel.json_text import decode
from troth.kernel.sql import is_sqlite
from troth.people.models import PersonState
from troth.privacy.inventory.counting import ATTRIBUTE, EVENT, PROPERTY
from troth.privacy.models import RetentionRule
from troth.privacy.retention.rules import AGE, LAST_ACTIVITY, Datum

ACTIVE = int(PersonState.ACTIVE)


class DueAttribute(NamedTuple):
    """An attribute of a person whose time is over."""

    person_id: int
    datum: Datum


class DueEvent(NamedTuple):
    """An event whose time, or the time of some of whose properties, is over."""

    bucket: int
    person_id: int
    seq: int
    name: str
    received_at: int
    source: str
    properties: dict[str, Any]
    data: tuple[Datum, ...]
    """What of it goes: the event itself, or properties."""


def due_people(rule: RetentionRule, cutoff: int, first: int, until: int) -> list[int]:
    """The persons whom the trigger of a schedule reached, in the buckets from `first` on and before `until`."""
    where, values = _person_where(rule, cutoff)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.person_id FROM people_person p WHERE p.bucket >= %s AND p.bucket < %s AND p.workspace_id = %s"
            f" AND p.state = {ACTIVE} AND {where} ORDER BY p.person_id",
            [first, until, rule.workspace_id, *values],
        )
        return [person_id for (person_id,) in cursor.fetchall()]


def _person_where(rule: RetentionRule, cutoff: int) -> tuple[str, list[Any]]:
    """The trigger as a condition on `p`."""
    if rule.trigger == AGE:
        return "1 = 1", []
    if rule.trigger == LAST_ACTIVITY:
        none_later = (
            "NOT EXISTS (SELECT 1 FROM people_event e WHERE e.bucket = p.bucket AND e.person_id = p.person_id AND e.received_at >= %s)"
        )
        return f"p.updated_at < %s AND p.created_at < %s AND {none_later}", [cutoff, cutoff, cutoff]
    ended = (
        "EXISTS (SELECT 1 FROM consent_stance s WHERE s.bucket = p.bucket AND s.person_id = p.person_id AND s.purpose = %s"
        " AND ((s.standing <> 1 AND s.at < %s) OR s.valid_until < %s))"
    )
    return ended, [rule.purpose, cutoff, cutoff]


def due_attributes(rule: RetentionRule, data: Iterable[Datum], cutoff: int, first: int, until: int) -> list[DueAttribute]:
    """The attributes that go: by age those that were said before the cutoff, else all that the schedule names of the persons reached."""
    names = {datum.name: datum for datum in data if datum.kind == ATTRIBUTE}
    if not names:
        return []
    where, values = _person_where(rule, cutoff)
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.person_id, p.attributes, p.origins FROM people_person p WHERE p.bucket >= %s AND p.bucket < %s"
            f" AND p.workspace_id = %s AND p.state = {ACTIVE} AND {where}",
            [first, until, rule.workspace_id, *values],
        )
        for person_id, attributes, origins in cursor.fetchall():
            held, since = _plain(attributes), _plain(origins)
            # Of what came before origins were noted the age is not known: it stays.
            found += [
                DueAttribute(person_id, names[name])
                for name in names.keys() & held.keys()
                if rule.trigger != AGE or (name in since and since[name][1] < cutoff)
            ]
    return found


def due_events(rule: RetentionRule, data: Iterable[Datum], cutoff: int, first: int, until: int) -> list[DueEvent]:
    """The events that go, or lose properties: by age those received before the cutoff, else all that the schedule names of the persons reached."""
    by_event: dict[str, list[Datum]] = {}
    for datum in data:
        if datum.kind in (EVENT, PROPERTY):
            by_event.setdefault(datum.event, []).append(datum)
    if not by_event:
        return []
    where, values = _person_where(rule, cutoff)
    age = " AND e.received_at < %s" if rule.trigger == AGE else ""
    text = "e.properties" if is_sqlite() else "e.properties::text"
    found = []
    with connection.cursor() as cursor:
        for name, own in by_event.items():
            cursor.execute(
                f"SELECT e.bucket, e.person_id, e.seq, e.received_at, e.source, {text} FROM people_event e"
                " JOIN people_person p ON p.bucket = e.bucket AND p.person_id = e.person_id"
                f" WHERE e.workspace_id = %s AND e.name = %s AND e.bucket >= %s AND e.bucket < %s AND {where}{age}",
                [rule.workspace_id, name, first, until, *values, *([cutoff] if age else [])],
            )
            for bucket, person_id, seq, received_at, source, properties in cursor.fetchall():
                held = decode(properties)
                going = tuple(datum for datum in own if datum.kind == EVENT or datum.name in held)
                if going:
                    found.append(DueEvent(bucket, person_id, seq, name, received_at, source, held, going))
    return found


def _plain(value: Any) -> Mapping[str, Any]:
    plain: Mapping[str, Any] = decode(value) if isinstance(value, str | bytes) else value
    return plain
