"""What Home shows, read from short indexes or samples, so that it stays quick with millions of persons. Values in, values out; no HTTP."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from troth.console.home.times import Steps
from troth.intake.tallies import read_tallies
from troth.kernel.clock import DAY, HOUR, MINUTE
from troth.kernel.ids import BUCKETS
from troth.kernel.sql import is_sqlite
from troth.messages.models import State
from troth.privacy.models import PrivacyRequest, RequestState
from troth.privacy.states import OPEN, UNANSWERED

MOST_COUNTED = 100_000
SAMPLES = (1, 3, 12, 48)
"""Buckets read one group after the other, 64 in all, until there are enough persons among them."""
ENOUGH = 10_000
"""Persons in a sample: the estimate is then off by more than 2 % once in twenty times."""
MOST_REQUESTS = 1_000
SHOWN_REQUESTS = 8
SOON = 7 * DAY


@dataclass(frozen=True)
class Amount:
    """A number, and whether it was counted or estimated."""

    number: int
    exact: bool = True


@dataclass(frozen=True)
class JustNow:
    """The door in the last hour. `minutes` are the events accepted in each of its minutes, the present one last."""

    per_minute: int
    accepted: int
    dropped: int
    refused: int
    minutes: list[int]


@dataclass(frozen=True)
class OpenRequest:
    """A request of a person that is not answered yet. `left` is the time until its legal term is over, in milliseconds; less than 0: overdue."""

    id: UUID
    type: str
    state: str
    received_at: int
    due_at: int
    seat: list[Any]
    """By whose days the term ends."""
    left: int

    @property
    def overdue_by(self) -> int:
        """How long the term has been over, in milliseconds; 0 while it is not."""
        return max(0, -self.left)

    @property
    def is_soon(self) -> bool:
        """Whether the term is over within a week."""
        return self.left < SOON


@dataclass(frozen=True)
class OpenRequests:
    """All requests that are not answered yet in numbers, and those that are due first."""

    open: Amount
    overdue: int
    residue: int
    first: list[OpenRequest]


def read_just_now(workspace_id: int, now: int) -> JustNow:
    """The last 60 minutes. Events per minute: those of the present minute, and of the one before as much as lies within the last 60 seconds."""
    minute = now // MINUTE * MINUTE
    tallies = read_tallies(workspace_id, minute - HOUR + MINUTE, minute + MINUTE, MINUTE)
    accepted = [tally.accepted for tally in tallies]
    share = (MINUTE - (now - minute)) / MINUTE
    return JustNow(
        per_minute=round(accepted[-1] + accepted[-2] * share),
        accepted=sum(accepted),
        dropped=sum(tally.dropped for tally in tallies),
        refused=sum(tally.refused for tally in tallies),
        minutes=accepted,
    )


def count_events(workspace_id: int, steps: Steps) -> list[int]:
    """The events accepted in each step."""
    counts = [0] * (len(steps.edges) - 1)
    for tally in read_tallies(workspace_id, steps.since, steps.until, steps.finest):
        counts[bisect_right(steps.edges, tally.at) - 1] += tally.accepted
    return counts


def count_messages(workspace_id: int, steps: Steps) -> dict[str, list[int]]:
    """The messages made in each step by the state they are in now. Reads all buckets, from the index on states and age alone."""
    states = State.values
    spans = list(zip(steps.edges, steps.edges[1:], strict=False))
    text, number = ("%s", "%s") if is_sqlite() else ("%s::text", "%s::bigint")
    wanted = ",".join([f"({text})"] + ["(%s)"] * (len(states) - 1))
    within = ",".join([f"({number}, {number})"] + ["(%s, %s)"] * (len(spans) - 1))
    counts = {state: [0] * len(spans) for state in states}
    index_of = {since: index for index, (since, _) in enumerate(spans)}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.column1, t.column1, (SELECT COUNT(*) FROM messages_message m WHERE m.workspace_id = %s AND m.state = s.column1"
            " AND m.created_at >= t.column1 AND m.created_at < t.column2)"
            f" FROM (VALUES {wanted}) AS s CROSS JOIN (VALUES {within}) AS t",
            [workspace_id, *states, *(edge for span in spans for edge in span)],
        )
        for state, since, count in cursor.fetchall():
            counts[state][index_of[since]] = count
    return counts


def count_people(workspace_id: int) -> Amount:
    """How many persons a workspace knows: counted up to 100,000 in the index on age, beyond that estimated from a sample of buckets.

    Person ids are random, so every bucket holds the same share of them but for chance. Those whose erasure is under way count until it is done.
    """
    counted = _count_since(workspace_id, 0)
    return counted if counted.exact else Amount(_estimate_people(workspace_id), exact=False)


def count_new_people(workspace_id: int, since: int) -> Amount:
    """How many persons came since an instant; not exact where there are more than 100,000."""
    return _count_since(workspace_id, since)


def _count_since(workspace_id: int, since: int) -> Amount:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM (SELECT 1 FROM people_person WHERE workspace_id = %s AND created_at >= %s LIMIT %s) AS counted",
            [workspace_id, since, MOST_COUNTED + 1],
        )
        number = int(cursor.fetchone()[0])
    return Amount(min(number, MOST_COUNTED), exact=number <= MOST_COUNTED)


def _estimate_people(workspace_id: int) -> int:
    # The sign before the workspace keeps planners from reading all of its persons in the index on age instead of a few buckets.
    spread = list(range(0, BUCKETS, BUCKETS // sum(SAMPLES)))
    found = read = 0
    with connection.cursor() as cursor:
        for size in SAMPLES:
            buckets = spread[read : read + size]
            cursor.execute(
                f"SELECT COUNT(*) FROM people_person WHERE bucket IN ({','.join(['%s'] * size)}) AND +workspace_id = %s",
                [*buckets, workspace_id],
            )
            found += int(cursor.fetchone()[0])
            read += size
            if found >= ENOUGH:
                break
    return round(found * BUCKETS / read)


def read_open_requests(workspace_id: int, now: int) -> OpenRequests:
    """What persons asked for and wait for, the most urgent first; counted up to 1,000."""
    waiting = PrivacyRequest.objects.filter(workspace_id=workspace_id, state__in=OPEN).order_by("due_at", "pk")
    rows = list(waiting.values_list("pk", "type", "state", "received_at", "due_at", "paused_at", "seat")[: MOST_REQUESTS + 1])
    first = [
        OpenRequest(pk, right, state, received_at, due_at, seat, left=_left(state, due_at, paused_at, now))
        for pk, right, state, received_at, due_at, paused_at, seat in rows[:SHOWN_REQUESTS]
    ]
    return OpenRequests(
        open=Amount(min(len(rows), MOST_REQUESTS), exact=len(rows) <= MOST_REQUESTS),
        overdue=sum(_left(state, due_at, paused_at, now) < 0 for _, _, state, _, due_at, paused_at, _ in rows),
        residue=sum(state == RequestState.RESIDUE_FOUND for _, _, state, *_ in rows),
        first=first,
    )


def _left(state: str, due_at: int, paused_at: int | None, now: int) -> int:
    """Milliseconds until the term is over; never less than 0 where nothing can be late: the clock stands still, or the person is deleted."""
    return due_at - now if state in UNANSWERED and paused_at is None else max(0, due_at - now)
