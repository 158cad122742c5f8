"""Purpose checking: what a campaign reads, what that was collected for, and whether the campaign's purposes cover it (decision 006).

What is read is inferred: from the triggering event, the conditions, what else chooses persons and their moment, and each part of the mail. At run time `messages.needs` applies the same rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from troth.campaigns.rules import DateTrigger, Rules, Trigger
from troth.consent.catalog import Catalog, load_catalog
from troth.consent.coverage import Datum, Fault, Kind, Use, find_needs, judge_use
from troth.content.email_template import EmailTemplate
from troth.content.errors import ContentError
from troth.content.reading import read_email
from troth.kernel.errors import TrothError
from troth.messages.needs import READS, find_data
from troth.people.origins import find_doors_of_attribute, find_doors_of_event
from troth.segments.conditions import read_properties

TRIGGER = "trigger"
BESIDE = "rules"
CONDITIONS = "conditions"
MOST_PLACES = 3
"""Places that a refusal names."""


@dataclass(frozen=True)
class Place:
    """Where a campaign reads a datum: as the trigger, in the conditions (`path` says where), or in a part of the mail, by line and column."""

    part: str
    spelled: str
    path: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if self.part == TRIGGER:
            return f"the trigger (`{self.spelled}`)" if self.path else "the triggering event"
        at = self.path if self.part in (CONDITIONS, BESIDE) else f"{self.part}, line {self.line}, column {self.column}"
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
    mail: EmailTemplate
    trigger: Trigger | None = None
    rules: Rules = field(default_factory=Rules)


class PurposeNotCovered(TrothError):
    """A campaign that reads data collected for a purpose which it does not serve."""

    def __init__(self, what: str, where: str, why: str, ways_out: list[str]) -> None:
        super().__init__(f"{what} {where} {why} Ways out: {'; '.join(ways_out)}.")
        self.what = what
        """The attribute or event, what it is collected for and through which doors it came."""
        self.where = where
        self.why = why
        self.ways_out = ways_out


def find_readings(plan: Plan, catalog: Catalog) -> list[Reading]:
    """Everything that a campaign reads, judged; of a mail that cannot be understood only what is beside it."""
    trigger = Datum(Kind.EVENT, plan.trigger_event)
    places: dict[Datum, list[Place]] = {}
    if plan.trigger_event:
        places[trigger] = [Place(TRIGGER, plan.trigger_event)]
        for name, path in read_properties(plan.conditions, "$.conditions"):
            places[trigger].append(Place(CONDITIONS, name, path=path))
    for datum, place in find_read_beside(plan.trigger, plan.rules):
        places.setdefault(datum, []).append(place)
    try:
        reads = read_email(plan.mail)
    except ContentError:
        reads = []
    for read in reads:
        place = Place(read.part, f"{read.spelled}.*" if read.is_whole else read.spelled, line=read.line, column=read.column)
        for datum in find_data(read, plan.trigger_event or None, catalog):
            places.setdefault(datum, []).append(place)
    return [Reading(judge_use(catalog, plan.purpose, plan.also_for, datum), found) for datum, found in places.items()]


def find_read_beside(trigger: Trigger | None, rules: Rules) -> Iterator[tuple[Datum, Place]]:
    """What choosing persons and their moment reads, beside the triggering event and the mail."""
    if isinstance(trigger, DateTrigger):
        yield Datum(Kind.ATTRIBUTE, trigger.attribute), Place(TRIGGER, trigger.attribute, path="$.trigger.attribute")
    if rules.unless:
        event = Datum(Kind.EVENT, rules.unless.event)
        yield event, Place(BESIDE, rules.unless.event, path="$.rules.unless.event")
        for name, path in read_properties(rules.unless.conditions, "$.rules.unless.conditions"):
            yield event, Place(BESIDE, name, path=path)


def context_of_reads(trigger: Trigger | None, rules: Rules) -> dict[str, Any]:
    """The same for a message's context, from which it is asked about again at the hand-over; nothing where there is none."""
    read = sorted({(datum.kind.value, datum.name) for datum, _ in find_read_beside(trigger, rules)})
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
    use, places = reading.use, reading.places
    more = [f"{len(places) - MOST_PLACES} more"] if len(places) > MOST_PLACES else []
    return PurposeNotCovered(
        what=f"The {use.datum.kind} `{use.datum.name}` is collected for {_name(catalog, use.collected_for)}, {_whence(plan, use.datum)};"
        f" this campaign is for {_name(catalog, plan.purpose)}.",
        where=f"It is read as {', '.join([*map(str, places[:MOST_PLACES]), *more])}.",
        why=_REASONS[use.fault or Fault.OTHER_PURPOSE],
        ways_out=_find_ways_out(plan, use, catalog),
    )


_REASONS = {
    Fault.UNKNOWN_PURPOSE: "There is no such purpose.",
    Fault.PURPOSE_ARCHIVED: "That purpose is archived, and nothing is done for it any more.",
    Fault.SPECIAL_CATEGORY: "Data of special categories serves only what the person explicitly agreed to (Art. 9(2)(a) GDPR).",
    Fault.IMPOSED: "What people could not refuse to give is no matter for marketing (Art. 5(1)(b), 6(4) GDPR).",
    Fault.OTHER_PURPOSE: "What people agreed to for one purpose they did not agree to for another (Art. 5(1)(b) GDPR).",
}


def _find_ways_out(plan: Plan, use: Use, catalog: Catalog) -> list[str]:
    own, source = _name(catalog, plan.purpose), _name(catalog, use.collected_for)
    ways = ["choose another event" if use.datum.kind is Kind.EVENT else "take it out of the mail"]
    if use.can_be_declared:
        ways.append(f"declare that the campaign is also for {source}: then only who agreed to that as well gets the mail")
    if use.collected_for in catalog.purposes:
        ways.append(f"publish the campaign for {source} instead")
    if use.fault is not Fault.SPECIAL_CATEGORY:
        ways.append(f"assign the {use.datum.kind} to {own}, and tell people before (Art. 13(3) GDPR)")
    return ways


def _name(catalog: Catalog, key: str) -> str:
    rule = catalog.rule(key)
    return f"“{rule.name}”" if rule else f"`{key}`"


def _whence(plan: Plan, datum: Datum) -> str:
    look = find_doors_of_event if datum.kind is Kind.EVENT else find_doors_of_attribute
    doors = sorted(look(plan.workspace_id, datum.name).items(), key=lambda door: door[1])
    told = [f"{door} since {datetime.fromtimestamp(at // 1000, UTC).date().isoformat()}" for door, at in doors]
    return f"through {', '.join(told)}" if told else "though none has come in lately"
