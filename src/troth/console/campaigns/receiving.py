"""How a campaign's mail was received, of who agreed to that being noted. Values in, values out; no HTTP."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from troth.campaigns.entering import source_of
from troth.console.campaigns.reading import Figures, put_count
from troth.console.charts import Chart, Series, bar_chart, line_chart
from troth.console.showing import format_number
from troth.kernel.clock import DAY
from troth.messages.engagement_figures import Daily, Followed, Received, count_daily, count_links, count_received, count_without_persons
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
    """Empty where nothing was measured. `capped`: whether the charts leave mails out; `hidden`: whether a day's number was too small to be told."""

    figures: list[Figure]
    charts: list[Chart]
    links: list[Followed]
    capped: bool = False
    hidden: bool = False


def read_reception(workspace_id: int, campaign_id: int, sent: Figures, now: int) -> Reception:
    """Opens and clicks of a campaign, persons and machines apart, and those counted without persons, beside the mails `sent` in the last 30 days."""
    source = source_of(campaign_id)
    figures = []
    for kind, label in ((Engaged.OPEN, _("Opened")), (Engaged.CLICK, _("A link followed"))):
        received = count_received(workspace_id, source, kind)
        if received.measured.number:
            figures.append(Figure(label, put_count(received.by_person), _tell(received)))
    others = count_without_persons(workspace_id, source, now // DAY - DAYS + 1, DAYS)
    if fetched := sum(others):
        shown = format_number(fetched) if fetched >= FEWEST else _("fewer than %(number)s") % {"number": FEWEST}
        figures.append(
            Figure(
                _("Pictures loaded by others"), shown, _("in 30 days; counted without persons, several times for who opens several times")
            )
        )
    if not figures:
        return Reception([], [], [])
    edges = [*(since for since, _until in sent.spans), sent.spans[-1][1]]
    opens, clicks = (count_daily(workspace_id, source, kind, edges) for kind in (Engaged.OPEN, Engaged.CLICK))
    return Reception(
        figures,
        _draw(sent, opens, clicks, [number if number >= FEWEST else 0 for number in others]),
        count_links(workspace_id, source),
        capped=not (opens.exact and clicks.exact),
        hidden=any(0 < number < FEWEST for number in others),
    )


def _draw(sent: Figures, opens: Daily, clicks: Daily, others: list[int]) -> list[Chart]:
    """What was done each day, and what of the mails of each day may be noted at all."""
    by_person, by_machine = _("by their persons"), _("by machines only")
    shared = [Series(_("by others, without persons"), "warn", others)] if any(others) else []
    done = [
        bar_chart(
            title, sent.labels, [Series(by_person, "accent", daily.by_person), Series(by_machine, "neutral", daily.by_machine), *more]
        )
        for title, daily, more in ((_("Mails opened, per day"), opens, shared), (_("Mails with a link followed, per day"), clicks, []))
        if any(daily.measured) or any(daily.by_person) or any(daily.by_machine) or any(series.total != "0" for series in more)
    ]
    may = [
        Series(name, tone, daily.measured)
        for name, tone, daily in ((_("opens noted"), "good", opens), (_("clicks noted"), "accent", clicks))
        if any(daily.measured)
    ]
    return [
        *done,
        line_chart(_("Mails sent, and those whose persons agreed"), sent.labels, [Series(_("sent"), "neutral", sent.handed_over), *may]),
    ]


def _tell(received: Received) -> str:
    told = _("of %(measured)s mails whose persons agreed to be measured") % {"measured": put_count(received.measured)}
    if not received.by_machine.number:
        return told
    return _("%(told)s; %(machines)s more by machines only, not counted") % {"told": told, "machines": put_count(received.by_machine)}
