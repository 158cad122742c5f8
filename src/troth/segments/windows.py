"""The window of time in a condition on events: `within` or `older_than` a duration, `since` and `until` fixed moments. In Python and in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from troth.kernel.local_time import zones
from troth.kernel.speech import ENGLISH, Speech
from troth.kernel.spoken_durations import say_duration_in
from troth.segments.horizons import Horizon, read_moment, read_span, shift
from troth.segments.kinds import Flip, Moment, refuse_unless
from troth.segments.sql import Sql, all_of

FIELDS = frozenset({"within", "older_than", "since", "until", "zone"})
IN_WORDS = {"within": "within the last {span}", "older_than": "longer ago than {span}", "since": "since {span}", "until": "before {span}"}


def check_window(leaf: Mapping[str, Any], path: str) -> None:
    """Make sure that the window can be evaluated. Raises DefinitionInvalid."""
    refuse_unless(leaf.get("zone", "UTC") in zones(), f"{path}.zone", "the name of a time zone, e.g. Europe/Paris.")
    for name in ("within", "older_than"):
        refuse_unless(
            name not in leaf or read_span(leaf[name]) is not None, f"{path}.{name}", "a duration as ISO 8601 writes it, e.g. P7D or PT12H."
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


def is_inside(leaf: Mapping[str, Any], ts: int, now: int) -> bool:
    """Whether something that happened at an instant is in the window."""
    within, older = read_span(leaf.get("within")), read_span(leaf.get("older_than"))
    since, until = _fixed(leaf, "since"), _fixed(leaf, "until")
    return (
        (within is None or ts > shift(now, within, -1))
        and (older is None or ts <= shift(now, older, -1))
        and (since is None or ts >= since)
        and (until is None or ts < until)
    )


def horizons(leaf: Mapping[str, Any]) -> tuple[Horizon | None, Horizon | None]:
    """What `within` and `older_than` move with."""
    within, older = leaf.get("within"), leaf.get("older_than")
    return Horizon(f"-{within}") if within else None, Horizon(f"-{older}") if older else None


def inside(leaf: Mapping[str, Any], column: str, now: int) -> Sql:
    """The window over a column in milliseconds."""
    within, older = horizons(leaf)
    since, until = _fixed(leaf, "since"), _fixed(leaf, "until")
    limits = (
        (">", within.cutoff(now) if within else None),
        ("<=", older.cutoff(now) if older else None),
        (">=", since),
        ("<", until),
    )
    return all_of(Sql(f"{column} {sign} %s", (limit,)) for sign, limit in limits if limit is not None)


def next_reached(horizon: Horizon, rows: str, column: str, matching: Sql, moment: Moment) -> Flip:
    """The earliest of some rows of a person that the horizon has not reached yet, and may reach before everybody is looked at again."""
    ahead = all_of([matching, Sql(f"{column} > %s AND {column} <= %s", (horizon.cutoff(moment.now), horizon.cutoff(moment.until)))])
    return Flip(horizon, Sql(f"(SELECT MIN({column}) FROM {rows} WHERE {ahead.text})", ahead.values))


def turns(leaf: Mapping[str, Any], instants: Iterable[int], since: int, until: int) -> Iterator[int | None]:
    """When what happened at some instants did, entered the window, and left it."""
    moving = [horizon for horizon in horizons(leaf) if horizon]
    for at in instants:
        yield at
        yield from (horizon.reaches(at, since, until) for horizon in moving)


def describe(leaf: Mapping[str, Any], say: Speech = ENGLISH) -> str:
    """The window in words, with a space before; empty: ever."""
    return "".join(f" {say(told, span=say_duration_in(str(leaf[name]), say.language))}" for name, told in IN_WORDS.items() if name in leaf)
