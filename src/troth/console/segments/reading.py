"""What the pages of segments show: values in, values out."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404
from django.utils.translation import gettext as _

from troth.consent.catalog import load_catalog
from troth.console.charts import Chart, Series, line_chart
from troth.console.naming import name_of
from troth.console.showing import format_moment, put_in_words
from troth.kernel.clock import HOUR
from troth.people.queries import load_identifiers
from troth.segments.looking import Freshness, LeftOut, read_freshness, read_history
from troth.segments.models import Segment
from troth.segments.registry import SegmentUnknown, get_segment, list_segments

SPANS = {"day": (24, 1), "week": (7 * 24, 3), "month": (30 * 24, 24)}
"""Hours that a chart covers, and hours between its points."""
_REASONS = {
    "missing": "no consent yet",
    "unknown": "consent unproven or unanswered",
    "expired": "consent expired",
    "purpose_changed": "consent was to what the purpose was before",
    "refused": "refused or withdrew",
    "restricted": "processing is restricted",
    "objected": "objected",
    "no_soft_opt_in": "no record of a sale",
    "imbalance": "people are not free to consent here",
    "purpose_archived": "the purpose is archived",
}


@dataclass(frozen=True)
class Row:
    """A segment in the list."""

    segment: Segment
    purpose: str
    freshness: Freshness


def find_segment(workspace_id: int, segment_id: int) -> Segment:
    """A segment of the workspace, or the page is not found."""
    try:
        return get_segment(workspace_id, segment_id)
    except SegmentUnknown:
        raise Http404 from None


def list_rows(workspace_id: int, now: int, *, archived: bool) -> list[Row]:
    """The segments by name."""
    return [
        Row(one, name_purpose(workspace_id, one.purpose), read_freshness(one, now))
        for one in list_segments(workspace_id, archived=archived)
    ]


def name_purpose(workspace_id: int, key: str) -> str:
    """What people call a purpose."""
    rule = load_catalog(workspace_id).rule(key)
    return rule.name if rule else key


def tell_left_out(workspace_id: int, found: list[LeftOut]) -> list[tuple[str, str, int]]:
    """Who may not be chosen: purpose, reason in words, people."""
    return [
        (name_purpose(workspace_id, one.purpose) if one.purpose else _("Any purpose"), tell_reason(one.reason), one.people) for one in found
    ]


def tell_reason(reason: str) -> str:
    """A reason of the gate in words."""
    return _REASONS.get(reason) or put_in_words(reason)


def draw_size(segment: Segment, span: str, now: int) -> tuple[Chart, int, int]:
    """The size over a span, with how many entered and left in it."""
    hours, step = SPANS[span]
    history = read_history(segment, now, hours)
    points = [one for one in history if (one.hour - now // HOUR) % step == 0]
    labels = [format_moment((one.hour + 1) * HOUR if one.hour != now // HOUR else now) for one in points]
    chart = line_chart(_("People in the segment"), labels, [Series(_("people"), "accent", [one.size for one in points])])
    return chart, sum(one.entered for one in history), sum(one.left for one in history)


def name_people(person_ids: list[int]) -> dict[int, str]:
    """What people are called."""
    handles = load_identifiers(person_ids)
    return {person_id: name_of(person_id, handles.get(person_id, [])) for person_id in person_ids}
