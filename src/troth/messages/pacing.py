"""Lanes and breakers in the database: what of a batch may go now and by which way, and what its answers say about the ways (rules: `lanes.py`).

A row stands for one way out (`installation`, `channel 7`), or for a way to one mailbox provider. There are rows only where somebody set a pace or where
there is trouble, so that a batch without either reads once and writes nothing. All senders share them, so a rate is one rate however many send.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import Enum, auto
from typing import Any, NamedTuple

import msgspec
from django.db import connection, transaction

from troth.kernel.sql import is_sqlite
from troth.messages.channels.port import Channel, Medium, Outgoing, Receipt
from troth.messages.configured import Route, routes_for
from troth.messages.errors import ChannelDown, ChannelError, Stopped
from troth.messages.lanes import (
    CLOSED,
    NO_PACE,
    Breaker,
    Lane,
    Pace,
    after_answers,
    after_failure,
    last_of,
    may_try,
    next_room,
    on_trial,
    refill,
    room,
    take,
)
from troth.messages.mailboxes import mailbox_of
from troth.messages.models import State
from troth.messages.preparing import Prepared
from troth.messages.queue import Settlement

Key = tuple[str, str]
"""A way, and a mailbox provider; an empty one stands for the way as a whole."""
COLUMNS = "way, mailbox, per_second, per_day, growth, since, tokens, filled_at, day, today, refusals, paused_until, failures, open_until, trial_at"
INSTALLATION = "installation"
PACED, NO_WAY = "paced", "no_way_open"


class Answer(Enum):
    """What a way did with a message."""

    ANSWERED = auto()
    REFUSED_NOW = auto()
    DOWN = auto()


class Held(NamedTuple):
    """A row."""

    pace: Pace
    lane: Lane
    breaker: Breaker


NOTHING = Held(NO_PACE, Lane(), CLOSED)


class Granted(NamedTuple):
    """What may go, with the ways that may be tried, and what has to wait."""

    go: list[Prepared]
    wait: list[Settlement]


def way_of(route: Route) -> str:
    """The name of a way in the database and in reports."""
    return f"channel {route.channel_id}" if route.channel_id else INSTALLATION


def mailbox_for(prepared: Prepared) -> str:
    """Who takes the person's mail; empty for what is no mail."""
    return mailbox_of(prepared.person["email"] or "") if prepared.claim.channel == Medium.EMAIL else ""


def estimate_last(workspace_id: int, medium: str, number: int, begins: int) -> int:
    """When the last of so many messages of a workspace leaves that are all due at `begins`, by the pace that its first way out was given."""
    routes = routes_for(workspace_id, medium)
    if not routes or number <= 0:
        return begins
    key = (way_of(routes[0]), "")
    with transaction.atomic():
        return last_of(_read([key]).get(key, NOTHING).pace, number, begins)


def grant(batch: Sequence[Prepared], now: int) -> Granted:
    """Which of a batch may go now, in its order, taking their share of each lane. `now` in milliseconds."""
    keys = {(way_of(route), mailbox) for prepared in batch for route in prepared.routes for mailbox in ("", mailbox_for(prepared))}
    with transaction.atomic():
        held = _read(keys)
        if not held:
            return Granted(list(batch), [])
        rows = {key: Held(found.pace, refill(found.lane, found.pace, now), found.breaker) for key, found in held.items()}
        granted = Granted([], [])
        waiting: Counter[Key] = Counter()
        for prepared in batch:
            _grant_one(prepared, rows, waiting, granted, now)
        _write({key: found for key, found in rows.items() if found != held[key]})
    return granted


def _grant_one(prepared: Prepared, rows: dict[Key, Held], waiting: Counter[Key], granted: Granted, now: int) -> None:
    ways = [route for route in prepared.routes if may_try(rows.get((way_of(route), ""), NOTHING).breaker, now)]
    if not ways:
        until = min(rows[way_of(route), ""].breaker.open_until for route in prepared.routes)
        granted.wait.append(_put_off(prepared, NO_WAY, max(until, now + 1_000)))
        return
    way, mailbox = way_of(ways[0]), mailbox_for(prepared)
    lanes = [key for key in dict.fromkeys(((way, ""), (way, mailbox))) if key in rows]
    for key in lanes:
        pace, lane, _ = rows[key]
        if room(lane, pace, now) == 0:
            until = next_room(lane, pace, now, waiting[key])
            waiting[key] += 1
            granted.wait.append(_put_off(prepared, f"{PACED}:{key[1] or way}", until))
            return
    for key in lanes:
        pace, lane, breaker = rows[key]
        rows[key] = Held(pace, take(lane, pace, 1), on_trial(breaker, now) if not key[1] else breaker)
    granted.go.append(msgspec.structs.replace(prepared, routes=ways))


