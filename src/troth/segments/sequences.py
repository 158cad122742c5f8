"""Conditions on two events in order: A then B within a time, or A without B within that time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from troth.consent.coverage import Datum
from troth.consent.coverage import Kind as DatumKind
from troth.people.event_names import fold_event_name
from troth.segments import windows
from troth.segments.events import check_event, describe_properties, matches, matching, tell_events
from troth.segments.horizons import Horizon, read_span, shift
from troth.segments.kinds import Answer, Facts, Flip, Happening, Kind, Leaf, Moment, Read, Witness, refuse_unless
from troth.segments.sql import ALWAYS, Sql, all_of, opposite

_STEP = frozenset({"event", "where"})


class SequenceKind(Kind):
    """`{"sequence": [{"event": "cart"}, {"event": "bought"}], "op": "without", "gap": "PT1H", "within": "P7D"}`, or `then`.

    The window is about A. `without` holds when the gap is over and no B came in it; with no `gap`, any later B counts.
    """

    key = "sequence"
    fields = frozenset({"op", "gap"}) | windows.FIELDS

    def check(self, leaf: Leaf, path: str) -> None:
        """See `Kind`."""
        steps = leaf["sequence"]
        two = isinstance(steps, list) and len(steps) == 2 and all(isinstance(step, dict) and set(step) <= _STEP for step in steps)
        refuse_unless(two, f"{path}.sequence", "a list of two objects with `event` and, if you like, `where`.")
        for number, step in enumerate(steps):
            check_event(step, f"{path}.sequence[{number}]")
        refuse_unless(leaf.get("op") in ("then", "without"), f"{path}.op", "choose one of then, without.")
        gap = read_span(leaf.get("gap"))
        fixed = "gap" not in leaf or (gap is not None and gap.months == 0)
        refuse_unless(fixed, f"{path}.gap", "a duration in weeks, days, hours, minutes or seconds, e.g. PT1H.")
        windows.check_window(leaf, path)

    def wakes(self, leaf: Leaf) -> Iterator[str]:
        """See `Kind`."""
        yield from (f"event:{name}" for name in self.events(leaf))

    def events(self, leaf: Leaf) -> Iterator[str]:
        """See `Kind`."""
        yield from (fold_event_name(step["event"]) for step in leaf["sequence"])

    def reads(self, leaf: Leaf, path: str) -> Iterator[Read]:
        """See `Kind`."""
        for number, step in enumerate(leaf["sequence"]):
            yield Read(Datum(DatumKind.EVENT, fold_event_name(step["event"])), f"{path}.sequence[{number}].event")

    def is_timed(self, leaf: Leaf) -> bool:
        """See `Kind`."""
        return any(horizon is not None for horizon in (*windows.horizons(leaf), _patience(leaf)))

    def compile(self, leaf: Leaf, moment: Moment) -> Sql:
        """See `Kind`."""
        found = all_of([*_parts(leaf, moment), windows.inside(leaf, "a.ts", moment.now), _over(leaf, moment.now)])
        return Sql(f"EXISTS (SELECT 1 FROM people_event a WHERE {found.text})", found.values)

    def flips(self, leaf: Leaf, moment: Moment) -> list[Flip]:
        """See `Kind`."""
        within, older = windows.horizons(leaf)
        patience = _patience(leaf)
        base = _parts(leaf, moment)
        flips = []
        if within and not older:
            # The latest A that counts is the last to leave the window.
            counting = all_of([*base, windows.inside(leaf, "a.ts", moment.now), _over(leaf, moment.now)])
            flips.append(Flip(within, Sql(f"(SELECT MAX(a.ts) FROM people_event a WHERE {counting.text})", counting.values)))
        moving = [horizon for horizon in (within if older else None, older, patience) if horizon]
        return [*flips, *(windows.next_reached(horizon, "people_event a", "a.ts", all_of(base), moment) for horizon in moving)]

    def witness(self, leaf: Leaf, moment: Moment) -> Witness | None:
        """See `Kind`. There is a latest A that counts where there is any."""
        within, older = windows.horizons(leaf)
        return Witness(self.flips(leaf, moment)[0], True) if within and not older else None

    def judge(self, leaf: Leaf, facts: Facts, now: int) -> Answer:
        """See `Kind`."""
        first, second = leaf["sequence"]
        gap = read_span(leaf.get("gap"))
        for a in reversed([event for event in facts.events if matches(first, event) and windows.is_inside(leaf, event.ts, now)]):
            after = [b for b in facts.events if matches(second, b) and _follows(a, b) and (gap is None or b.ts <= a.ts + gap.ms)]
            if leaf["op"] == "then" and after:
                return Answer(True, tell_events([a, after[0]]))
            if leaf["op"] == "without" and not after and (gap is None or a.ts <= shift(now, gap, -1)):
                return Answer(True, tell_events([a]))
        return Answer(False, ("no such pair",) if leaf["op"] == "then" else ("none that is left without it",))

    def describe(self, leaf: Leaf) -> str:
        """See `Kind`."""
        first, second = (
            step["event"] + (f" with {describe_properties(step['where'])}" if "where" in step else "") for step in leaf["sequence"]
        )
        gap = f" within {leaf['gap']}" if "gap" in leaf else ""
        return f"did {first}{windows.describe(leaf)}, {'then' if leaf['op'] == 'then' else 'without'} {second}{gap}"


def _follows(a: Happening, b: Happening) -> bool:
    return (b.ts, b.seq) > (a.ts, a.seq)


def _patience(leaf: Leaf) -> Horizon | None:
    """What an A without B waits for: the end of its gap."""
    return Horizon(f"-{leaf['gap']}") if leaf["op"] == "without" and "gap" in leaf else None


def _over(leaf: Leaf, now: int) -> Sql:
    patience = _patience(leaf)
    return Sql("a.ts <= %s", (patience.cutoff(now),)) if patience else ALWAYS


def _parts(leaf: Leaf, moment: Moment) -> list[Sql]:
    """The A, and that a B follows it or not."""
    first, second = leaf["sequence"]
    gap = read_span(leaf.get("gap"))
    in_time: list[Any] = [Sql("b.ts <= a.ts + %s", (gap.ms,))] if gap else []
    follows = all_of([matching(second, "b", moment), Sql("b.ts >= a.ts AND (b.ts > a.ts OR b.seq > a.seq)"), *in_time])
    found = Sql(f"EXISTS (SELECT 1 FROM people_event b WHERE {follows.text})", follows.values)
    return [matching(first, "a", moment), found if leaf["op"] == "then" else opposite(found)]
