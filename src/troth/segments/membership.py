"""Who is in a segment: asked in SQL and for one person; and the news that somebody entered or left, for whoever registered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from django.db import connection

from troth.kernel.clock import HOUR, now_ms
from troth.kernel.ids import bucket_of
from troth.kernel.personal_data import Subject, delete_rows
from troth.segments.kinds import Moment
from troth.segments.live import make_live
from troth.segments.models import Segment
from troth.segments.sql import Sql, all_of


class Cause(StrEnum):
    """Why a membership was looked at."""

    CHANGE = "change"
    """Something about the person changed."""
    TIME = "time"
    COMPUTATION = "computation"
    """The segment is new, or its definition or the rules of who may be chosen changed: nobody did anything."""


class Change(NamedTuple):
    """That a person entered or left a segment."""

    workspace_id: int
    person_id: int
    segment_id: int
    entered: bool
    cause: Cause


Reaction = Callable[[Sequence[Change], int], None]
_reactions: list[Reaction] = []


def register_reaction(reaction: Reaction) -> None:
    """Have `reaction(changes, now)` called inside the transaction that changes memberships; it writes its effects as rows."""
    _reactions.append(reaction)


def members_where(segment_id: int, *, now: int | None = None) -> tuple[str, list[Any]]:
    """Being in a segment as a condition on a row `p` of people_person, with its values.

    It asks the gate again at `now` (milliseconds), so that who withdrew or objected this moment is out at once, however busy the worker is.
    """
    segment = Segment.objects.filter(pk=segment_id, archived=False).first()
    if segment is None:
        return "1 = 0", []
    permitted = make_live(segment).permitted(Moment(segment.workspace_id, now_ms() if now is None else now))
    member = "SELECT 1 FROM segments_membership m WHERE m.bucket = p.bucket AND m.person_id = p.person_id AND m.segment_id = %s"
    found = all_of([Sql("p.workspace_id = %s", (segment.workspace_id,)), Sql(f"EXISTS ({member})", (segment_id,)), permitted])
    return found.text, list(found.values)


def is_member(workspace_id: int, segment_id: int, person_id: int, *, now: int | None = None) -> bool:
    """Whether a person is in a segment of a workspace, by `members_where`."""
    if not Segment.objects.filter(pk=segment_id, workspace_id=workspace_id).exists():
        return False
    where, values = members_where(segment_id, now=now)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM people_person p WHERE p.bucket = %s AND p.person_id = %s AND {where}",
            [bucket_of(person_id), person_id, *values],
        )
        return cursor.fetchone() is not None


def list_members(segment: Segment, *, after: int | None = None, limit: int = 100) -> list[tuple[int, int]]:
    """Members with the instant since when, in the order of their keys, after a person. Over all buckets: a page of the index of memberships."""
    start = (bucket_of(after), after) if after is not None else (-1, 0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, since FROM segments_membership WHERE segment_id = %s AND workspace_id = %s AND (bucket, person_id) > (%s, %s)"
            " ORDER BY bucket, person_id LIMIT %s",
            [segment.pk, segment.workspace_id, *start, limit],
        )
        return [(number, since) for number, since in cursor.fetchall()]


def segments_of(workspace_id: int, person_id: int) -> list[tuple[int, int]]:
    """The segments that a person is in, each with the instant since when."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT segment_id, since FROM segments_membership WHERE workspace_id = %s AND bucket = %s AND person_id = %s ORDER BY segment_id",
            [workspace_id, bucket_of(person_id), person_id],
        )
        return [(number, since) for number, since in cursor.fetchall()]


def tell(changes: Sequence[Change], now: int) -> None:
    """Count changes and let whoever registered react to them, inside the caller's transaction."""
    if not changes:
        return
    counts: dict[int, list[int]] = {}
    for change in changes:
        counts.setdefault(change.segment_id, [0, 0])[0 if change.entered else 1] += 1
    with connection.cursor() as cursor:
        for segment_id, (entered, left) in sorted(counts.items()):
            cursor.execute("UPDATE segments_progress SET size = size + %s WHERE segment_id = %s", [entered - left, segment_id])
            cursor.execute(
                'INSERT INTO segments_hour (segment_id, hour, size, entered, "left") SELECT segment_id, %s, size, %s, %s FROM segments_progress'
                " WHERE segment_id = %s ON CONFLICT (segment_id, hour) DO UPDATE SET size = EXCLUDED.size,"
                ' entered = segments_hour.entered + EXCLUDED.entered, "left" = segments_hour."left" + EXCLUDED."left"',
                [now // HOUR, entered, left, segment_id],
            )
    for reaction in _reactions:
        reaction(changes, now)


def forget_people(subjects: Sequence[Subject]) -> Counter[int]:
    """Take persons out of every segment because they are gone; sizes follow, and it is no news to anybody. Returns how many each was in."""
    left = list(delete_rows("segments_membership", subjects, "person_id, segment_id"))
    smaller = Counter(segment_id for _, segment_id in left)
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE segments_progress SET size = size - %s WHERE segment_id = %s",
            [(number, segment_id) for segment_id, number in sorted(smaller.items())],
        )
    return Counter(person_id for person_id, _ in left)
