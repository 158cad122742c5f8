"""Conditions on dates in attributes, as SQL for both databases: what `dates.holds_on` says in Python. A property test holds the two equal."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from troth.kernel.clock import DAY, HOUR, MINUTE, SECOND
from troth.kernel.sql import is_sqlite
from troth.segments.dates import Bound, anniversaries, find_range, horizons_of
from troth.segments.horizons import EPOCH, MOMENT, Horizon
from troth.segments.kinds import Flip, Moment
from troth.segments.sql import NEVER, Sql, all_of, any_of
from troth.segments.values_in_sql import Place, raw_text, text_at


def _digits(start: int, length: int, unit: int) -> str:
    return f"CAST(substr(d.t, {start}, {length}) AS INTEGER) * {unit}"


_AHEAD = (
    "CASE WHEN substr(d.t, length(d.t) - 2, 1) = ':' AND substr(d.t, length(d.t) - 5, 1) IN ('+', '-') THEN"
    f" CAST(substr(d.t, length(d.t) - 4, 2) AS INTEGER) * {HOUR} + CAST(substr(d.t, length(d.t) - 1, 2) AS INTEGER) * {MINUTE} ELSE 0 END"
)
_INSTANT = (
    f"d.day * {DAY} + {_digits(12, 2, HOUR)} + {_digits(15, 2, MINUTE)}"
    f" + CASE WHEN substr(d.t, 17, 1) = ':' THEN {_digits(18, 2, SECOND)} ELSE 0 END"
    f" + CASE WHEN substr(d.t, 20, 1) = '.' THEN {_digits(21, 3, 1)} ELSE 0 END"
    f" + CASE WHEN substr(d.t, length(d.t) - 5, 1) = '-' THEN 1 ELSE -1 END * ({_AHEAD})"
)
_FIRST_DAY, _LAST_DAY = -354_000, 376_000
"""Within the years 1000 to 2999, whose days are in the order of their texts."""
_TIME = "??????????T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]"
_USUAL = f"length(v.t) = 10 OR (substr(v.t, 12, 2) < '24' AND (v.t GLOB '{_TIME}.[0-9][0-9][0-9]Z' OR v.t GLOB '{_TIME}Z'))"
_ONCE = " LIMIT 1 OFFSET 0"
"""Keeps SQLite from writing what is computed below into every place that uses it above, and computing it there again."""


_WIDEST = 6
"""Days by which an instant may be away from the day that is written in it (an offset has two digits of hours), and a little more."""


def _dated(place: Place, wanted: str) -> Sql:
    """The date at a place as one row `m` with the columns of `_AS_DATE` or `_AS_ANNIVERSARY`; all NULL where it is no date."""
    text = text_at(place)
    if is_sqlite():
        # The pattern is a function of Python's, called for each row: what most clients write is told without it.
        is_real = "v.t GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]*' AND date(substr(v.t, 1, 10)) = substr(v.t, 1, 10)"
        day_of = "CAST(julianday(substr(v.t, 1, 10)) - 2440587.5 AS INTEGER)"
        day = f"CASE WHEN {is_real} AND ({_USUAL} OR v.t REGEXP %s) THEN {day_of} END"
    else:
        # Every month has 28 days: the calendar is asked about the others.
        day_of = "(CAST(left(v.t, 8) || '01' AS DATE) + (CAST(substr(v.t, 9, 2) AS INTEGER) - 1))"
        is_real = f"(substr(v.t, 9, 2) <= '28' OR to_char({day_of}, 'YYYY-MM-DD') = left(v.t, 10))"
        day = f"CASE WHEN v.t ~ %s THEN CASE WHEN {is_real} THEN CAST({day_of} - DATE '1970-01-01' AS BIGINT) END END"
    inner = f"(SELECT v.t, {day} AS day FROM (SELECT {text.text} AS t) v{_ONCE}) d"
    return Sql(f"(SELECT {wanted} FROM {inner}{_ONCE}) m", (MOMENT, *text.values))


_AS_DATE = f"CASE WHEN length(d.t) = 10 THEN d.day END AS day, CASE WHEN d.day IS NOT NULL AND length(d.t) > 10 THEN {_INSTANT} END AS at"
"""`day` alone (since 1970), or the instant `at`."""
_AS_ANNIVERSARY = "CASE WHEN d.day IS NOT NULL THEN substr(d.t, 6, 5) END AS month_day"


def _near(place: Place, earliest: int | None, latest: int | None) -> Sql:
    """What is written as a day between two (since 1970), give or take: told by comparing texts, before a date is taken apart."""
    raw = raw_text(place)
    limits = [(">=", earliest - _WIDEST if earliest is not None else None), ("<", latest + _WIDEST if latest is not None else None)]
    return all_of(
        Sql(f"COALESCE({raw.text} {sign} %s, 1 = 0)", (*raw.values, (EPOCH + timedelta(days=day)).isoformat()))
        for sign, day in limits
        if day is not None and _FIRST_DAY < day < _LAST_DAY
    )


def _on_days(place: Place, month_days: Collection[str]) -> Sql:
    """What is written like a day of the year, before a date is taken apart."""
    raw, marks = raw_text(place), ", ".join(["%s"] * len(month_days))
    return Sql(f"COALESCE(substr({raw.text}, 6, 5) IN ({marks}), 1 = 0)", (*raw.values, *month_days)) if month_days else NEVER


def compile_date(place: Place, leaf: Mapping[str, Any], now: int) -> Sql:
    """A checked condition on a date; false for what is no date."""
    if leaf["op"] == "anniversary":
        inside, _ = anniversaries(leaf, now)
        dated = _dated(place, _AS_ANNIVERSARY)
        return all_of([_on_days(place, inside), Sql(f"EXISTS (SELECT 1 FROM {dated.text} WHERE m.month_day IS NOT NULL)", dated.values)])
    lower, upper = find_range(leaf)
    dated = _dated(place, _AS_DATE)
    holds = any_of([_between("m.at", lower, upper, now, in_days=False), _between("m.day", lower, upper, now, in_days=True)])
    near = _near(place, min(_days_of(lower, now)) if lower else None, max(_days_of(upper, now)) if upper else None)
    return all_of([near, Sql(f"EXISTS (SELECT 1 FROM {dated.text} WHERE {holds.text})", (*dated.values, *holds.values))])


def _days_of(bound: Bound, now: int) -> tuple[int, int]:
    """A bound for instants and for days, both in days since 1970."""
    return _cutoff(bound.at, now) // DAY, _cutoff(bound.day, now)


def _cutoff(limit: int | Horizon, now: int) -> int:
    return limit.cutoff(now) if isinstance(limit, Horizon) else limit


def _between(value: str, lower: Bound | None, upper: Bound | None, now: int, *, in_days: bool) -> Sql:
    limits = [(sign, bound.day if in_days else bound.at) for bound, sign in ((lower, ">"), (upper, "<=")) if bound]
    return all_of(Sql(f"{value} {sign} %s", (_cutoff(limit, now),)) for sign, limit in limits)


def flips_of_date(place: Place, leaf: Mapping[str, Any], moment: Moment) -> list[Flip]:
    """When a condition on a date may change by time alone."""
    if leaf["op"] == "anniversary":
        horizon = Horizon(zone=leaf.get("zone", "UTC"), days=1, in_days=True)
        _, turns = anniversaries(leaf, moment.now)
        soon = {month_day: day for month_day, day in turns.items() if day <= horizon.cutoff(moment.until)}
        dated, near = _dated(place, _AS_ANNIVERSARY), _on_days(place, soon)
        return [Flip(horizon, _if(near, Sql(f"(SELECT m.month_day FROM {dated.text})", dated.values)), soon)]
    flips = []
    dated = _dated(place, _AS_DATE)
    for pair in horizons_of(find_range(leaf)):
        bound = Bound(*pair)
        near = _near(place, min(_days_of(bound, moment.now)), max(_days_of(bound, moment.until)))
        for horizon, value in zip(pair, ("m.at", "m.day"), strict=True):
            ahead = f"(SELECT CASE WHEN {value} > %s THEN {value} END FROM {dated.text})"
            flips.append(Flip(horizon, _if(near, Sql(ahead, (horizon.cutoff(moment.now), *dated.values)))))
    return flips


def _if(condition: Sql, value: Sql) -> Sql:
    return Sql(f"(CASE WHEN {condition.text} THEN {value.text} END)", (*condition.values, *value.values))
