"""The recorded past as occasions: what would have triggered a campaign, person by person, streamed in the order of the keys. Read only.

Events are as they were recorded, and who entered or left a segment follows from them and from time (`segments.past`). Of a segment that nothing
recorded turns, only who is still in is known, with the instant since when; dates are those that are stored now.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection

from troth.campaigns.date_planning import AT_ONCE, find_comings, occasion_of
from troth.campaigns.entry import Occasion
from troth.campaigns.rules import DateTrigger, SegmentTrigger
from troth.campaigns.triggers import make_occasion
from troth.campaigns.versions import Rule
from troth.kernel.ids import BUCKETS
from troth.kernel.json_text import decode
from troth.segments.past import Past, find_unrecorded, has_past
from troth.segments.registry import get_segment

PAGE = 2_000


class Recorded:
    """What would have triggered a campaign from `since` to `now`, all of a person together, and what of that is not known."""

    def __init__(self, rule: Rule, since: int, now: int) -> None:
        self._rule, self._since, self._now = rule, since, now
        self._turns: Past | None = None
        self.unrecorded: list[str] = []
        """The conditions of the segment, in words, that are taken as they stand now."""
        if isinstance(rule.trigger, SegmentTrigger):
            segment = get_segment(rule.workspace_id, rule.trigger.segment)
            self.unrecorded = find_unrecorded(segment.definition)
            self._turns = Past(segment, since, now) if has_past(segment.definition) else None

    @property
    def is_known(self) -> bool:
        """False: nothing that would tell of what triggers it is recorded."""
        trigger = self._rule.trigger
        return not (isinstance(trigger, SegmentTrigger) and trigger.on == "exit" and self._turns is None)

    @property
    def is_whole(self) -> bool:
        """False, once it was gone through: there were more people."""
        return self._turns is None or self._turns.is_whole

    def __iter__(self) -> Iterator[Occasion]:
        rule, trigger = self._rule, self._rule.trigger
        if isinstance(trigger, DateTrigger):
            return _read_dates(rule, trigger, self._since, self._now)
        if isinstance(trigger, SegmentTrigger):
            return self._read_turns(trigger)
        return _read_events(rule, self._since, self._now)

    def _read_turns(self, trigger: SegmentTrigger) -> Iterator[Occasion]:
        """Who entered or left, as far as that can be told; else who came and is still in."""
        if self._turns is None:
            yield from _read_entries(self._rule, trigger, self._since, self._now)
            return
        for turn in self._turns:
            if turn.entered is (trigger.on == "entry"):
                yield Occasion(self._rule.workspace_id, turn.person_id, turn.at, turn.at, {}, {}, "segment")


def _read_events(rule: Rule, since: int, now: int) -> Iterator[Occasion]:
    """Over all buckets, by the index on names, page by page."""
    after = (-1, 0, 0, 0)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT bucket, person_id, ts, seq, properties FROM people_event WHERE workspace_id = %s AND name = %s AND ts > %s AND ts <= %s"
                " AND (bucket, person_id, ts, seq) > (%s, %s, %s, %s) ORDER BY bucket, person_id, ts, seq LIMIT %s",
                [rule.workspace_id, rule.event, since, now, *after, PAGE],
            )
            rows = cursor.fetchall()
        for _bucket, person_id, ts, seq, properties in rows:
            plain: Any = decode(properties) if isinstance(properties, str | bytes) else properties
            yield make_occasion(rule.workspace_id, person_id, rule.event, ts, seq, plain)
        if len(rows) < PAGE:
            return
        after = rows[-1][:4]


def _read_entries(rule: Rule, trigger: SegmentTrigger, since: int, now: int) -> Iterator[Occasion]:
    """Who is in the segment and came in that time. Over all buckets, by the index of memberships, page by page."""
    if trigger.on == "exit":
        return
    after = (-1, 0)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT bucket, person_id, since FROM segments_membership WHERE segment_id = %s AND workspace_id = %s AND (bucket, person_id) > (%s, %s)"
                " ORDER BY bucket, person_id LIMIT %s",
                [trigger.segment, rule.workspace_id, *after, PAGE],
            )
            rows = cursor.fetchall()
        for _bucket, person_id, at in rows:
            if since < at <= now:
                yield Occasion(rule.workspace_id, person_id, at, at, {}, {}, "segment")
        if len(rows) < PAGE:
            return
        after = rows[-1][:2]


def _read_dates(rule: Rule, trigger: DateTrigger, since: int, now: int) -> Iterator[Occasion]:
    for first in range(0, BUCKETS, AT_ONCE):
        for person_id, coming in find_comings(rule, trigger, range(first, first + AT_ONCE), since, now):
            yield occasion_of(rule, person_id, coming)
