"""Why data may not be used under a purpose, in words, with the ways out: said of campaigns, segments and whatever else reads data (decision 006)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from troth.consent.catalog import Catalog
from troth.consent.coverage import Datum, Fault, Kind, Use
from troth.kernel.errors import TrothError
from troth.people.origins import find_doors_of_attribute, find_doors_of_event

MOST_PLACES = 3
"""Places that a refusal names."""
REASONS: Mapping[Fault, str] = {
    Fault.UNKNOWN_PURPOSE: "There is no such purpose.",
    Fault.PURPOSE_ARCHIVED: "That purpose is archived, and nothing is done for it any more.",
    Fault.SPECIAL_CATEGORY: "Data of special categories serves only what the person explicitly agreed to (Art. 9(2)(a) GDPR).",
    Fault.IMPOSED: "What people could not refuse to give is no matter for marketing (Art. 5(1)(b), 6(4) GDPR).",
    Fault.OTHER_PURPOSE: "What people agreed to for one purpose they did not agree to for another (Art. 5(1)(b) GDPR).",
}


class PurposeNotCovered(TrothError):
    """Something that reads data collected for a purpose which it does not serve."""

    def __init__(self, what: str, where: str, why: str, ways_out: list[str]) -> None:
        super().__init__(f"{what} {where} {why} Ways out: {'; '.join(ways_out)}.")
        self.what = what
        """The attribute or event, what it is collected for and through which doors it came."""
        self.where = where
        self.why = why
        self.ways_out = ways_out


def tell_places(places: Sequence[object]) -> str:
    """Where a datum is read; of many the first."""
    more = [f"{len(places) - MOST_PLACES} more"] if len(places) > MOST_PLACES else []
    return f"It is read as {', '.join([*map(str, places[:MOST_PLACES]), *more])}."


def tell_use(catalog: Catalog, workspace_id: int, use: Use, reader: str, purpose: str) -> str:
    """What a datum is collected for and where it comes from, and what the reader ("campaign", "segment") is for."""
    collected = name_purpose(catalog, use.collected_for)
    source = tell_source(workspace_id, use.datum)
    return f"The {use.datum.kind} `{use.datum.name}` is collected for {collected}, {source}; this {reader} is for {name_purpose(catalog, purpose)}."


def name_purpose(catalog: Catalog, key: str) -> str:
    """A purpose by its name, or by its key where there is none."""
    rule = catalog.rule(key)
    return f"“{rule.name}”" if rule else f"`{key}`"


def tell_source(workspace_id: int, datum: Datum) -> str:
    """The doors through which a datum came in lately."""
    if datum.kind is Kind.MEASUREMENT:
        return "as they open mail and follow links"
    look = find_doors_of_event if datum.kind is Kind.EVENT else find_doors_of_attribute
    doors = sorted(look(workspace_id, datum.name).items(), key=lambda door: door[1])
    told = [f"{door} since {datetime.fromtimestamp(at // 1000, UTC).date().isoformat()}" for door, at in doors]
    return f"through {', '.join(told)}" if told else "though none has come in lately"
