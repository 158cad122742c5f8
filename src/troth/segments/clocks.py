"""The clock on a person's own wall: when months and years that began with an event are over for them, in Python and in SQL (decision 007).

A person's zone is their attribute `timezone`, where that names one, else the workspace's. A property test holds Python and both databases equal.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.db import connection

from troth.kernel.clock import DAY, HOUR, SECOND
from troth.kernel.local_time import months_later, zones
from troth.kernel.sql import is_sqlite
from troth.kernel.sqlite.base import MONTHS_LATER
from troth.segments.horizons import NOW, Span, shift
from troth.segments.kinds import Facts, Flip, Moment
from troth.segments.sql import Sql, all_of, any_of
from troth.segments.values_in_sql import Place, text_at

TIME_ZONE = "timezone"
"""The attribute that holds a person's zone."""
_SHORTEST_MONTH, _LONGEST_MONTH = 28 * DAY, 31 * DAY
_CLOCK_CHANGED = 2 * DAY
"""More than any clock is changed by: a zone that crosses the date line loses or gains a day."""
_LEAST_AHEAD, _MOST_AHEAD = -12 * HOUR, 14 * HOUR
"""How far clocks are ahead of UTC."""
_clocks: list[Callable[[int], str]] = []


def register_clock(zone_of_workspace: Callable[[int], str]) -> None:
    """Have a workspace (its id) say the zone of people whose own is not known. While nobody says it that is UTC."""
    _clocks[:] = [zone_of_workspace]


def workspace_zone(workspace_id: int) -> str:
    """The zone of people whose own is not known."""
    found = _clocks[0](workspace_id) if _clocks else ""
    return found if found in zones() else "UTC"


def zone_of(facts: Facts) -> str:
    """The zone of a person's clock."""
    said = facts.attributes.get(TIME_ZONE)
    return said if isinstance(said, str) and said in zones() else workspace_zone(facts.workspace_id)


def end_of(begins: int, span: Span, zone: str) -> int:
    """When a duration that begins at an instant is over on the clock of a zone: its months by the calendar there, then the rest."""
    return (months_later(begins, span.months, zone) if span.months else begins) + span.ms


def end_in_sql(begins: str, span: Span, workspace_id: int) -> Sql:
    """`end_of` for an instant in SQL (milliseconds) and the person of a row `p` of people_person, on the clock of their zone."""
    if not span.months:
        return Sql(f"({begins} + %s)", (span.ms,))
    own, otherwise = text_at(Place("p.attributes", TIME_ZONE)), workspace_zone(workspace_id)
    if is_sqlite():
        return Sql(f"({MONTHS_LATER}({begins}, %s, {own.text}, %s) + %s)", (span.months, *own.values, otherwise, span.ms))
    whole = f"FLOOR({begins} / {SECOND}.0)"
    shown = f"(to_timestamp({whole}) AT TIME ZONE z.name)"
    later = f"({shown} + make_interval(months => {span.months}))"
    # PostgreSQL goes to the last day of a month that lacks the day, we to its end.
    lacks_day = f"EXTRACT(DAY FROM {later}) < EXTRACT(DAY FROM {shown})"
    month_ends = f"date_trunc('month', {later}) + INTERVAL '1 month'"
    local = f"CASE WHEN {lacks_day} THEN {month_ends} ELSE {later} + INTERVAL '1 millisecond' * ({begins} - {whole} * {SECOND}) END"
    zone = f"(SELECT CASE WHEN t.said = ANY(string_to_array(%s, ',')) THEN t.said ELSE %s END AS name FROM (SELECT {own.text} AS said) t) z"
    end = f"(SELECT CAST(EXTRACT(EPOCH FROM ({local}) AT TIME ZONE z.name) * {SECOND} AS BIGINT) + %s FROM {zone})"
    return Sql(end, (span.ms, _known_to_both(), otherwise, *own.values))


def least_and_most(span: Span) -> tuple[int, int]:
    """What a duration takes anywhere at least and at most, in milliseconds: what an index can be asked before any calendar is."""
    changed = _CLOCK_CHANGED if span.months else 0
    return span.months * _SHORTEST_MONTH - changed + span.ms, span.months * _LONGEST_MONTH + changed + span.ms


