"""The window of time in a condition on events: `within` or `older_than` a duration, `since` and `until` fixed moments. In Python and in SQL.

Something leaves `within`, and enters `older_than`, when the duration that began with it is over: months and years on the person's own clock (`clocks`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from troth.consent.coverage import Datum
from troth.consent.coverage import Kind as DatumKind
from troth.kernel.local_time import zones
from troth.kernel.speech import ENGLISH, Speech
from troth.kernel.spoken_durations import say_duration_in
from troth.segments.clocks import TIME_ZONE, cutoffs, end_in_sql, end_of, is_over, is_under_way, next_over, zone_of
from troth.segments.horizons import NOW, Horizon, Span, read_moment, read_span
from troth.segments.kinds import Facts, Flip, Moment, Read, refuse_unless
from troth.segments.sql import Sql, all_of

FIELDS = frozenset({"within", "older_than", "since", "until", "zone"})
IN_WORDS = {"within": "within the last {span}", "older_than": "longer ago than {span}", "since": "since {span}", "until": "before {span}"}


def check_window(leaf: Mapping[str, Any], path: str) -> None:
    """Make sure that the window can be evaluated. Raises DefinitionInvalid."""
    refuse_unless(leaf.get("zone", "UTC") in zones(), f"{path}.zone", "the name of a time zone, e.g. Europe/Paris.")
    for name in ("within", "older_than"):
        refuse_unless(
            name not in leaf or read_span(leaf[name]) is not None,
            f"{path}.{name}",
            "a duration as ISO 8601 writes it, such as P7D or PT12H (7 days, 12 hours).",
        )
    for name in ("since", "until"):
        refuse_unless(
            name not in leaf or read_moment(leaf[name]) is not None,
            f"{path}.{name}",
            "a day (2026-05-14) or an instant (2026-05-14T09:00:00Z).",
        )
    refuse_unless(
        "zone" not in leaf or "since" in leaf or "until" in leaf, f"{path}.zone", "only days in `since` and `until` have a time zone."
    )


def _fixed(leaf: Mapping[str, Any], name: str) -> int | None:
    moment = read_moment(leaf.get(name))
    return moment.begins(leaf.get("zone", "UTC")) if moment else None


def _spans(leaf: Mapping[str, Any]) -> tuple[Span | None, Span | None]:
    """`within` and `older_than`."""
    return read_span(leaf.get("within")), read_span(leaf.get("older_than"))


def is_moving(leaf: Mapping[str, Any]) -> bool:
    """Whether what is inside changes by time alone."""
    return any(_spans(leaf))


def moves_by_within_alone(leaf: Mapping[str, Any]) -> bool:
    """Whether things leave the window by time and do not enter it."""
    within, older = _spans(leaf)
    return within is not None and older is None


def counts_months(leaf: Mapping[str, Any]) -> bool:
    """Whether it goes by a calendar, and so by a person's clock."""
    return any(span.months for span in _spans(leaf) if span)


def wakes(leaf: Mapping[str, Any]) -> Iterator[str]:
    """The changes that may turn a condition because of its window."""
    if counts_months(leaf):
        yield f"attribute:{TIME_ZONE}"


def reads(leaf: Mapping[str, Any], path: str) -> Iterator[Read]:
    """What the window reads of a person."""
    for name, span in zip(("within", "older_than"), _spans(leaf), strict=True):
        if span and span.months:
            yield Read(Datum(DatumKind.ATTRIBUTE, TIME_ZONE), f"{path}.{name}")


def is_inside(leaf: Mapping[str, Any], ts: int, facts: Facts, now: int) -> bool:
    """Whether something that happened at an instant is in the window of a person."""
    within, older = _spans(leaf)
    since, until = _fixed(leaf, "since"), _fixed(leaf, "until")
    zone = zone_of(facts) if counts_months(leaf) else ""
    return (
        (within is None or end_of(ts, within, zone) > now)
        and (older is None or end_of(ts, older, zone) <= now)
        and (since is None or ts >= since)
        and (until is None or ts < until)
    )


def inside(leaf: Mapping[str, Any], column: str, moment: Moment) -> Sql:
    """The window over a column in milliseconds, of the person of a row `p`."""
    within, older = _spans(leaf)
    moving = [*([is_under_way(column, within, moment)] if within else []), *([is_over(column, older, moment)] if older else [])]
    return all_of([*moving, _inside_fixed(leaf, column)])


def _inside_fixed(leaf: Mapping[str, Any], column: str) -> Sql:
    """`since` and `until`."""
    limits = ((">=", _fixed(leaf, "since")), ("<", _fixed(leaf, "until")))
    return all_of(Sql(f"{column} {sign} %s", (limit,)) for sign, limit in limits if limit is not None)


def next_turns(leaf: Mapping[str, Any], rows: str, column: str, matching: Sql, moment: Moment) -> list[Flip]:
    """For each side that moves, the earliest of some rows of a person to pass it that has not yet, and may before everybody is looked at again."""
    flips = []
    for name, span in zip(("within", "older_than"), _spans(leaf), strict=True):
        if span is None:
            continue
        if span.months:
            flips.append(next_over(rows, column, span, matching, moment))
            continue
        horizon = Horizon(f"-{leaf[name]}")
        ahead = all_of([matching, Sql(f"{column} > %s AND {column} <= %s", (horizon.cutoff(moment.now), horizon.cutoff(moment.until)))])
        flips.append(Flip(horizon, Sql(f"(SELECT MIN({column}) FROM {rows} WHERE {ahead.text})", ahead.values)))
    return flips


def last_to_leave(leaf: Mapping[str, Any], rows: str, column: str, matching: Sql, moment: Moment, step: int = 1) -> Flip:
    """Of a window that `within` alone moves, the row that holds the count up: rows leave the oldest first, so the `step`-th latest decides.

    Where a calendar decides who is oldest, nothing is looked up while as many rows are surely in for longer than timers reach.
    """
    span, skipped = _spans(leaf)[0] or Span(0, 0), f" OFFSET {step - 1}" if step > 1 else ""
    counting = all_of([matching, inside(leaf, column, moment)])
    if not span.months:
        latest = f"(SELECT {column} FROM {rows} WHERE {counting.text} ORDER BY {column} DESC LIMIT 1{skipped})"
        return Flip(Horizon(f"-{leaf['within']}"), Sql(latest, counting.values))
    end = end_in_sql(column, span, moment.workspace_id)
    safe = all_of([matching, _inside_fixed(leaf, column), Sql(f"{column} > %s", (cutoffs(moment.until, span)[1],))])
    enough = f"EXISTS (SELECT 1 FROM {rows} WHERE {safe.text} LIMIT 1{skipped})"
    latest = f"(SELECT {end.text} AS ends FROM {rows} WHERE {counting.text} ORDER BY ends DESC LIMIT 1{skipped})"
    return Flip(NOW, Sql(f"(CASE WHEN NOT {enough} THEN {latest} END)", (*safe.values, *end.values, *counting.values)))


def turns(leaf: Mapping[str, Any], instants: Iterable[int], facts: Facts) -> Iterator[int]:
    """When what happened to a person at some instants did, entered the window, and left it."""
    spans = [span for span in _spans(leaf) if span]
    zone = zone_of(facts) if counts_months(leaf) else ""
    for at in instants:
        yield at
        yield from (end_of(at, span, zone) for span in spans)


def describe(leaf: Mapping[str, Any], say: Speech = ENGLISH) -> str:
    """The window in words, with a space before; empty: ever."""
    return "".join(f" {say(told, span=say_duration_in(str(leaf[name]), say.language))}" for name, told in IN_WORDS.items() if name in leaf)
