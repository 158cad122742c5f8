"""Conditions on events in order: A, then B within a time, then C; or A, then B, without C in its time."""

from __future__ import annotations

from collections.abc import Iterator

from troth.consent.coverage import Datum
from troth.consent.coverage import Kind as DatumKind
from troth.kernel.speech import ENGLISH, Said, Speech
from troth.kernel.spoken_durations import say_duration_in
from troth.people.event_names import fold_event_name
from troth.segments import windows
from troth.segments.clocks import TIME_ZONE, end_in_sql, end_of, is_over, least_and_most, next_over, zone_of
from troth.segments.events import check_event, describe_where, matches, matching, tell_events
from troth.segments.horizons import Span, read_span
from troth.segments.kinds import Answer, Facts, Flip, Happening, Kind, Leaf, Moment, Read, Witness, refuse_unless
from troth.segments.sql import ALWAYS, Sql, all_of, any_of, opposite

STEPS_IN_WORDS = {"did": "did {name}{where}{when}", "then": "then {name}{where}{when}", "without": "without {name}{where}{when}"}
MOST_STEPS = 5
_STEP = frozenset({"event", "where", "gap"})


class SequenceKind(Kind):
    """`{"sequence": [{"event": "cart"}, {"event": "bought"}], "op": "without", "gap": "PT1H", "within": "P7D"}`, or `then`; up to five steps.

    The window is about the first step. A gap is how long after the step before it a step may come; a step may have one of its own. Months and
    years in it go by the calendar on the person's own clock. `without`
    holds when the steps but the last came, the last one's gap is over, and it did not come in it; with no gap, whenever it came counts.
    """

    key = "sequence"
    fields = frozenset({"op", "gap"}) | windows.FIELDS

    def check(self, leaf: Leaf, path: str) -> None:
        """See `Kind`."""
        steps = leaf["sequence"]
        some = (
            isinstance(steps, list) and 2 <= len(steps) <= MOST_STEPS and all(isinstance(one, dict) and set(one) <= _STEP for one in steps)
        )
        says = f"a list of two to {MOST_STEPS} objects with `event` and, if you like, `where` and `gap`."
        refuse_unless(some, f"{path}.sequence", says)
        refuse_unless("gap" not in steps[0], f"{path}.sequence[0].gap", "nothing comes before the first step.")
        for number, step in enumerate(steps):
            check_event(step, f"{path}.sequence[{number}]")
            _check_gap(step, f"{path}.sequence[{number}].gap")
        refuse_unless(leaf.get("op") in ("then", "without"), f"{path}.op", "choose one of then, without.")
        _check_gap(leaf, f"{path}.gap")
        windows.check_window(leaf, path)

    def wakes(self, leaf: Leaf) -> Iterator[str]:
        """See `Kind`."""
        yield from (f"event:{name}" for name in self.events(leaf))
        if any(gap.months for gap in _gaps(leaf)):
            yield f"attribute:{TIME_ZONE}"
        yield from windows.wakes(leaf)

    def events(self, leaf: Leaf) -> Iterator[str]:
        """See `Kind`."""
        yield from (fold_event_name(step["event"]) for step in leaf["sequence"])

    def reads(self, leaf: Leaf, path: str) -> Iterator[Read]:
        """See `Kind`."""
        for number, step in enumerate(leaf["sequence"]):
            yield Read(Datum(DatumKind.EVENT, fold_event_name(step["event"])), f"{path}.sequence[{number}].event")
        if any(gap.months for gap in _gaps(leaf)):
            yield Read(Datum(DatumKind.ATTRIBUTE, TIME_ZONE), f"{path}.gap" if "gap" in leaf else f"{path}.sequence")
        yield from windows.reads(leaf, path)

    def is_timed(self, leaf: Leaf) -> bool:
        """See `Kind`."""
        return _patience(leaf) is not None or windows.is_moving(leaf)

    def compile(self, leaf: Leaf, moment: Moment) -> Sql:
        """See `Kind`."""
        found = all_of([*_parts(leaf, moment), windows.inside(leaf, "s0.ts", moment), _over(leaf, moment)])
        return Sql(f"EXISTS (SELECT 1 FROM people_event s0 WHERE {found.text})", found.values)

    def flips(self, leaf: Leaf, moment: Moment) -> list[Flip]:
        """See `Kind`."""
        base = all_of(_parts(leaf, moment))
        if windows.moves_by_within_alone(leaf):
            # The latest first step that counts is the last to leave the window.
            flips = [windows.last_to_leave(leaf, "people_event s0", "s0.ts", all_of([base, _over(leaf, moment)]), moment)]
        else:
            flips = windows.next_turns(leaf, "people_event s0", "s0.ts", base, moment)
        if patience := _patience(leaf):
            # What is waited for is told by the last step that came; where others must come before it, it may be one that waits for nothing.
            last = base if len(leaf["sequence"]) == 2 else matching(leaf["sequence"][-2], "s0", moment)
            flips.append(next_over("people_event s0", "s0.ts", patience, last, moment))
        return flips

    def witness(self, leaf: Leaf, moment: Moment) -> Witness | None:
        """See `Kind`. There is a latest first step that counts where there is any."""
        is_told = windows.moves_by_within_alone(leaf) and not windows.counts_months(leaf)
        return Witness(self.flips(leaf, moment)[0], True) if is_told else None

    def judge(self, leaf: Leaf, facts: Facts, now: int) -> Answer:
        """See `Kind`."""
        steps = leaf["sequence"]
        for first in reversed(
            [event for event in facts.events if matches(steps[0], event) and windows.is_inside(leaf, event.ts, facts, now)]
        ):
            found = _follow(leaf, [first], facts, now)
            if found:
                return Answer(True, tell_events(found))
        return Answer(False, (Said("no such sequence") if leaf["op"] == "then" else Said("none that is left without it"),))

    def is_recorded(self, leaf: Leaf) -> bool:
        """See `Kind`."""
        return True

    def turns(self, leaf: Leaf, facts: Facts, since: int, until: int) -> Iterator[int | None]:
        """See `Kind`."""
        names = set(self.events(leaf))
        found = [event.ts for event in facts.events if event.name in names]
        yield from windows.turns(leaf, found, facts)
        if patience := _patience(leaf):
            yield from (end_of(at, patience, zone_of(facts)) for at in found)

    def describe(self, leaf: Leaf, say: Speech = ENGLISH) -> str:
        """See `Kind`."""
        told = []
        for number, step in enumerate(leaf["sequence"]):
            gap = step.get("gap", leaf.get("gap"))
            word = "did" if number == 0 else "without" if leaf["op"] == "without" and step is leaf["sequence"][-1] else "then"
            within = f" {say('within {span}', span=say_duration_in(gap, say.language))}" if gap else ""
            when = windows.describe(leaf, say) if number == 0 else within
            told.append(say(STEPS_IN_WORDS[word], name=step["event"], where=describe_where(step, say), when=when))
        return ", ".join(told)


