"""The worker's part: evaluate who changed, wake who is due by time, look at everybody where a segment is new or its rules changed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import structlog
from django.db import DatabaseError, connection, transaction

from troth.consent.catalog import load_catalog
from troth.kernel.clock import MINUTE, SECOND
from troth.kernel.ids import BUCKETS, new_row_ids
from troth.kernel.sql import has_rows, insert_rows, is_sqlite
from troth.segments.changes import INSERT_MARK
from troth.segments.horizons import read_horizon
from troth.segments.kinds import REACH
from troth.segments.live import Live, load_live, make_live
from troth.segments.membership import Cause, Change, tell
from troth.segments.models import Progress, Segment
from troth.segments.scopes import Range, Scope, some
from troth.segments.updating import CauseOf, update_memberships

log = structlog.get_logger()
MOST_MARKS = 2_000
MOST_TIMERS = 1_000
SETTLES = 2 * SECOND
"""How long after a change of a segment everybody is looked at again: by then each process marks what it reads."""
TRY_AGAIN = MINUTE
RENEWED = REACH // 2
"""When everybody is looked at again, so that the timers always reach far enough."""
SLICE_MS = 50
"""How long a slice of a computation should hold the database."""
FEWEST = 16
"""Buckets of a slice: what a slice costs whatever is in it has to stay small beside its people."""
_pace = {"buckets": 64}


class _Mark(NamedTuple):
    bucket: int
    mark_id: int
    person_id: int
    workspace_id: int
    what: str


def evaluate_marked(now: int) -> bool:
    """Worker duty: bring the memberships of those who changed up to date, in one transaction; True when there may be more.

    Reads the marks that came first, over all buckets.
    """
    if not has_rows("SELECT 1 FROM segments_mark LIMIT 1"):
        return False
    lock = "" if is_sqlite() else " FOR UPDATE"
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT bucket, mark_id, person_id, workspace_id, what FROM segments_mark ORDER BY mark_id LIMIT %s{lock}", [MOST_MARKS]
            )
            marks = [_Mark._make(row) for row in cursor.fetchall()]
        if not marks:
            return False
        tell(_evaluate(marks, now), now)
        with connection.cursor() as cursor:
            cursor.executemany(
                "DELETE FROM segments_mark WHERE bucket = %s AND mark_id = %s", [(mark.bucket, mark.mark_id) for mark in marks]
            )
    return len(marks) == MOST_MARKS


def _evaluate(marks: Iterable[_Mark], now: int) -> list[Change]:
    """Each segment looks at those people of whom something changed that it reads; those that look at the same people do so together."""
    by_person: dict[tuple[int, int], set[str]] = {}
    for mark in marks:
        by_person.setdefault((mark.workspace_id, mark.person_id), set()).add(mark.what)
    changed: dict[int, dict[frozenset[str], list[int]]] = {}
    for (workspace_id, person_id), found in by_person.items():
        changed.setdefault(workspace_id, {}).setdefault(frozenset(found), []).append(person_id)
    return [change for workspace_id, people in changed.items() for change in _evaluate_workspace(workspace_id, people, now)]


def _evaluate_workspace(workspace_id: int, people: Mapping[frozenset[str], Sequence[int]], now: int) -> Iterator[Change]:
    """People by what changed about them."""
    catalog = load_catalog(workspace_id)
    together: dict[frozenset[frozenset[str]], list[Live]] = {}
    for live in load_live(workspace_id).segments:
        wakes = live.all_wakes(catalog)
        together.setdefault(frozenset(whats for whats in people if not wakes.isdisjoint(whats)), []).append(live)
    for woken, lives in together.items():
        if woken:
            causes = _causes(lives, people)
            yield from _update(lives, some(one for whats in woken for one in people[whats]), causes, now)


def _causes(lives: Sequence[Live], people: Mapping[frozenset[str], Sequence[int]]) -> CauseOf:
    """Why a person is looked at for a segment. Until a version was computed, whoever enters or leaves does so because of the definition."""
    computed = dict(Progress.objects.filter(segment_id__in=[live.segment_id for live in lives]).values_list("pk", "computed_version"))
    by_time = {live.segment_id: frozenset(people.get(frozenset({f"segment:{live.segment_id}"}), ())) for live in lives}

    def cause_of(live: Live, person_id: int) -> Cause:
        if computed.get(live.segment_id) != live.version:
            return Cause.COMPUTATION
        return Cause.TIME if person_id in by_time[live.segment_id] else Cause.CHANGE

    return cause_of


def _update(lives: Sequence[Live], scope: Scope, cause_of: CauseOf, now: int, *, fresh: bool = False) -> list[Change]:
    """Bring segments up to date; one that the database refuses is noted, tried again in a minute, and holds up no other."""
    try:
        with transaction.atomic():
            return update_memberships(lives, scope, cause_of, now, fresh=fresh)
    except DatabaseError as error:
        if len(lives) > 1:
            return [change for live in lives for change in _update([live], scope, cause_of, now, fresh=fresh)]
        log.error("segment_failed", segment_id=lives[0].segment_id, error=type(error).__name__)
        Progress.objects.filter(segment_id=lives[0].segment_id).update(
            failure=type(error).__name__, due_at=now + TRY_AGAIN, bucket=0, started_at=None
        )
        return []


def wake_due(now: int) -> bool:
    """Worker duty: mark those whose membership time alone may have changed; True when there may be more.

    Goes over all buckets, by the index of timers: one look for each horizon in use.
    """
    more, horizon = False, ""
    while (horizon := _next_horizon(horizon)) != "":
        more |= _wake(horizon, read_horizon(horizon).cutoff(now))
    return more


def _next_horizon(after: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT horizon FROM segments_timer WHERE horizon > %s ORDER BY horizon LIMIT 1", [after])
        found = cursor.fetchone()
    return str(found[0]) if found else ""


def _wake(horizon: str, cutoff: int) -> bool:
    select = (
        "SELECT bucket, person_id, segment_id, workspace_id FROM segments_timer WHERE horizon = %s AND value <= %s ORDER BY value LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(select, [horizon, cutoff, 1])
        if not cursor.fetchall():
            return False
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(select, [horizon, cutoff, MOST_TIMERS])
        due = cursor.fetchall()
        ids = new_row_ids(len(due))
        insert_rows(
            INSERT_MARK,
            [
                (bucket, mark_id, person, workspace, f"segment:{segment}")
                for (bucket, person, segment, workspace), mark_id in zip(due, ids, strict=True)
            ],
        )
        cursor.executemany(
            "DELETE FROM segments_timer WHERE bucket = %s AND person_id = %s AND segment_id = %s AND horizon = %s",
            [(bucket, person, segment, horizon) for bucket, person, segment, _ in due],
        )
    return len(due) == MOST_TIMERS


def compute_due(now: int) -> bool:
    """Worker duty: look at the next range of people for a segment that is due; True while there is more to do."""
    if not has_rows("SELECT 1 FROM segments_progress WHERE due_at <= %s LIMIT 1", [now]):
        return False
    with transaction.atomic():
        progress = Progress.objects.select_for_update().filter(due_at__lte=now).order_by("due_at", "segment_id").first()
        if progress is None:
            return False
        segment = Segment.objects.get(pk=progress.segment_id)
        if segment.archived:
            return _forget_slice(progress)
        live = make_live(segment)
        if progress.started_at is None:
            progress.started_at, progress.bucket = now, 0
        begun = _clock()
        end = min(BUCKETS, progress.bucket + _pace["buckets"])
        cause = _cause_of_computation(progress, live, now)
        changes = _update([live], Range(progress.bucket, end), lambda *_: cause, now, fresh=progress.computed_at is None)
        tell(changes, now)
        took = round((_clock() - begun) * 1000)
        if not Progress.objects.filter(pk=progress.pk, due_at__gt=now).exists():
            _advance(progress, segment, live, end, took, now)
    _pace["buckets"] = _next_pace(_pace["buckets"], took)
    return True


def _cause_of_computation(progress: Progress, live: Live, now: int) -> Cause:
    """Why memberships change when everybody is looked at."""
    if progress.computed_version != live.version or _rules_changed(progress, live):
        return Cause.COMPUTATION
    return Cause.TIME if _is_to_be_renewed(progress, live, now) else Cause.CHANGE


def _clock() -> float:
    """Seconds of work: of this thread, where the database works in it; a machine that is busy with other things makes no slice smaller."""
    return time.thread_time() if is_sqlite() else time.monotonic()


def _next_pace(buckets: int, took: int) -> int:
    """How many buckets the next slice has, when one of so many took so long (milliseconds)."""
    wanted = buckets * 2 if took < SLICE_MS // 2 else buckets // 2 if took > 2 * SLICE_MS else buckets
    return max(FEWEST, min(BUCKETS, wanted))


def _is_to_be_renewed(progress: Progress, live: Live, now: int) -> bool:
    return (
        progress.computed_at is not None
        and now >= progress.computed_at + RENEWED
        and live.may_change_by_time(load_catalog(live.workspace_id))
    )


def _rules_changed(progress: Progress, live: Live) -> bool:
    return progress.gate != live.digest(load_catalog(live.workspace_id))


def _advance(progress: Progress, segment: Segment, live: Live, end: int, took: int, now: int) -> None:
    """Keep how far it got; at the end, what is known of the whole. The size was changed by SQL meanwhile, and is not written here."""
    is_first = progress.bucket == 0
    progress.took_ms = took + (0 if is_first else progress.took_ms)
    progress.bucket = end
    if end == BUCKETS:
        started = progress.started_at or now
        settles = segment.updated_at + SETTLES
        progress.due_at = settles if started < settles else None
        progress.computed_at, progress.computed_version = started, segment.version
        progress.gate = live.digest(load_catalog(live.workspace_id))
        progress.bucket, progress.started_at, progress.failure = 0, None, ""
    progress.save(update_fields=["failure", "due_at", "bucket", "started_at", "computed_at", "computed_version", "took_ms", "gate"])


def _forget_slice(progress: Progress) -> bool:
    """Nobody is in an archived segment, and no timer waits for it."""
    end = min(BUCKETS, progress.bucket + 256)
    with connection.cursor() as cursor:
        for table in ("segments_membership", "segments_timer"):
            cursor.execute(
                f"DELETE FROM {table} WHERE bucket >= %s AND bucket < %s AND segment_id = %s", [progress.bucket, end, progress.segment_id]
            )
    progress.bucket = end
    if end == BUCKETS:
        progress.due_at, progress.bucket, progress.size, progress.computed_at, progress.computed_version = None, 0, 0, None, 0
        progress.failure = ""
    progress.save(update_fields=["due_at", "bucket", "size", "computed_at", "computed_version", "failure"])
    return True


def notice_changed_rules(now: int) -> bool:
    """Worker duty: look at everybody again where the rules of who may be chosen changed, or where the timers reach not far enough any more.

    Rules change when a purpose is revised or archived, or data is assigned to another.
    """
    for progress in Progress.objects.filter(due_at=None, segment__archived=False).select_related("segment"):
        live = make_live(progress.segment)
        if _rules_changed(progress, live) or _is_to_be_renewed(progress, live, now):
            Progress.objects.filter(pk=progress.pk, due_at=None).update(due_at=now, bucket=0, started_at=None)
    return False
