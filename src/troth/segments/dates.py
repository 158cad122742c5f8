"""Conditions on dates in attributes: before, after, within the last or next, on a day from today, anniversaries. In Python, and as bounds for SQL."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from troth.kernel.local_time import zones
from troth.segments.horizons import EPOCH, NOW, Horizon, local_day, midnight, read_moment, read_span, shift
from troth.segments.kinds import refuse_unless

OPERATORS = ("before", "after", "within_last", "within_next", "on_day", "anniversary")
FARTHEST = 3660
"""Days from today."""
YEAR = 365


class Bound(NamedTuple):
    """Where a range ends, for values that are instants and for those that are days without time."""

    at: int | Horizon
    day: int | Horizon


def check_date(leaf: Mapping[str, Any], path: str) -> None:
    """Make sure that the operator has a value that it understands. Raises DefinitionInvalid."""
    op, value = leaf["op"], leaf.get("value")
    refuse_unless(leaf.get("zone", "UTC") in zones(), f"{path}.zone", "the name of a time zone, e.g. Europe/Paris.")
    if op in ("before", "after"):
        is_known = read_moment(value) is not None or (isinstance(value, str) and read_span(value.removeprefix("-")) is not None)
        says = "a day (2026-05-14), an instant (2026-05-14T09:00:00Z), or a duration from now (-P30D is 30 days ago)."
        refuse_unless(is_known, f"{path}.value", says)
    elif op in ("within_last", "within_next"):
        refuse_unless(
            read_span(value) is not None, f"{path}.value", "a duration as ISO 8601 writes it, such as P7D or PT12H (7 days, 12 hours)."
        )
    else:
        first, last = read_days(value)
        refuse_unless(-FARTHEST <= first <= last <= FARTHEST, f"{path}.value", "days from today, e.g. 0, or from and to: [0, 7].")
        refuse_unless(op == "on_day" or last - first < YEAR, f"{path}.value", "anniversaries come within a year.")


def read_days(value: object) -> tuple[int, int]:
    """From and to, in days from today; (1, 0) where a value is neither."""
    first, last = value if isinstance(value, list) and len(value) == 2 else (value, value)
    return (first, last) if type(first) is int and type(last) is int else (1, 0)


def is_moving(leaf: Mapping[str, Any]) -> bool:
    """Whether the condition depends on the time."""
    return leaf["op"] not in ("before", "after") or read_moment(leaf["value"]) is None


def holds_on(leaf: Mapping[str, Any], found: object, now: int) -> bool:
    """The condition on a stored value; false for what is no date."""
    moment, zone, op, value = read_moment(found), leaf.get("zone", "UTC"), leaf["op"], leaf["value"]
    if moment is None:
        return False
    begins, today = moment.begins(zone), local_day(now, zone)
    if op in ("anniversary", "on_day"):
        first, last = (today + days for days in read_days(value))
        if op == "anniversary":
            return any(str(found)[5:10] in month_days(day) for day in range(first, last + 1))
        return first <= moment.day <= last if moment.day is not None else midnight(first, zone) <= begins < midnight(last + 1, zone)
    limit = read_moment(value)
    if limit is not None:
        if op == "before":
            return begins < limit.begins(zone) if moment.day is None or limit.day is None else moment.day < limit.day
        if limit.day is None:
            return begins > limit.begins(zone)
        return moment.day > limit.day if moment.day is not None else begins >= midnight(limit.day + 1, zone)
    return _is_in_window(op, value, begins, now)


def _is_in_window(op: str, value: str, begins: int, now: int) -> bool:
    """The operators that take a duration from now."""
    span = read_span(value.removeprefix("-"))
    if span is None:
        return False
    if op == "within_last":
        return shift(now, span, -1) < begins <= now
    if op == "within_next":
        return now < begins <= shift(now, span, 1)
    bound = shift(now, span, -1 if value.startswith("-") else 1)
    return begins <= bound if op == "before" else begins > bound


def month_days(day: int) -> tuple[str, ...]:
    """Whose anniversary a day (days since 1970) is, as `MM-DD`: who was born on a 29 February has it on the 28th of other years."""
    date = EPOCH + timedelta(days=day)
    own = date.isoformat()[5:]
    return (own, "02-29") if own == "02-28" and not calendar.isleap(date.year) else (own,)


def find_range(leaf: Mapping[str, Any]) -> tuple[Bound | None, Bound | None]:
    """A condition other than an anniversary as a range: greater than the first bound, at most the second."""
    op, value, zone = leaf["op"], leaf["value"], leaf.get("zone", "UTC")
    now = _moving("", zone)
    if op == "within_last":
        return _moving(f"-{value}", zone), now
    if op == "within_next":
        return now, _moving(value, zone)
    if op == "on_day":
        first, last = read_days(value)
        return _whole_days(first, zone), _whole_days(last + 1, zone)
    limit = read_moment(value)
    if limit is None:
        bound = _moving(value, zone)
        return (None, bound) if op == "before" else (bound, None)
    if limit.day is not None:
        day = limit.day if op == "after" else limit.day - 1
        bound = Bound(midnight(day + 1, zone) - 1, day)
        return (None, bound) if op == "before" else (bound, None)
    at = limit.begins(zone)
    if op == "after":
        return Bound(at, local_day(at, zone)), None
    return None, Bound(at - 1, local_day(at - 1, zone))


def _moving(span: str, zone: str) -> Bound:
    return Bound(Horizon(span), Horizon(span, zone, in_days=True)) if span else Bound(NOW, Horizon(zone=zone, in_days=True))


def _whole_days(days: int, zone: str) -> Bound:
    return Bound(Horizon(zone=zone, days=days), Horizon(zone=zone, days=days, in_days=True))


def anniversaries(leaf: Mapping[str, Any], now: int) -> tuple[tuple[str, ...], Mapping[str, int]]:
    """For an instant: whose anniversary it is, as `MM-DD`, and for every `MM-DD` the day (since 1970) on which that may change next."""
    first, last = read_days(leaf["value"])
    return _anniversaries(local_day(now, leaf.get("zone", "UTC")), first, last)


@lru_cache(maxsize=256)
def _anniversaries(today: int, first: int, last: int) -> tuple[tuple[str, ...], Mapping[str, int]]:
    inside: dict[str, int] = {}
    for day in range(today + first, today + last + 1):
        for month_day in month_days(day):
            inside[month_day] = day
    turns = {month_day: day - first + 1 for month_day, day in inside.items()}
    for day in range(today + last + 1, today + last + 1 + 8 * 366):
        for month_day in month_days(day):
            turns.setdefault(month_day, day - last)
        if len(turns) == 366:
            break
    return tuple(inside), turns


def horizons_of(bounds: tuple[Bound | None, Bound | None]) -> Iterator[tuple[Horizon, Horizon]]:
    """The bounds of a range that move: for instants, and for days."""
    for bound in bounds:
        if bound is not None and isinstance(bound.at, Horizon) and isinstance(bound.day, Horizon):
            yield bound.at, bound.day


def turns(leaf: Mapping[str, Any], found: object, since: int, until: int) -> Iterator[int | None]:
    """All instants after `since`, up to `until`, at which a condition that moves may change for a stored value."""
    moment = read_moment(found)
    if moment is None:
        return
    if leaf["op"] == "anniversary":
        zone = leaf.get("zone", "UTC")
        yield from (midnight(day, zone) for day in range(local_day(since, zone) + 1, local_day(until, zone) + 1))
        return
    for for_instants, for_days in horizons_of(find_range(leaf)):
        if moment.day is not None:
            yield for_days.reaches(moment.day, since, until)
        elif moment.at is not None:
            yield for_instants.reaches(moment.at, since, until)
