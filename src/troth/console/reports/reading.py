"""Reports as the room shows them. Values in, values out; no HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from babel.dates import format_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.campaigns.reports import SourceReport, name_sources
from troth.consent.catalog import load_catalog
from troth.console.charts import Chart, Series, bar_chart, line_chart
from troth.console.showing import format_number, put_in_words
from troth.messages.reports.cohorts import WEEKS
from troth.messages.reports.shapes import By, Figures, ReportInvalid, Span, Table, make_span

GROUPS: Mapping[By, str | Promise] = {
    By.SOURCE: later("Campaigns and newsletters"),
    By.DAY: later("Days"),
    By.CHANNEL: later("Channels"),
    By.TOPIC: later("Topics"),
    By.DOMAIN: later("Domains"),
}
SHOWN_REASONS = 12


@dataclass(frozen=True)
class Row:
    """A group of messages. `href` leads to its own report, below the room."""

    name: str
    figures: Figures
    href: str = ""

    @property
    def opened(self) -> str:
        """Of the mails that may be counted, in per cent."""
        return share(self.figures.opened, self.figures.opens_measured)

    @property
    def clicked(self) -> str:
        """Of the mails that may be counted, in per cent."""
        return share(self.figures.clicked, self.figures.clicks_measured)

    @property
    def bounced(self) -> str:
        """Of what was sent, in per cent."""
        return share(self.figures.bounced, self.figures.sent)


@dataclass(frozen=True)
class Step:
    """One step of the funnel: of so many, so many came so far; `more` says who is not counted."""

    name: str
    number: int
    among: int
    more: str = ""

    @property
    def share(self) -> str:
        """In per cent."""
        return share(self.number, self.among)


def share(number: int, among: int) -> str:
    """A part in per cent; a dash where there is no whole."""
    return f"{format_number(round(100 * number / among, 1))} %" if among else "–"


def read_span(first: str, last: str, zone: str, now: int) -> tuple[Span, str]:
    """The days that an address asks for, and what is wrong with them; then they are the last 30."""
    try:
        return make_span(_day(first), _day(last), zone=zone, now=now), ""
    except ReportInvalid as error:
        return make_span(None, None, zone=zone, now=now), str(error).partition(": ")[2]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ReportInvalid(_("$.first: write a day as 2026-03-31.")) from None


def list_rows(workspace_id: int, table: Table, locale: str) -> list[Row]:
    """The lines of a table as people name them, the latest day first."""
    keys = [line.key for line in table.lines]
    names: Mapping[str, str] = {}
    if table.by is By.SOURCE:
        names = name_sources(workspace_id, keys)
    elif table.by is By.TOPIC:
        names = {key: topic.name_in("en") for key, topic in load_catalog(workspace_id).topics.items()} | {"": _("no topic")}
    elif table.by is By.DOMAIN:
        names = {"": _("not handed over")}
    elif table.by is By.DAY:
        names = {key: name_day(date.fromisoformat(key), locale) for key in keys if key}
    rows = []
    for line in table.lines:
        known = table.by is By.SOURCE and line.key in names
        name = _("all others") if line.key is None else names.get(line.key) or put_in_words(line.key)
        rows.append(Row(name, line.figures, (line.key or "").replace(":", "/") if known else ""))
    return rows[::-1] if table.by is By.DAY else rows


def name_day(day: date, locale: str) -> str:
    """As the reader writes it."""
    return str(format_datetime(datetime.combine(day, time()), "EEE d MMM", locale=locale))


def label_days(span: Span, locale: str) -> list[str]:
    """Below a chart: short."""
    return [str(format_datetime(datetime.combine(day, time()), "d MMM", locale=locale)) for day in span.days]


def draw_days(days: Table, locale: str) -> list[Chart]:
    """What became of the messages of each day, and how its mails were received."""
    found = {line.key: line.figures for line in days.lines}
    each = [found.get(day.isoformat(), Figures()) for day in days.span.days]
    labels = label_days(days.span, locale)
    kinds = (
        (_("sent"), "good", [one.sent - one.bounced for one in each]),
        (_("on their way"), "accent", [one.waiting for one in each]),
        (_("skipped"), "neutral", [one.skipped + one.cancelled for one in each]),
        (_("in doubt"), "warn", [one.unknown for one in each]),
        (_("bounced or failed"), "bad", [one.bounced + one.failed for one in each]),
    )
    series = [Series(name, tone, values) for name, tone, values in kinds]
    charts = [bar_chart(_("Messages made each day"), labels, [one for one in series if any(one.values)] or series[:1])]
    if days.whole.opens_measured or days.whole.clicks_measured:
        received = [
            Series(_("may be counted"), "neutral", [max(one.opens_measured, one.clicks_measured) for one in each]),
            Series(_("opened"), "good", [one.opened for one in each]),
            Series(_("a link followed"), "accent", [one.clicked for one in each]),
        ]
        charts.append(line_chart(_("How the mails of each day were received"), labels, received))
    return charts


def list_reasons(table: Table) -> list[tuple[str, str, int]]:
    """State, reason and number, the most frequent first."""
    found = [(put_in_words(state), put_in_words(reason), number) for state, own in table.reasons.items() for reason, number in own.items()]
    return sorted(found, key=lambda one: (-one[2], one[:2]))[:SHOWN_REASONS]


def tell_funnel(report: SourceReport) -> list[Step]:
    """From what was made to the goal. Each step is out of those of whom it may be known."""
    figures = report.days.whole
    without = _("Not counted for lack of consent: %(number)s")
    steps = [
        Step(_("Sent"), figures.sent, figures.audience),
        Step(_("Arrived, as far as is known"), figures.sent - figures.bounced, figures.sent),
        Step(_("Opened"), figures.opened, figures.opens_measured, _uncounted(without, figures.opens_not_counted)),
        Step(_("A link followed"), figures.clicked, figures.clicks_measured, _uncounted(without, figures.clicks_not_counted)),
    ]
    if report.conversions:
        found = report.conversions
        steps.append(Step(_("Goal reached"), found.whole.converted, found.whole.arrived, _uncounted(without, found.not_counted)))
    return steps


def _uncounted(text: str, number: int) -> str:
    return text % {"number": format_number(number)} if number else ""


def list_variants(report: SourceReport) -> list[tuple[Row, str, str]]:
    """Each variant with how many of its messages converted, and their share."""
    converted = {line.key: line for line in report.conversions.lines} if report.conversions else {}
    rows = []
    for line in report.variants.lines:
        done = converted.get(line.key or "")
        name = _("all others") if line.key is None else report.variant_names.get(line.key, line.key)
        rows.append(
            (Row(name, line.figures), format_number(done.converted) if done else "–", share(done.converted, done.arrived) if done else "–")
        )
    return rows


def list_cohorts(report: SourceReport, locale: str) -> list[tuple[str, str, list[str]]]:
    """Week, people, and the share of them who did it in each seven days; a dash where these have not begun or it is not told."""
    return [
        (
            str(format_datetime(datetime.combine(one.week, time()), "d MMM y", locale=locale)),
            format_number(one.people) if one.people else _("fewer than 5"),
            [share(did, one.people) if did is not None and one.people else "–" for did in one.did],
        )
        for one in report.cohorts
    ]


def name_weeks() -> Sequence[str]:
    """The columns of the cohorts."""
    return [_("Week %(number)s") % {"number": number} for number in range(1, WEEKS + 1)]
