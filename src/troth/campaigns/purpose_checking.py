"""Purpose checking: what a campaign reads, what that was collected for, and whether the campaign's purposes cover it (decision 006).

What is read is inferred: from the triggering event, the conditions, what else chooses persons and their moment, and each part of the mail. At run time `messages.needs` applies the same rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from troth.campaigns.rules import DateTrigger, Rules, SegmentTrigger, Trigger
from troth.consent.catalog import Catalog, load_catalog
from troth.consent.coverage import Datum, Fault, Kind, Use, find_needs, judge_use
from troth.consent.refusing import REASONS, PurposeNotCovered, name_purpose, tell_places, tell_use
from troth.content.reading import Read
from troth.messages.needs import READS, find_data
from troth.segments.conditions import read_properties
from troth.segments.purpose_checking import reads_of
from troth.segments.registry import SegmentUnknown, get_segment

TRIGGER = "trigger"
SEGMENT = "segment"
BESIDE = "rules"
CONDITIONS = "conditions"


@dataclass(frozen=True)
class Place:
    """Where a campaign reads a datum: as the trigger, in conditions or a segment (`path` says where), or in a part of the mail, by line and column."""

    part: str
    spelled: str
    path: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if self.part == TRIGGER:
            return f"the trigger (`{self.spelled}`)" if self.path else "the triggering event"
        at = self.path or f"{self.part}, line {self.line}, column {self.column}"
        return f"`{self.spelled}` ({at})"


@dataclass(frozen=True)
class Reading:
    """A datum that a campaign reads, in the order of its first place."""

    use: Use
    places: list[Place] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """What is to be published, or was: all that decides what a campaign reads, and under which purposes."""

    workspace_id: int
    purpose: str
    also_for: list[str]
    trigger_event: str
    conditions: dict[str, Any] | None
    reads: Sequence[Read]
    """What its mail reads; of one that cannot be understood nothing."""
    trigger: Trigger | None = None
    rules: Rules = field(default_factory=Rules)
    segment_id: int | None = None
    """Whose members it is for; None: everybody."""


def find_readings(plan: Plan, catalog: Catalog) -> list[Reading]:
    """Everything that a campaign reads, judged."""
    trigger = Datum(Kind.EVENT, plan.trigger_event)
    places: dict[Datum, list[Place]] = {}
    if plan.trigger_event:
        places[trigger] = [Place(TRIGGER, plan.trigger_event)]
        for name, path in read_properties(plan.conditions, "$.conditions"):
            places[trigger].append(Place(CONDITIONS, name, path=path))
    if plan.segment_id is not None:
        for datum, place in find_read_by_segment(plan.workspace_id, plan.segment_id):
            places.setdefault(datum, []).append(place)
    for datum, place in find_read_beside(plan.workspace_id, plan.trigger, plan.rules):
        places.setdefault(datum, []).append(place)
    for read in plan.reads:
        place = Place(read.part, f"{read.spelled}.*" if read.is_whole else read.spelled, line=read.line, column=read.column)
        for datum in find_data(read, plan.trigger_event or None, catalog):
            places.setdefault(datum, []).append(place)
    return [Reading(judge_use(catalog, plan.purpose, plan.also_for, datum), found) for datum, found in places.items()]


def find_read_by_segment(workspace_id: int, segment_id: int) -> Iterator[tuple[Datum, Place]]:
    """What choosing the members of a segment reads. Raises SegmentUnknown."""
    segment = get_segment(workspace_id, segment_id)
    for datum, path in reads_of(segment):
        yield datum, Place(SEGMENT, datum.name, path=f"segment “{segment.name}”, {path}")


def find_read_beside(workspace_id: int, trigger: Trigger | None, rules: Rules) -> Iterator[tuple[Datum, Place]]:
    """What choosing persons and their moment reads, beside the triggering event and the mail."""
    if isinstance(trigger, DateTrigger):
        yield Datum(Kind.ATTRIBUTE, trigger.attribute), Place(TRIGGER, trigger.attribute, path="$.trigger.attribute")
    for segment_id in {trigger.segment if isinstance(trigger, SegmentTrigger) else 0, rules.only_if_in} - {0}:
        # A segment that is gone has no members, and reads nothing; publishing names the fault.
        with suppress(SegmentUnknown):
            yield from find_read_by_segment(workspace_id, segment_id)
    for number, unless in enumerate(rules.unless):
        event, place = Datum(Kind.EVENT, unless.event), f"$.rules.unless[{number}]"
        yield event, Place(BESIDE, unless.event, path=f"{place}.event")
        for name, path in read_properties(unless.conditions, f"{place}.conditions"):
            yield event, Place(BESIDE, name, path=path)


def context_of_reads(workspace_id: int, trigger: Trigger | None, rules: Rules) -> dict[str, Any]:
    """The same for a message's context, from which it is asked about again at the hand-over; nothing where there is none."""
    read = sorted({(datum.kind.value, datum.name) for datum, _ in find_read_beside(workspace_id, trigger, rules)})
    return {READS: [list(one) for one in read]} if read else {}


def find_uncovered(plan: Plan) -> list[PurposeNotCovered]:
    """Why publishing is refused, for each datum that the campaign may not read, with a bounded look at where it came from."""
    catalog = load_catalog(plan.workspace_id)
    if catalog.rule(plan.purpose) is None:
        return []
    refused = [reading for reading in find_readings(plan, catalog) if reading.use.fault]
    return [_refuse(plan, reading, catalog) for reading in refused]


def find_further_purposes(plan: Plan) -> tuple[str, ...]:
    """The purposes beside the campaign's own that each person is asked about."""
    return find_needs(reading.use for reading in find_readings(plan, load_catalog(plan.workspace_id)))


def _refuse(plan: Plan, reading: Reading, catalog: Catalog) -> PurposeNotCovered:
    use = reading.use
    return PurposeNotCovered(
        what=tell_use(catalog, plan.workspace_id, use, "campaign", plan.purpose),
        where=tell_places(reading.places),
        why=REASONS[use.fault or Fault.OTHER_PURPOSE],
        ways_out=_find_ways_out(plan, use, catalog),
    )


def _find_ways_out(plan: Plan, use: Use, catalog: Catalog) -> list[str]:
    own, source = name_purpose(catalog, plan.purpose), name_purpose(catalog, use.collected_for)
    ways = ["choose another event" if use.datum.kind is Kind.EVENT else "take it out of the mail"]
    if use.can_be_declared:
        ways.append(f"declare that the campaign is also for {source}: then only who agreed to that as well gets the mail")
    if use.collected_for in catalog.purposes:
        ways.append(f"publish the campaign for {source} instead")
    if use.fault is not Fault.SPECIAL_CATEGORY:
        ways.append(f"assign the {use.datum.kind} to {own}, and tell people before (Art. 13(3) GDPR)")
    return ways
