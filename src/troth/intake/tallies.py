"""How much came through the door, per workspace and minute: numbers alone, for charts and for *nothing is moving because …*."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from django.db import connection

from troth.intake.commands import ACCEPTED, DROPPED, Command, Outcome, Track
from troth.kernel.clock import DAY, MINUTE
from troth.kernel.sql import insert_rows

KEPT = 45 * DAY
LANES = 1 << 15
FORGOTTEN_AT_ONCE = 2_000
_lane = secrets.randbelow(LANES)


class Tally(msgspec.Struct, frozen=True):
    """What came in from `at` (milliseconds) on, for one step: events accepted, events dropped (no basis, or suppressed), and what was refused.

    Refused is a request answered 4xx although its key is known, or one message of a batch.
    """

    at: int
    accepted: int = 0
    dropped: int = 0
    refused: int = 0


Counts = Mapping[tuple[int, int, str], int]
"""(workspace, minute, `accepted` | `dropped` | `refused`) → how many."""


def count_events(commands: Sequence[Command], outcomes: Sequence[Outcome]) -> None:
    """Count the events of one batch of the door in the minutes when they reached us, in the caller's transaction: one statement."""
    counts: Counts = Counter(
        (command.workspace_id, command.received_at // MINUTE, outcome.status)
        for command, outcome in zip(commands, outcomes, strict=True)
        if isinstance(command, Track) and outcome.status in (ACCEPTED, DROPPED)
    )
    if counts:
        add_counts(counts)


def add_counts(counts: Counts) -> None:
    """Add counts to the minutes they belong to."""
    minutes = sorted({key[:2] for key in counts})
    insert_rows(
        "INSERT INTO intake_minute (workspace_id, minute, lane, accepted, dropped, refused)",
        [
            (*key, _lane, counts.get((*key, "accepted"), 0), counts.get((*key, "dropped"), 0), counts.get((*key, "refused"), 0))
            for key in minutes
        ],
        "ON CONFLICT (workspace_id, minute, lane) DO UPDATE SET accepted = intake_minute.accepted + EXCLUDED.accepted,"
        " dropped = intake_minute.dropped + EXCLUDED.dropped, refused = intake_minute.refused + EXCLUDED.refused",
    )


class Refusals:
    """What was refused since it was last taken; counting costs a dictionary entry, whoever floods the door."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[int, int, str]] = Counter()

    def note(self, workspace_id: int, at: int, number: int = 1) -> None:
        """Count a request, or messages of a batch, refused at an instant."""
        self._counts[workspace_id, at // MINUTE, "refused"] += number

    def take(self) -> Counts:
        """What is to be added to its minutes now; empty when nothing was refused."""
        counts, self._counts = self._counts, Counter()
        return counts


def last_accepted(workspace_id: int) -> int | None:
    """When an event was last accepted, to the minute, in milliseconds; None when there was none in the time for which minutes are kept."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT minute FROM intake_minute WHERE workspace_id = %s AND accepted > 0 ORDER BY minute DESC LIMIT 1", [workspace_id]
        )
        row = cursor.fetchone()
    return row[0] * MINUTE if row else None


def latest_minutes(workspace_id: int, now: int, count: int) -> list[Tally]:
    """The last `count` minutes up to `now`, the oldest first; the last of them is still running."""
    until = (now // MINUTE + 1) * MINUTE
    return read_tallies(workspace_id, until - count * MINUTE, until, MINUTE)


def read_tallies(workspace_id: int, since: int, until: int, step: int) -> list[Tally]:
    """What came in between two instants, in steps of `step` milliseconds (whole minutes), every step present; a step begins at `since` + n·`step`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (minute - %s) / %s AS step, SUM(accepted), SUM(dropped), SUM(refused) FROM intake_minute"
            " WHERE workspace_id = %s AND minute >= %s AND minute < %s GROUP BY 1",
            [since // MINUTE, step // MINUTE, workspace_id, since // MINUTE, -(-until // MINUTE)],
        )
        found = {int(index): counts for index, *counts in cursor.fetchall()}
    return [_tally(since + index * step, found.get(index)) for index in range(-(-(until - since) // step))]


def _tally(at: int, counts: Iterable[int] | None) -> Tally:
    if counts is None:
        return Tally(at=at)
    accepted, dropped, refused = counts
    return Tally(at=at, accepted=int(accepted), dropped=int(dropped), refused=int(refused))


def forget_old_minutes(now: int) -> bool:
    """Worker duty: remove minutes older than 45 days; True when there may be more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT workspace_id, minute, lane FROM intake_minute WHERE minute < %s LIMIT %s", [(now - KEPT) // MINUTE, FORGOTTEN_AT_ONCE]
        )
        keys = cursor.fetchall()
        cursor.executemany("DELETE FROM intake_minute WHERE workspace_id = %s AND minute = %s AND lane = %s", keys)
    return len(keys) == FORGOTTEN_AT_ONCE
