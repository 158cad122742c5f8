"""What a segment or a date says of a person now, in words: for whoever asks why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from troth.campaigns.belonging import find_members
from troth.campaigns.dates import find_coming
from troth.campaigns.rules import DateTrigger
from troth.kernel.clock import DAY
from troth.kernel.local_time import local_time
from troth.kernel.personal_data import Subject
from troth.messages.limit_settings import load_limits
from troth.messages.limiting import zone_of
from troth.segments.evaluate import Explained, explain, load_facts
from troth.segments.registry import SegmentUnknown, get_segment

AHEAD = 367 * DAY


def tell_segment(subject: Subject, segment_id: int, now: int) -> tuple[bool, str]:
    """Whether somebody is in a segment now, and why not: the conditions that do not hold, with what was found."""
    try:
        segment = get_segment(subject.workspace_id, segment_id)
    except SegmentUnknown:
        return False, "The segment is gone."
    if find_members(segment_id, [subject.person_id], now):
        return True, f"In the segment “{segment.name}” now."
    found = explain(segment.definition, load_facts(subject, segment.definition), now)
    if found.holds:
        return (
            False,
            f"Not in the segment “{segment.name}”: its conditions hold, but the person may not be chosen, or it is not computed yet.",
        )
    return False, f"Not in the segment “{segment.name}”: {'; '.join(_against(found))}."


def _against(found: Explained) -> Iterator[str]:
    """The conditions because of which a tree does not hold."""
    if found.says == "not":
        yield from (f"it must not be that {part.says}" for part in found.parts)
    elif found.says in ("all", "any"):
        for part in found.parts:
            if not part.holds:
                yield from _against(part)
    else:
        yield f"{found.says} does not hold{' (' + ', '.join(found.evidence) + ')' if found.evidence else ''}"


def tell_date(subject: Subject, trigger: DateTrigger, attributes: Mapping[str, Any], now: int) -> tuple[bool, str]:
    """Whether a date comes within a year, and when the message would be due by the person's clock."""
    value = attributes.get(trigger.attribute)
    zone = zone_of(attributes, load_limits(subject.workspace_id))
    coming = find_coming(trigger, value, zone, now, now + AHEAD)
    if coming:
        local = local_time(coming.at, zone)
        return (
            True,
            f"“{trigger.attribute}” comes on {coming.day:%Y-%m-%d}: the message is due at {local:%H:%M} on {local:%Y-%m-%d} ({zone.key}).",
        )
    if value is None:
        return False, f"The attribute “{trigger.attribute}” is not known."
    return False, f"“{trigger.attribute}” is no date that comes within a year."
