"""Purpose checking of segments: what a definition reads, through other segments too, and whether the segment's purposes cover it (decision 006)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from troth.consent.catalog import Catalog, load_catalog
from troth.consent.coverage import Datum, Fault, Kind, Use, find_needs, judge_use
from troth.consent.refusing import REASONS, PurposeNotCovered, name_purpose, tell_places, tell_use
from troth.segments.definition import find_reads
from troth.segments.kinds import Read
from troth.segments.models import Segment


@dataclass(frozen=True)
class Reading:
    """A datum that a segment reads, with the JSON paths of the places."""

    use: Use
    places: list[str] = field(default_factory=list)


def reads_of(segment: Segment) -> list[tuple[Datum, str]]:
    """The data that a segment reads, each with its JSON path: whoever chooses people by the segment reads all of it."""
    return [(read.datum, read.path) for read in find_reads(segment.definition)]


def find_readings(definition: Mapping[str, Any], purpose: str, also_for: Iterable[str], catalog: Catalog) -> list[Reading]:
    """Everything that a checked definition reads, judged, in the order of its first place."""
    return _judge_reads(find_reads(definition), purpose, also_for, catalog)


def _judge_reads(reads: Iterable[Read], purpose: str, also_for: Iterable[str], catalog: Catalog) -> list[Reading]:
    places: dict[Datum, list[str]] = {}
    for read in reads:
        places.setdefault(read.datum, []).append(read.path)
    return [Reading(judge_use(catalog, purpose, also_for, datum), found) for datum, found in places.items()]


def find_uncovered(workspace_id: int, definition: Mapping[str, Any], purpose: str, also_for: Iterable[str]) -> list[PurposeNotCovered]:
    """Why a segment cannot be kept like this, for each datum that it may not read."""
    return find_uncovered_reads(workspace_id, find_reads(definition), purpose, also_for)


def find_uncovered_reads(
    workspace_id: int, reads: Iterable[Read], purpose: str, also_for: Iterable[str], *, reader: str = "segment"
) -> list[PurposeNotCovered]:
    """The same of whatever else looks at people by such conditions; `reader` says what it is."""
    catalog = load_catalog(workspace_id)
    readings = _judge_reads(reads, purpose, list(also_for), catalog)
    return [
        PurposeNotCovered(
            what=tell_use(catalog, workspace_id, reading.use, reader, purpose),
            where=tell_places([f"`{place}`" for place in reading.places]),
            why=REASONS[fault],
            ways_out=_find_ways_out(catalog, reading.use, purpose, reader),
        )
        for reading in readings
        if (fault := reading.use.fault)
    ]


def find_gates(definition: Mapping[str, Any], purpose: str, also_for: Iterable[str], catalog: Catalog) -> tuple[str, ...]:
    """The purposes under each of which the gate must let a person be profiled: the segment's own, and those of the data it reads."""
    readings = find_readings(definition, purpose, list(also_for), catalog)
    needs = find_needs(reading.use for reading in readings)
    is_covered = not any(reading.use.fault for reading in readings)
    return (purpose, *(key for key in needs if key != purpose)) if is_covered else ()


def _find_ways_out(catalog: Catalog, use: Use, purpose: str, reader: str) -> list[str]:
    source = name_purpose(catalog, use.collected_for)
    ways = [f"leave the {use.datum.kind} out"]
    if use.can_be_declared:
        ways.append(f"declare that the {reader} is also for {source}: then only who agreed to that as well is in it")
    if use.collected_for in catalog.purposes and reader == "segment":
        ways.append(f"make it a segment for {source} instead")
    if use.fault is not Fault.SPECIAL_CATEGORY and use.datum.kind in (Kind.EVENT, Kind.ATTRIBUTE):
        ways.append(f"assign the {use.datum.kind} to {name_purpose(catalog, purpose)}, and tell people before (Art. 13(3) GDPR)")
    return ways
