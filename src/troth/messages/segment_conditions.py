"""Conditions of segments on messages: received, delivered, bounced, complained about, opened, clicked. What machines fetched never counts.

Registered with the segments, which lie below and know nothing of messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from django.db import connection

from troth.consent.catalog import CLICK_TRACKING, OPEN_TRACKING
from troth.consent.coverage import Datum
from troth.consent.coverage import Kind as DatumKind
from troth.kernel.clock import iso
from troth.kernel.personal_data import Subject
from troth.kernel.speech import ENGLISH, Said, Speech
from troth.messages.models import HANDED_OVER, Engaged, State
from troth.segments import windows
from troth.segments.kinds import Answer, Facts, Flip, Kind, Leaf, Moment, Read, refuse_unless
from troth.segments.sql import Sql, all_of, opposite

MESSAGES = "messages"
"""The change that wakes these conditions (`segments.changes`)."""
TEST_MODE = "test_mode"
"""The reason on a message that went to the test address and not to the person."""
STATES: Mapping[str, tuple[State, ...]] = {
    "received": HANDED_OVER,
    "delivered": (State.DELIVERED,),
    "bounced": (State.BOUNCED,),
    "complained": (State.COMPLAINED,),
}
ENGAGED: Mapping[str, tuple[Engaged, str]] = {"opened": (Engaged.OPEN, OPEN_TRACKING), "clicked": (Engaged.CLICK, CLICK_TRACKING)}
IN_WORDS = {
    "received": ("received{times} messages{source}{when}", "none received{source}{when}"),
    "delivered": ("delivered{times} messages{source}{when}", "none delivered{source}{when}"),
    "bounced": ("bounced{times} messages{source}{when}", "none bounced{source}{when}"),
    "complained": ("complained about{times} messages{source}{when}", "none complained about{source}{when}"),
    "opened": ("opened{times} messages{source}{when}", "none opened{source}{when}"),
    "clicked": ("clicked{times} messages{source}{when}", "none clicked{source}{when}"),
}
"""That it happened, and that it did not."""
MEASURED = "measured"
MOST_TIMES = 10_000


class Told(NamedTuple):
    """Something that became of a message of a person."""

    what: str
    """A key of STATES or ENGAGED; `measured:opened` and `measured:clicked` say that it would have been noted."""
    message_id: int
    source: str
    at: int


class MessageKind(Kind):
    """`{"message": "opened", "op": "did", "source": "campaign:7", "within": "P30D"}`, also `did_not`; `received` is handed over.

    `did_not` with `opened` or `clicked` is of those alone who were sent a message that was measured: of others nobody knows.
    """

    key = "message"
    fields = frozenset({"op", "source", "count"}) | windows.FIELDS

    def check(self, leaf: Leaf, path: str) -> None:
        """See `Kind`."""
        known = (*STATES, *ENGAGED)
        refuse_unless(
            isinstance(leaf["message"], str) and leaf["message"] in known, f"{path}.message", f"choose one of {', '.join(known)}."
        )
        refuse_unless(leaf.get("op") in ("did", "did_not"), f"{path}.op", "choose one of did, did_not.")
        source = leaf.get("source", "campaign:1")
        is_source = isinstance(source, str) and 0 < len(source) <= 40 and "\0" not in source
        refuse_unless(is_source, f"{path}.source", "what sent it, e.g. campaign:7 or newsletter:3.")
        windows.check_window(leaf, path)
        count = leaf.get("count", {"at_least": 1})
        is_count = isinstance(count, Mapping) and set(count) == {"at_least"} and type(count["at_least"]) is int
        refuse_unless(is_count and 1 <= count["at_least"] <= MOST_TIMES, f"{path}.count", "an object with at_least and how many messages.")
        refuse_unless("count" not in leaf or leaf["op"] == "did", f"{path}.count", "only `did` counts.")

    def wakes(self, leaf: Leaf) -> Iterator[str]:
        """See `Kind`."""
        yield MESSAGES
        yield from windows.wakes(leaf)

    def reads(self, leaf: Leaf, path: str) -> Iterator[Read]:
        """See `Kind`. What somebody opened or clicked is noted for a purpose of its own."""
        if leaf["message"] in ENGAGED:
            yield Read(Datum(DatumKind.MEASUREMENT, ENGAGED[leaf["message"]][1]), f"{path}.message")
        yield from windows.reads(leaf, path)

    def is_timed(self, leaf: Leaf) -> bool:
        """See `Kind`."""
        return windows.is_moving(leaf)

    def compile(self, leaf: Leaf, moment: Moment) -> Sql:
        """See `Kind`."""
        happened = _happened(leaf, leaf["message"], moment, leaf.get("count", {"at_least": 1})["at_least"])
        if leaf["op"] == "did":
            return happened
        known = [_happened(leaf, f"{MEASURED}:{leaf['message']}", moment, 1)] if leaf["message"] in ENGAGED else []
        return all_of([*known, opposite(happened)])

    def flips(self, leaf: Leaf, moment: Moment) -> list[Flip]:
        """See `Kind`."""
        kinds = [leaf["message"], *([f"{MEASURED}:{leaf['message']}"] if leaf["message"] in ENGAGED else [])]
        return [flip for what in kinds for flip in _next_turns(leaf, what, moment)]

    def load(self, subject: Subject, leaves: Sequence[Leaf]) -> list[Told]:
        """What became of the messages of a person."""
        return sorted([*_load_states(subject), *_load_engagement(subject)], key=lambda told: (told.at, told.message_id))

    def judge(self, leaf: Leaf, facts: Facts, now: int) -> Answer:
        """See `Kind`."""
        told: Sequence[Told] = facts.further.get(self.key) or ()
        wanted = [one for one in told if leaf.get("source", one.source) == one.source and windows.is_inside(leaf, one.at, facts, now)]
        found = {one.message_id: one for one in wanted if one.what == leaf["message"]}
        evidence = tuple(Said("{name} at {at}", {"name": one.source, "at": iso(one.at)}) for one in list(found.values())[-3:]) or (
            Said("none"),
        )
        if leaf["op"] == "did":
            return Answer(len(found) >= leaf.get("count", {"at_least": 1})["at_least"], evidence)
        if leaf["message"] in ENGAGED and not any(one.what == f"{MEASURED}:{leaf['message']}" for one in wanted):
            return Answer(False, (Said("no message to them was measured"),))
        return Answer(not found, evidence)

    def is_recorded(self, leaf: Leaf) -> bool:
        """See `Kind`. Of what somebody opened and followed the last time alone is stored."""
        return leaf["message"] not in ENGAGED

    def turns(self, leaf: Leaf, facts: Facts, since: int, until: int) -> Iterator[int | None]:
        """See `Kind`."""
        yield from windows.turns(leaf, (one.at for one in facts.further.get(self.key) or ()), facts)

    def as_of(self, told: Sequence[Told], at: int) -> Sequence[Told]:
        """See `Kind`."""
        return [one for one in told or () if one.at <= at]

    def describe(self, leaf: Leaf, say: Speech = ENGLISH) -> str:
        """See `Kind`."""
        did, did_not = IN_WORDS[leaf["message"]]
        times = f" {say('at least {times}', times=leaf['count']['at_least'])}" if "count" in leaf else ""
        source = f" {say('from {source}', source=leaf['source'])}" if "source" in leaf else ""
        return say(did if leaf["op"] == "did" else did_not, times=times, source=source, when=windows.describe(leaf, say))


def _about(leaf: Leaf, what: str, moment: Moment) -> tuple[str, str, Sql]:
    """Table, column of the instant, and the condition on a row `f` of it."""
    own = [Sql("f.bucket = p.bucket AND f.person_id = p.person_id AND f.workspace_id = %s", (moment.workspace_id,))]
    own += [Sql("f.source = %s", (leaf["source"],))] if "source" in leaf else []
    if what in STATES:
        states = ", ".join(f"'{state.value}'" for state in STATES[what])
        own.append(Sql(f"f.state IN ({states}) AND f.settled_at IS NOT NULL AND f.reason <> '{TEST_MODE}'"))
        return "messages_message", "f.settled_at", all_of(own)
    kind = ENGAGED[what.removeprefix(f"{MEASURED}:")][0].value
    own.append(Sql(f"f.kind = '{kind}' AND f.link = ''" if what.startswith(MEASURED) else f"f.kind = '{kind}' AND f.times > 0"))
    return "messages_engagement", "f.measured_at" if what.startswith(MEASURED) else "f.last_at", all_of(own)


def _happened(leaf: Leaf, what: str, moment: Moment, times: int) -> Sql:
    table, column, matching = _about(leaf, what, moment)
    found = all_of([matching, windows.inside(leaf, column, moment)])
    if times == 1:
        return Sql(f"EXISTS (SELECT 1 FROM {table} f WHERE {found.text})", found.values)
    return Sql(f"(SELECT COUNT(DISTINCT f.message_id) FROM {table} f WHERE {found.text}) >= {times}", found.values)


def _next_turns(leaf: Leaf, what: str, moment: Moment) -> list[Flip]:
    table, column, matching = _about(leaf, what, moment)
    return windows.next_turns(leaf, f"{table} f", column, matching, moment)


def _load_states(subject: Subject) -> Iterator[Told]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, message_id, source, settled_at FROM messages_message WHERE bucket = %s AND person_id = %s AND settled_at IS NOT NULL"
            f" AND reason <> '{TEST_MODE}'",
            [subject.bucket, subject.person_id],
        )
        for state, message_id, source, at in cursor.fetchall():
            yield from (Told(what, message_id, source, at) for what, states in STATES.items() if state in states)


def _load_engagement(subject: Subject) -> Iterator[Told]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, link, message_id, source, measured_at, times, last_at FROM messages_engagement WHERE bucket = %s AND person_id = %s",
            [subject.bucket, subject.person_id],
        )
        for kind, link, message_id, source, measured_at, times, last_at in cursor.fetchall():
            what = next(name for name, (engaged, _) in ENGAGED.items() if engaged == kind)
            if link == "":
                yield Told(f"{MEASURED}:{what}", message_id, source, measured_at)
            if times > 0:
                yield Told(what, message_id, source, last_at)
