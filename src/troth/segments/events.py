"""Conditions on what a person did, or did not do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from troth.consent.coverage import Datum
from troth.consent.coverage import Kind as DatumKind
from troth.kernel.clock import iso
from troth.kernel.speech import ENGLISH, Said, Speech
from troth.people.event_names import fold_event_name
from troth.segments import windows
from troth.segments.attributes import IN_WORDS, check_name, check_value, tell
from troth.segments.conditions import WITHOUT_VALUE, check_condition, holds, read_leaves
from troth.segments.kinds import Answer, Facts, Flip, Happening, Kind, Leaf, Moment, Read, Witness, refuse_unless
from troth.segments.sql import NEVER, Sql, all_of, opposite
from troth.segments.values_in_sql import compile_properties

OPERATORS = ("did", "did_not", "first", "last")
COUNTS = {"at_least": "at least {times} times", "at_most": "at most {times} times", "exactly": "exactly {times} times"}
OUTERMOST_IN_WORDS = {"first": "the first {name} was{when}{where}", "last": "the last {name} was{when}{where}"}
DONE_IN_WORDS = {"did": "did {name}{where}{times}{when}", "did_not": "did not do {name}{where}{when}"}
MOST_TIMES = 1_000_000
SHOWN = 3
"""Events that an explanation names."""


def check_event(leaf: Mapping[str, Any], path: str) -> None:
    """Make sure that `event` names one and `where` can be evaluated and compiled. Raises DefinitionInvalid, ConditionInvalid."""
    name = leaf.get("event")
    refuse_unless(
        isinstance(name, str) and 0 < len(name.strip()) <= 255 and "\0" not in name, f"{path}.event", "the name of an event is missing."
    )
    if "where" not in leaf:
        return
    check_condition(leaf["where"], f"{path}.where")
    for condition, place in read_leaves(leaf["where"], f"{path}.where"):
        check_name(condition["property"], f"{place}.property")
        if condition["op"] not in WITHOUT_VALUE:
            check_value(condition["op"], condition["value"], f"{place}.value")


def matching(leaf: Mapping[str, Any], alias: str, moment: Moment) -> Sql:
    """The events of `p` that a leaf is about: name and properties."""
    whose = f" AND {alias}.bucket = p.bucket AND {alias}.person_id = p.person_id"
    named = Sql(f"{alias}.workspace_id = %s AND {alias}.name = %s{whose}", (moment.workspace_id, fold_event_name(leaf["event"])))
    return all_of([named, compile_properties(leaf["where"], f"{alias}.properties")]) if "where" in leaf else named


def matches(leaf: Mapping[str, Any], event: Happening) -> bool:
    """Whether an event is one that a leaf is about."""
    return event.name == fold_event_name(leaf["event"]) and ("where" not in leaf or holds(leaf["where"], event.properties))


def tell_events(found: Sequence[Happening]) -> tuple[Said, ...]:
    """Events as evidence, the latest first."""
    told = [Said("{name} at {at}", {"name": event.name, "at": iso(event.ts)}) for event in reversed(found[-SHOWN:])]
    more = [Said("and {number} more", {"number": len(found) - SHOWN})] if len(found) > SHOWN else []
    return (*told, *more) or (Said("never"),)


class EventKind(Kind):
    """`{"event": "bought", "op": "did", "count": {"at_least": 3}, "within": "P30D", "where": {...}}`, also `did_not`, `first` and `last`.

    `first` and `last` hold the first (last) such event ever against the window and the properties.
    """

    key = "event"
    fields = frozenset({"op", "count", "where"}) | windows.FIELDS

    def check(self, leaf: Leaf, path: str) -> None:
        """See `Kind`."""
        check_event(leaf, path)
        refuse_unless(leaf.get("op") in OPERATORS, f"{path}.op", f"choose one of {', '.join(OPERATORS)}.")
        windows.check_window(leaf, path)
        if "count" in leaf:
            count = leaf["count"]
            refuse_unless(leaf["op"] == "did", f"{path}.count", "only `did` counts.")
            one = isinstance(count, Mapping) and len(count) == 1 and next(iter(count)) in COUNTS
            refuse_unless(one, f"{path}.count", "an object with one of at_least, at_most, exactly.")
            times = next(iter(count.values()))
            refuse_unless(
                type(times) is int and 0 <= times <= MOST_TIMES,
                f"{path}.count.{next(iter(count))}",
                f"a number of times up to {MOST_TIMES}.",
            )

    def wakes(self, leaf: Leaf) -> Iterator[str]:
        """See `Kind`."""
        yield f"event:{fold_event_name(leaf['event'])}"
        yield from windows.wakes(leaf)

    def events(self, leaf: Leaf) -> Iterator[str]:
        """See `Kind`."""
        yield fold_event_name(leaf["event"])

    def reads(self, leaf: Leaf, path: str) -> Iterator[Read]:
        """See `Kind`."""
        yield Read(Datum(DatumKind.EVENT, fold_event_name(leaf["event"])), f"{path}.event")
        yield from windows.reads(leaf, path)

    def is_timed(self, leaf: Leaf) -> bool:
        """See `Kind`."""
        return windows.is_moving(leaf)

    def compile(self, leaf: Leaf, moment: Moment) -> Sql:
        """See `Kind`."""
        if leaf["op"] in ("first", "last"):
            return self._compile_outermost(leaf, moment)
        at_least, more_than = _range(leaf)
        parts = [] if at_least == 0 else [_happened(leaf, moment, at_least)]
        if more_than is not None:
            parts.append(opposite(_happened(leaf, moment, more_than + 1)))
        return all_of(parts)

    def _compile_outermost(self, leaf: Leaf, moment: Moment) -> Sql:
        named = matching({"event": leaf["event"]}, "e", moment)
        order = "e.ts, e.seq" if leaf["op"] == "first" else "e.ts DESC, e.seq DESC"
        held = [windows.inside(leaf, "f.ts", moment)]
        held += [compile_properties(leaf["where"], "f.properties")] if "where" in leaf else []
        condition = all_of(held)
        # Without properties to look at, the index alone answers.
        columns = "e.ts, e.properties" if "where" in leaf else "e.ts"
        return Sql(
            f"EXISTS (SELECT 1 FROM (SELECT {columns} FROM people_event e WHERE {named.text} ORDER BY {order} LIMIT 1) f"
            f" WHERE {condition.text})",
            (*named.values, *condition.values),
        )

    def flips(self, leaf: Leaf, moment: Moment) -> list[Flip]:
        """See `Kind`. Where only `within` moves, events leave the window oldest first: the one that holds the count up decides."""
        found = matching({"event": leaf["event"]} if leaf["op"] in ("first", "last") else leaf, "e", moment)
        if not windows.moves_by_within_alone(leaf) or leaf["op"] in ("first", "last"):
            return windows.next_turns(leaf, "people_event e", "e.ts", found, moment)
        at_least, more_than = _range(leaf)
        steps = {count for count in (at_least, None if more_than is None else more_than + 1) if count}
        return [windows.last_to_leave(leaf, "people_event e", "e.ts", found, moment, step) for step in steps]

    def witness(self, leaf: Leaf, moment: Moment) -> Witness | None:
        """See `Kind`. There is a k-th latest event in the window where there are at least k."""
        if leaf["op"] in ("first", "last") or not windows.moves_by_within_alone(leaf) or windows.counts_months(leaf):
            return None
        at_least, more_than = _range(leaf)
        found = self.flips(leaf, moment)
        return Witness(found[0], more_than is None) if len(found) == 1 and (not at_least or more_than is None) else None

    def judge(self, leaf: Leaf, facts: Facts, now: int) -> Answer:
        """See `Kind`."""
        if leaf["op"] in ("first", "last"):
            named = [event for event in facts.events if event.name == fold_event_name(leaf["event"])]
            outermost = named[:1] if leaf["op"] == "first" else named[-1:]
            found = [event for event in outermost if matches(leaf, event) and windows.is_inside(leaf, event.ts, facts, now)]
            return Answer(bool(found), tell_events(outermost))
        found = [event for event in facts.events if matches(leaf, event) and windows.is_inside(leaf, event.ts, facts, now)]
        count = leaf.get("count", {"at_least": 1})
        times = len(found)
        if leaf["op"] == "did_not":
            return Answer(times == 0, tell_events(found))
        wanted = next(iter(count.values()))
        holds_now = {"at_least": times >= wanted, "at_most": times <= wanted, "exactly": times == wanted}[next(iter(count))]
        return Answer(holds_now, tell_events(found))

    def is_recorded(self, leaf: Leaf) -> bool:
        """See `Kind`."""
        return True

    def turns(self, leaf: Leaf, facts: Facts, since: int, until: int) -> Iterator[int | None]:
        """See `Kind`."""
        name = fold_event_name(leaf["event"])
        yield from windows.turns(leaf, (event.ts for event in facts.events if event.name == name), facts)

    def describe(self, leaf: Leaf, say: Speech = ENGLISH) -> str:
        """See `Kind`."""
        when = windows.describe(leaf, say)
        if leaf["op"] in OUTERMOST_IN_WORDS:
            when = when or f" {say('ever')}"
        times = "".join(f" {say(COUNTS[key], times=value)}" for key, value in leaf.get("count", {}).items())
        facts = {"name": leaf["event"], "where": describe_where(leaf, say), "times": times, "when": when}
        return say({**OUTERMOST_IN_WORDS, **DONE_IN_WORDS}[leaf["op"]], **facts)


def describe_where(holder: Mapping[str, Any], say: Speech) -> str:
    """What `where` asks of properties, in words, with a space before; empty: nothing."""
    return f" {say('with {conditions}', conditions=_describe_properties(holder['where'], say))}" if "where" in holder else ""


def _describe_properties(tree: Mapping[str, Any], say: Speech) -> str:
    if "not" in tree:
        return say("not ({conditions})", conditions=_describe_properties(tree["not"], say))
    for key, word in (("all", "and"), ("any", "or")):
        if key in tree:
            parts = [(_describe_properties(item, say), "property" in item) for item in tree[key]]
            return f" {say(word)} ".join(told if is_plain else f"({told})" for told, is_plain in parts)
    return say(IN_WORDS[tree["op"]], name=tree["property"], value="" if tree["op"] in WITHOUT_VALUE else tell(tree["value"]))


def _range(leaf: Mapping[str, Any]) -> tuple[int, int | None]:
    """At least how many times, and at most (None: any number)."""
    if leaf["op"] == "did_not":
        return 0, 0
    ((key, times),) = leaf.get("count", {"at_least": 1}).items()
    return (0 if key == "at_most" else times), (None if key == "at_least" else times)


def _happened(leaf: Mapping[str, Any], moment: Moment, times: int) -> Sql:
    found = all_of([matching(leaf, "e", moment), windows.inside(leaf, "e.ts", moment)])
    if found == NEVER:
        return NEVER
    offset = f" LIMIT 1 OFFSET {times - 1}" if times > 1 else ""
    return Sql(f"EXISTS (SELECT 1 FROM people_event e WHERE {found.text}{offset})", found.values)
