"""What the tables of segments hold, and how it is exported, erased and merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection

from troth.kernel.clock import iso
from troth.kernel.personal_data import Store, Subject, Table, declare
from troth.kernel.tenancy import declare_belonging
from troth.segments.changes import ANYTHING, Changed, mark
from troth.segments.membership import forget_people
from troth.segments.models import Mark, Membership, Timer

_membership = Table(model=Membership)
_timer = Table(model=Timer)
_mark = Table(model=Mark)


def _export(subject: Subject) -> Iterator[dict[str, Any]]:
    """The segments by name: which groups somebody was put into is theirs to know (Art. 15(1)(h))."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT g.name, g.purpose, m.since FROM segments_membership m JOIN segments_segment g ON g.id = m.segment_id"
            " WHERE m.bucket = %s AND m.person_id = %s ORDER BY g.name",
            [subject.bucket, subject.person_id],
        )
        for name, purpose, since in cursor.fetchall():
            yield {"segment": name, "purpose": purpose, "since": iso(since)}


def _erase(subjects: Sequence[Subject]) -> Counter[int]:
    return forget_people(subjects) + _timer.erase(subjects) + _mark.erase(subjects)


def _move(source: Subject, target: Subject) -> int:
    """Nothing is carried over: what the person is in now follows from what they did, and is found by looking at them."""
    moved = _erase([source]).total()
    mark([Changed(target.workspace_id, target.person_id, ANYTHING)])
    return moved


declare(
    Store(
        name="segments.membership",
        title="The segments that the person is in, and when that may change",
        category="profile",
        purpose="the purpose of each segment",
        origin="derived by Troth from profile, events, messages and decisions",
        retention="until erased, or until the person meets the conditions no more",
        export=_export,
        erase=_erase,
        move=_move,
        models=("segments.Membership", "segments.Timer", "segments.Mark"),
        columns=("segment_id", "since"),
    )
)

declare_belonging("segments.Hour", "segments.Segment", "parent.id = own.segment_id")
