"""Conditions on dates in attributes, as SQL for both databases: what `dates.holds_on` says in Python. A property test holds the two equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troth.kernel.clock import DAY, HOUR, MINUTE, SECOND
from troth.kernel.json_text import encode
from troth.kernel.sql import is_sqlite
from troth.segments.dates import Bound, anniversaries, find_range, horizons_of
from troth.segments.horizons import MOMENT, Horizon
from troth.segments.kinds import Flip
from troth.segments.sql import ALWAYS, Sql, all_of, any_of
from troth.segments.values_in_sql import Place, text_at


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
_TIME = "??????????T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]"
_USUAL = f"length(v.t) = 10 OR (substr(v.t, 12, 2) < '24' AND (v.t GLOB '{_TIME}.[0-9][0-9][0-9]Z' OR v.t GLOB '{_TIME}Z'))"
_ONCE = " LIMIT 1"
"""Keeps SQLite from writing what is computed below into every place that uses it above, and computing it there again."""


def _dated(place: Place) -> Sql:
    """The date at a place as one row `m`: `day` alone (since 1970) or the instant `at`, and its `month_day`; all NULL where it is no date."""
    text = text_at(place)
    if is_sqlite():
        # The pattern is a function of Python's, called for each row: what most clients write is told without it.
        is_real = "v.t GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]*' AND date(substr(v.t, 1, 10)) = substr(v.t, 1, 10)"
        day_of = "CAST(julianday(substr(v.t, 1, 10)) - 2440587.5 AS INTEGER)"
        day = f"CASE WHEN {is_real} AND ({_USUAL} OR v.t REGEXP %s) THEN {day_of} END"
    else:
        day_of = "(CAST(left(v.t, 8) || '01' AS DATE) + (CAST(substr(v.t, 9, 2) AS INTEGER) - 1))"
        is_real = f"to_char({day_of}, 'YYYY-MM-DD') = left(v.t, 10)"
        day = f"CASE WHEN v.t ~ %s THEN CASE WHEN {is_real} THEN CAST({day_of} - DATE '1970-01-01' AS BIGINT) END END"
    parts = (
        "CASE WHEN d.day IS NOT NULL THEN substr(d.t, 6, 5) END AS month_day, CASE WHEN length(d.t) = 10 THEN d.day END AS day,"
        f" CASE WHEN d.day IS NOT NULL AND length(d.t) > 10 THEN {_INSTANT} END AS at"
    )
    inner = f"(SELECT v.t, {day} AS day FROM (SELECT {text.text} AS t) v{_ONCE}) d"
    return Sql(f"(SELECT {parts} FROM {inner}{_ONCE}) m", (MOMENT, *text.values))


def compile_date(place: Place, leaf: Mapping[str, Any], now: int) -> Sql:
    """A checked condition on a date; false for what is no date."""
    dated = _dated(place)
    if leaf["op"] == "anniversary":
        inside, _ = anniversaries(leaf, now)
        marks = ", ".join(["%s"] * len(inside))
        return Sql(f"EXISTS (SELECT 1 FROM {dated.text} WHERE COALESCE(m.month_day IN ({marks}), 1 = 0))", (*dated.values, *inside))
    lower, upper = find_range(leaf)
    holds = any_of([_between("m.at", lower, upper, now, in_days=False), _between("m.day", lower, upper, now, in_days=True)])
    return Sql(f"EXISTS (SELECT 1 FROM {dated.text} WHERE {holds.text})", (*dated.values, *holds.values))


def _between(value: str, lower: Bound | None, upper: Bound | None, now: int, *, in_days: bool) -> Sql:
    parts = []
    for bound, sign in ((lower, ">"), (upper, "<=")):
        if bound is None:
            parts.append(ALWAYS)
            continue
        limit = bound.day if in_days else bound.at
        parts.append(Sql(f"{value} {sign} %s", (limit.cutoff(now) if isinstance(limit, Horizon) else limit,)))
    return all_of(parts)


def flips_of_date(place: Place, leaf: Mapping[str, Any], now: int) -> list[Flip]:
    """When a condition on a date may change by time alone."""
    dated = _dated(place)
    if leaf["op"] == "anniversary":
        _, turns = anniversaries(leaf, now)
        key = "m.month_day"
        found = f"json_extract(%s, '$.\"' || {key} || '\"')" if is_sqlite() else f"CAST(CAST(%s AS jsonb) ->> {key} AS BIGINT)"
        next_turn = Sql(
            f"(SELECT {found} FROM {dated.text})",
            (encode(turns), *dated.values),
        )
        return [Flip(Horizon(zone=leaf.get("zone", "UTC"), days=1, in_days=True), next_turn)]
    flips = []
    for pair in horizons_of(find_range(leaf)):
        for horizon, value in zip(pair, ("m.at", "m.day"), strict=True):
            ahead = Sql(f"(SELECT CASE WHEN {value} > %s THEN {value} END FROM {dated.text})", (horizon.cutoff(now), *dated.values))
            flips.append(Flip(horizon, ahead))
    return flips