@lru_cache(maxsize=1024)
def cutoffs(now: int, span: Span) -> tuple[int, int]:
    """What began at the first or before is over at an instant wherever somebody is; what began after the second is over nowhere. Milliseconds.

    Between them lie hours, and days where months lack some: a duration is over when the clock of a zone, which stood `ahead` of UTC as it began, and may
    have been changed since, shows so much more.
    """
    if not span.months:
        return now - span.ms, now - span.ms
    back = Span(span.months, 0)
    found = []
    for changed in _changes(now // DAY, span):
        at = now - span.ms + changed
        first, last = at + _LEAST_AHEAD, at + _MOST_AHEAD
        # Between two midnights the calendar moves as time does: what differs most lies at an end, or beside a midnight.
        midnights = [day * DAY for day in range(first // DAY + 1, last // DAY + 1)]
        shown = [first, last, *midnights, *(midnight - 1 for midnight in midnights)]
        found += [shift(clock, back, -1) - (clock - at) for clock in shown]
    return min(found) - SECOND, max(found) + SECOND


@lru_cache(maxsize=1024)
def _changes(day: int, span: Span) -> tuple[int, int]:
    """By how much the clock of any zone differs, within a few days of a day (since 1970), from what it was a duration before: least and most.

    Since 1970 no clock was changed for less than two days, so that one look in two days sees each of its offsets.
    """
    start = shift(day * DAY, span, -1) // DAY
    ended, began = range(day - 3, day + 6, 2), range(start - 4, start + 7, 2)
    least, most = 0, 0
    for name in zones():
        before, after = ({_offset(one, name) for one in days} for days in (began, ended))
        least, most = min(least, min(after) - max(before)), max(most, max(after) - min(before))
    return least, most


@lru_cache(maxsize=65_536)
def _offset(day: int, zone: str) -> int:
    """How far the clock of a zone is ahead of UTC as a day begins there, in milliseconds."""
    ahead = datetime.fromtimestamp(day * (DAY // SECOND), ZoneInfo(zone)).utcoffset() or timedelta()
    return int(ahead.total_seconds()) * SECOND


def is_over(begins: str, span: Span, moment: Moment) -> Sql:
    """That a duration which began at an instant in SQL is over for the person of a row `p`.

    The index is asked before any calendar, and the calendar only about what is over here and not there.
    """
    surely, soonest = cutoffs(moment.now, span)
    latest = Sql(f"{begins} <= %s", (soonest,))
    if not span.months:
        return latest
    end = end_in_sql(begins, span, moment.workspace_id)
    return all_of([latest, any_of([Sql(f"{begins} <= %s", (surely,)), Sql(f"{end.text} <= %s", (*end.values, moment.now))])])


def is_under_way(begins: str, span: Span, moment: Moment) -> Sql:
    """The opposite of `is_over`, as the index takes it."""
    earliest, surely = cutoffs(moment.now, span)
    later = Sql(f"{begins} > %s", (earliest,))
    if not span.months:
        return later
    end = end_in_sql(begins, span, moment.workspace_id)
    return all_of([later, any_of([Sql(f"{begins} > %s", (surely,)), Sql(f"{end.text} > %s", (*end.values, moment.now))])])


def next_over(rows: str, begins: str, span: Span, matching: Sql, moment: Moment) -> Flip:
    """The earliest end of a duration that some rows of a person began, and which may come before everybody is looked at again."""
    end = end_in_sql(begins, span, moment.workspace_id)
    soon = Sql(f"{begins} <= %s", (cutoffs(moment.until, span)[1],))
    ahead = all_of([matching, is_under_way(begins, span, moment), soon])
    return Flip(NOW, Sql(f"(SELECT MIN({end.text}) FROM {rows} WHERE {ahead.text})", (*end.values, *ahead.values)))


@lru_cache(maxsize=1)
def _known_to_both() -> str:
    """The zones, with commas, that PostgreSQL knows by the same name: asked for another it refuses the whole statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_timezone_names")
        return ",".join(sorted(zones() & {name for (name,) in cursor.fetchall()}))
