"""People in bulk for the console's benchmark: invented as the demonstration invents them, written in the order of the clustered keys."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from django.db import connection, transaction

from troth.kernel.clock import DAY
from troth.kernel.ids import bucket_of
from troth.kernel.json_text import encode
from troth.people.identifiers import EMAIL, EXTERNAL_ID, PHONE, Handle, make_handle
from troth.people.queries import INSERT_IDENTIFIER, INSERT_INDEX, INSERT_PERSON
from troth.project.demo.people import COMPANIES, FIRST, LAST, PLANS, ZONES

COUNTRIES = ("DE", "DE", "DE", "FR", "FR", "ES", "PL", "PT", "NL", "AT", "US", "JP")
HEAVY = "heavy-person"
HEAVY_EVENTS = 10_000
MOST_EVENTS = 4_000
"""Of anybody else."""
CHUNK = 20_000
Say = Callable[[str, int, int], None]


def write_people(workspace_id: int, people: int, events: int, now: int, say: Say) -> int:
    """Write `people` persons with their identifiers; `seq` says how many events each is to have, `events` in all. Returns the heavy person's id."""
    dice = random.Random(7)  # an invention, not cryptography
    ids = sorted((secrets.randbits(63) or 1 for _ in range(people)), key=lambda one: (bucket_of(one), one))
    heavy = ids[len(ids) // 2]
    births = [now - int(400 * DAY * dice.random()) for _ in ids]
    births[len(ids) // 2] = now - 300 * DAY
    numbers = _deal_events(dice, [min(1.0, (now - born) / (90 * DAY)) for born in births], len(ids) // 2, events)
    look_ups: list[tuple[Any, ...]] = []
    for done in range(0, people, CHUNK):
        persons: list[tuple[Any, ...]] = []
        identifiers: list[tuple[Any, ...]] = []
        for place in range(done, min(done + CHUNK, people)):
            person_id = ids[place]
            since = births[place]
            facts, handles = _invent(dice, workspace_id, place, heavy=person_id == heavy)
            origins = {name: ["segment" if place % 2 else "vero", since] for name in facts}
            row = (bucket_of(person_id), person_id, workspace_id, 0, since, since, numbers[place], encode(facts), encode(origins))
            persons.append((*row, '["beta"]' if place % 40 == 0 else "[]"))
            for handle in sorted(handles, key=lambda one: (one.kind, one.tag)):
                identifiers.append(
                    (bucket_of(person_id), person_id, handle.kind, handle.tag, workspace_id, handle.value, "", "segment", since)
                )
                look_ups.append((handle.bucket, handle.tag, 0 if handle.is_unique else person_id, person_id, since))
        with transaction.atomic():
            _insert(INSERT_PERSON, persons)
            _insert(INSERT_IDENTIFIER, identifiers)
        say("people", min(done + CHUNK, people), people)
    look_ups.sort()
    rest = iter(look_ups)
    written = 0
    while chunk := list(islice(rest, 5 * CHUNK)):
        with transaction.atomic():
            _insert(INSERT_INDEX, chunk)
        written += len(chunk)
        say("look-ups", written, len(look_ups))
    return heavy


def _deal_events(dice: random.Random, ages: list[float], heavy: int, events: int) -> list[int]:
    """How many events each person has: few have many, newcomers fewer. They add up to `events`. `ages` are shares of the period."""
    share = [age * dice.lognormvariate(0, 1.1) for age in ages]
    share[heavy] = 0
    left = max(0, events - HEAVY_EVENTS)
    scale = left / sum(share)
    numbers = [min(MOST_EVENTS, int(one * scale)) for one in share]
    missing = left - sum(numbers)
    others = [place for place in range(len(ages)) if place != heavy]
    for turn in range(missing):
        numbers[others[turn % len(others)]] += 1
    numbers[heavy] = min(events, HEAVY_EVENTS)
    return numbers


def _invent(dice: random.Random, workspace_id: int, place: int, *, heavy: bool) -> tuple[dict[str, Any], list[Handle]]:
    first, last = dice.choice(FIRST), dice.choice(LAST)
    external_id, email = f"user-{10_000 + place}", f"{first}.{last}.{place}@example.com".lower()
    if heavy:
        first, last, external_id, email = "Heavy", "Person", HEAVY, "heavy.person@example.com"
    facts = {
        "first_name": first,
        "last_name": last,
        "company": dice.choice(COMPANIES),
        "plan": dice.choice(PLANS),
        "country": dice.choice(COUNTRIES),
        "timezone": dice.choice(ZONES),
    }
    values = [(EXTERNAL_ID, external_id), (EMAIL, email)]
    if place % 10 == 0:
        values.append((PHONE, f"+49301{place:07d}"))
    return facts, list(_handles(workspace_id, values))


def _handles(workspace_id: int, values: list[tuple[str, str]]) -> Iterator[Handle]:
    for kind, value in values:
        if handle := make_handle(workspace_id, kind, value):
            yield handle


def _insert(head: str, rows: list[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(f"{head} VALUES ({', '.join(['%s'] * len(rows[0]))})", rows)