def _put_off(prepared: Prepared, reason: str, until: int) -> Settlement:
    return Settlement(claim=prepared.claim, state=State.QUEUED, reason=reason, due_at=until, is_attempt=False)


class Watched:
    """A channel of which it is noted what it answers."""

    def __init__(self, channel: Channel, key: Key, answers: list[tuple[Key, Answer]]) -> None:
        self._channel, self._key, self._answers = channel, key, answers
        self.name = channel.name
        self.address = getattr(channel, "address", "")
        self.begins_itself = getattr(channel, "begins_itself", False)

    def check(self) -> str:
        """As the channel."""
        return self._channel.check()

    def send(self, outgoing: Outgoing) -> Receipt:
        """As the channel."""
        try:
            receipt = self._channel.send(outgoing)
        except Stopped:
            raise
        except ChannelError as error:
            is_down = isinstance(error, ChannelDown) or error.doubtful
            self._note(Answer.DOWN if is_down else Answer.ANSWERED if error.permanent else Answer.REFUSED_NOW)
            raise
        self._note(Answer.ANSWERED)
        return receipt

    def _note(self, answer: Answer) -> None:
        self._answers.append((self._key, answer))


def watch(prepared: Prepared, answers: list[tuple[Key, Answer]]) -> list[Route]:
    """The routes of a message, so that what they answer is noted in `answers`."""
    mailbox = mailbox_for(prepared)
    return [replace(route, channel=Watched(route.channel, (way_of(route), mailbox), answers)) for route in prepared.routes]


def note_answers(answers: Iterable[tuple[Key, Answer]], now: int) -> None:
    """What a batch's answers say about its ways: trouble is written down, and its end. `now` in milliseconds."""
    told = Counter(answers)
    if not told:
        return
    keys = {key for key, _ in told} | {(way, "") for (way, _), _ in told}
    with transaction.atomic():
        held = _read(keys)
        changed: dict[Key, Held] = {}
        for key in keys:
            before = held.get(key, NOTHING)
            after = _after(before, key, told, now)
            if after != before:
                changed[key] = after
        _write(changed)


def _after(before: Held, key: Key, told: Mapping[tuple[Key, Answer], int], now: int) -> Held:
    if key[1]:
        lane = after_answers(
            before.lane, accepted=told.get((key, Answer.ANSWERED), 0), refused=told.get((key, Answer.REFUSED_NOW), 0), now=now
        )
        return before._replace(lane=lane)
    # The breaker is about the way as a whole: whoever answers, even with a refusal, can be reached.
    ours = {answer: sum(number for ((way, _), one), number in told.items() if way == key[0] and one is answer) for answer in Answer}
    if ours[Answer.ANSWERED] or ours[Answer.REFUSED_NOW]:
        return before._replace(breaker=CLOSED)
    return before._replace(breaker=_after_failures(before.breaker, ours[Answer.DOWN], now))


def _after_failures(breaker: Breaker, number: int, now: int) -> Breaker:
    """As many failures as open a closed breaker; one, the trial's, for an open one."""
    for _ in range(number):
        was_open, breaker = not breaker.is_closed, after_failure(breaker, now)
        if was_open or not breaker.is_closed:
            break
    return breaker


def _read(keys: Iterable[Key]) -> dict[Key, Held]:
    """The rows there are, in order, so that two senders never wait for each other."""
    wanted = set(keys)
    if not wanted:
        return {}
    ways = sorted({way for way, _ in wanted})
    lock = "" if is_sqlite() else " ORDER BY way, mailbox FOR UPDATE"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS} FROM messages_lane WHERE way IN ({','.join(['%s'] * len(ways))}){lock}", ways)
        return {(row[0], row[1]): as_held(row) for row in cursor.fetchall() if (row[0], row[1]) in wanted}


def as_held(row: Sequence[Any]) -> Held:
    """A row of COLUMNS."""
    return Held(
        Pace(per_second=row[2], per_day=row[3], growth=row[4], since=row[5]),
        Lane(tokens=row[6], filled_at=row[7], day=row[8], today=row[9], refusals=row[10], paused_until=row[11]),
        Breaker(failures=row[12], open_until=row[13], trial_at=row[14]),
    )


def _write(rows: Mapping[Key, Held]) -> None:
    names = COLUMNS.split(", ")
    changed = ", ".join(f"{name} = EXCLUDED.{name}" for name in names[6:])
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO messages_lane ({COLUMNS}) VALUES ({','.join(['%s'] * len(names))}) ON CONFLICT (way, mailbox) DO UPDATE SET {changed}",
            [
                (
                    *key,
                    *(pace.per_second, pace.per_day, pace.growth, pace.since),
                    *(lane.tokens, lane.filled_at, lane.day, lane.today, lane.refusals, lane.paused_until),
                    *(breaker.failures, breaker.open_until, breaker.trial_at),
                )
                for key, (pace, lane, breaker) in sorted(rows.items())
            ],
        )