def _check_gap(holder: Leaf, path: str) -> None:
    is_known = "gap" not in holder or read_span(holder["gap"]) is not None
    refuse_unless(is_known, path, "a duration as ISO 8601 writes it, such as PT1H or P3M (1 hour, 3 months).")


def _gap(leaf: Leaf, number: int) -> Span | None:
    """How long after the one before it a step may come; None: however long."""
    return read_span(leaf["sequence"][number].get("gap", leaf.get("gap")))


def _gaps(leaf: Leaf) -> list[Span]:
    """All gaps of a sequence."""
    return [gap for number in range(1, len(leaf["sequence"])) if (gap := _gap(leaf, number))]


def _follow(leaf: Leaf, come: list[Happening], facts: Facts, now: int) -> list[Happening]:
    """The events of a sequence that has begun with some; none where it does not go on as it should."""
    number, steps = len(come), leaf["sequence"]
    if number == len(steps):
        return come
    before, gap = come[-1], _gap(leaf, number)
    ends = end_of(before.ts, gap, zone_of(facts)) if gap else None
    after = [
        event
        for event in facts.events
        if matches(steps[number], event) and (event.ts, event.seq) > (before.ts, before.seq) and (ends is None or event.ts <= ends)
    ]
    if leaf["op"] == "without" and number == len(steps) - 1:
        return come if not after and (ends is None or ends <= now) else []
    return next((found for event in after if (found := _follow(leaf, [*come, event], facts, now))), [])


def _patience(leaf: Leaf) -> Span | None:
    """What a sequence without its last step waits for: the end of that step's gap."""
    return _gap(leaf, len(leaf["sequence"]) - 1) if leaf["op"] == "without" else None


def _over(leaf: Leaf, moment: Moment) -> Sql:
    """That the wait after a first step which the last one would follow is over."""
    patience = _patience(leaf)
    return is_over("s0.ts", patience, moment) if patience and len(leaf["sequence"]) == 2 else ALWAYS


def _parts(leaf: Leaf, moment: Moment) -> list[Sql]:
    """The first step as `s0`, and that the others follow it."""
    return [matching(leaf["sequence"][0], "s0", moment), _follows(leaf, 1, moment)]


def _comes_within(own: str, before: str, gap: Span, workspace_id: int) -> Sql:
    """That an instant is not after the end of a gap that begins with another. The calendar is asked only where months of any length do not tell."""
    least, most = least_and_most(gap)
    latest = Sql(f"{own} <= {before} + %s", (most,))
    if not gap.months:
        return latest
    end = end_in_sql(before, gap, workspace_id)
    return all_of([latest, any_of([Sql(f"{own} <= {before} + %s", (least,)), Sql(f"{own} <= {end.text}", end.values)])])


def _follows(leaf: Leaf, number: int, moment: Moment) -> Sql:
    """That a step follows the one before it, or must not, and what has to follow it in turn."""
    own, before, gap = f"s{number}", f"s{number - 1}", _gap(leaf, number)
    is_last = number == len(leaf["sequence"]) - 1
    order = Sql(f"{own}.ts >= {before}.ts AND ({own}.ts > {before}.ts OR {own}.seq > {before}.seq)")
    parts = [matching(leaf["sequence"][number], own, moment), order]
    if gap:
        parts.append(_comes_within(f"{own}.ts", f"{before}.ts", gap, moment.workspace_id))
    patience = _patience(leaf)
    if not is_last:
        parts.append(_follows(leaf, number + 1, moment))
        if number == len(leaf["sequence"]) - 2 and patience:
            parts.append(is_over(f"{own}.ts", patience, moment))
    found = all_of(parts)
    comes = Sql(f"EXISTS (SELECT 1 FROM people_event {own} WHERE {found.text})", found.values)
    return opposite(comes) if is_last and leaf["op"] == "without" else comes
