"""How a campaign's mail was received, of who agreed to that being noted. Values in, values out; no HTTP."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from troth.campaigns.entering import source_of
from troth.console.campaigns.reading import put_count
from troth.console.showing import format_number
from troth.kernel.clock import DAY
from troth.messages.engagement_figures import Received, count_links, count_received, count_without_persons
from troth.messages.models import Engaged

DAYS = 30
FEWEST = 5
"""Below this a number without persons could still point at one, and is not told."""


@dataclass(frozen=True)
class Figure:
    """One line: what, the number, and what it stands against."""

    label: str
    value: str
    more: str


@dataclass(frozen=True)
class Reception:
    """Empty where nothing was measured."""

    figures: list[Figure]
    links: list[tuple[str, int]]


def read_reception(workspace_id: int, campaign_id: int, now: int) -> Reception:
    """Opens and clicks of a campaign, persons and machines apart, and those counted without persons in the last 30 days."""
    source = source_of(campaign_id)
    figures = []
    for kind, label in ((Engaged.OPEN, _("Opened")), (Engaged.CLICK, _("A link followed"))):
        received = count_received(workspace_id, source, kind)
        if received.measured.number:
            figures.append(Figure(label, put_count(received.by_person), _tell(received)))
    fetched = count_without_persons(workspace_id, source, now // DAY - DAYS + 1)
    if fetched:
        shown = format_number(fetched) if fetched >= FEWEST else _("fewer than %(number)s") % {"number": FEWEST}
        figures.append(
            Figure(
                _("Pictures loaded by others"), shown, _("in 30 days; counted without persons, several times for who opens several times")
            )
        )
    return Reception(figures, count_links(workspace_id, source))


def _tell(received: Received) -> str:
    told = _("of %(measured)s mails whose persons agreed to be measured") % {"measured": put_count(received.measured)}
    if not received.by_machine.number:
        return told
    return _("%(told)s; %(machines)s more by machines only, not counted") % {"told": told, "machines": put_count(received.by_machine)}
