"""The recorded past as occasions: what would have triggered a campaign, person by person, streamed in the order of the keys. Read only.

Events are as they were recorded. Of segments only who is still in is known, with the instant since when; dates are those that are stored now.
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

PAGE = 2_000


def read_occasions(rule: Rule, since: int, now: int) -> Iterator[Occasion]:
    """What would have triggered a campaign from `since` to `now`, all of a person together."""
    if isinstance(rule.trigger, DateTrigger):
        return _read_dates(rule, rule.trigger, since, now)
    if isinstance(rule.trigger, SegmentTrigger):
        return _read_entries(rule, rule.trigger, since, now)
    return _read_events(rule, since, now)


def is_known(rule: Rule) -> bool:
    """Whether the past of what triggers it is recorded: of who left a segment it is not."""
    return not (isinstance(rule.trigger, SegmentTrigger) and rule.trigger.on == "exit")


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
