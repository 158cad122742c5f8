"""Memberships and timers brought up to date: only what differs from what is kept is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from django.db import connection

from troth.kernel.ids import bucket_of
from troth.kernel.sql import insert_rows
from troth.segments.asking import State, ask, select
from troth.segments.kinds import Moment
from troth.segments.live import Live
from troth.segments.membership import Cause, Change
from troth.segments.scopes import Scope

INSERT_MEMBERSHIP = "INSERT INTO segments_membership (bucket, person_id, segment_id, workspace_id, since)"
INSERT_TIMER = "INSERT INTO segments_timer (bucket, person_id, segment_id, horizon, value, workspace_id)"
CauseOf = Callable[[Live, int], Cause]
"""Why a person is looked at for a segment."""


def update_memberships(lives: Sequence[Live], scope: Scope, cause_of: CauseOf, now: int, *, fresh: bool = False) -> list[Change]:
    """Bring memberships and timers of segments of one workspace up to date for some people, inside the caller's transaction.

    `fresh`: there are no timers of them yet. Bounded by the people in the scope.
    """
    moment = Moment(lives[0].workspace_id, now)
    kept = _read_kept(lives, scope, fresh=fresh)
    changes: list[Change] = []
    for live, found in ask(lives, scope, moment):
        changes += _write(live, found, kept[live.segment_id], cause_of, now)
    return changes


def _read_kept(lives: Sequence[Live], scope: Scope, *, fresh: bool) -> dict[int, State]:
    """The memberships and timers that are kept of these people, by segment."""
    marks = ", ".join(["%s"] * len(lives))
    ids = tuple(live.segment_id for live in lives)
    kept = {segment_id: State({}, {}) for segment_id in ids}
    members = scope.rows("segments_membership", "m")
    for person_id, segment_id in select(
        f"SELECT m.person_id, m.segment_id {members.text} AND m.segment_id IN ({marks})", (*members.values, *ids)
    ):
        kept[segment_id].members[person_id] = None
    if not fresh:
        timers = scope.rows_by_person("segments_timer", "t")
        what = "t.person_id, t.segment_id, t.horizon, t.value"
        for person_id, segment_id, horizon, value in select(
            f"SELECT {what} {timers.text} AND t.segment_id IN ({marks})", (*timers.values, *ids)
        ):
            kept[segment_id].timers.setdefault(horizon, {})[person_id] = value
    return kept


def _write(live: Live, found: State, kept: State, cause_of: CauseOf, now: int) -> Iterator[Change]:
    """Write what differs, and tell who left and entered."""
    segment_id, workspace_id = live.segment_id, live.workspace_id
    entered = [person_id for person_id in found.members if person_id not in kept.members]
    left = sorted(kept.members.keys() - found.members.keys())
    insert_rows(INSERT_MEMBERSHIP, [(bucket_of(p), p, segment_id, workspace_id, now) for p in entered], "ON CONFLICT DO NOTHING")
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM segments_membership WHERE bucket = %s AND person_id = %s AND segment_id = %s",
            [(bucket_of(p), p, segment_id) for p in left],
        )
    for horizon in {**found.timers, **kept.timers}:
        _set_timers(live, horizon, found.timers.get(horizon, {}), kept.timers.get(horizon, {}))
    for people, is_in in ((left, False), (entered, True)):
        yield from (Change(workspace_id, person_id, segment_id, is_in, cause_of(live, person_id)) for person_id in people)


def _set_timers(live: Live, horizon: str, found: Mapping[int, int], kept: Mapping[int, int]) -> None:
    own = (live.segment_id, horizon)
    gone = kept.keys() - found.keys()
    insert_rows(
        INSERT_TIMER,
        [(bucket_of(p), p, *own, value, live.workspace_id) for p, value in found.items() if kept.get(p) != value],
        "ON CONFLICT (bucket, person_id, segment_id, horizon) DO UPDATE SET value = EXCLUDED.value",
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM segments_timer WHERE bucket = %s AND person_id = %s AND segment_id = %s AND horizon = %s",
            [(bucket_of(p), p, *own) for p in sorted(gone)],
        )
