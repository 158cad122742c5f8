"""Reports of campaigns and newsletters: their messages' figures under their names, and towards their goals. What makes the figures is `messages.reports`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from troth.campaigns.entering import KIND as CAMPAIGN
from troth.campaigns.goals import read_goal
from troth.campaigns.models import Campaign, Newsletter, NewsletterRun, Version
from troth.campaigns.newsletters.running import KIND as NEWSLETTER
from troth.campaigns.significance import Difference, Trial, compare
from troth.kernel.errors import TrothError
from troth.messages.reports.cohorts import Cohort, count_cohorts
from troth.messages.reports.counting import count_messages
from troth.messages.reports.goals import Conversions, count_conversions, count_with_holdout
from troth.messages.reports.links import Links, count_links
from troth.messages.reports.shapes import FEWEST, By, Figures, Goal, Span, Table

MOST_VARIANTS = 500
MOST_SOURCES = 200
TOLD = (
    *("audience", "sent", "untold", "delivered", "bounced", "complained", "waiting", "skipped", "cancelled", "failed", "unknown"),
    *("mails", "opens_measured", "opened", "opens_not_counted", "opened_by_machine"),
    *("clicks_measured", "clicked", "clicks_not_counted", "clicked_by_machine", "unsubscribed"),
)
"""The figures as files and the API tell them, in this order."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class SourceUnknown(TrothError):
    """There is no such campaign or newsletter in the workspace."""


@dataclass(frozen=True)
class Source:
    """What makes messages: a campaign or a newsletter."""

    workspace_id: int
    kind: str
    number: int
    name: str
    goal: Goal | None
    holdout: int = 0
    """Per cent of people who get nothing."""

    @property
    def key(self) -> str:
        """As messages name it."""
        return f"{self.kind}:{self.number}"


@dataclass(frozen=True)
class Incrementality:
    """What sending did: people who were drawn to get it against people drawn to get nothing. It may be looked at at any time."""

    drawn: Trial
    held_out: Trial
    difference: Difference


@dataclass(frozen=True)
class SourceReport:
    """All that is told of one source. Without a goal nothing is converted."""

    source: Source
    days: Table
    variants: Table
    variant_names: Mapping[str, str]
    links: Links
    conversions: Conversions | None
    cohorts: Sequence[Cohort]
    incrementality: Incrementality | None


def find_source(workspace_id: int, key: str) -> Source:
    """A campaign or newsletter by the name that its messages have, such as `campaign:7`. Raises SourceUnknown, also for another workspace's."""
    kind, _, number = key.partition(":")
    row: Campaign | Newsletter | None = None
    if number.isascii() and number.isdecimal() and 0 < int(number[:19]) < 2**63:
        if kind == CAMPAIGN:
            row = Campaign.objects.filter(workspace_id=workspace_id, pk=int(number[:19])).first()
        elif kind == NEWSLETTER:
            row = Newsletter.objects.filter(workspace_id=workspace_id, pk=int(number[:19])).first()
    if row is None:
        raise SourceUnknown("There is no such campaign or newsletter in this workspace: name it as `campaign:7` or `newsletter:7`.")
    holdout = row.holdout if isinstance(row, Newsletter) else 0
    return Source(workspace_id, kind, row.pk, row.name, read_goal(row.goal), holdout)


def name_sources(workspace_id: int, keys: Iterable[str | None]) -> dict[str, str]:
    """Names of campaigns and newsletters by what their messages call them; others are absent."""
    wanted: dict[str, set[int]] = {CAMPAIGN: set(), NEWSLETTER: set()}
    for key in keys:
        kind, _, number = (key or "").partition(":")
        if kind in wanted and number.isdecimal():
            wanted[kind].add(int(number))
    campaigns = Campaign.objects.filter(workspace_id=workspace_id, pk__in=wanted[CAMPAIGN]).values_list("pk", "name")
    newsletters = Newsletter.objects.filter(workspace_id=workspace_id, pk__in=wanted[NEWSLETTER]).values_list("pk", "name")
    return {f"{CAMPAIGN}:{pk}": name for pk, name in campaigns} | {f"{NEWSLETTER}:{pk}": name for pk, name in newsletters}


def list_sources(workspace_id: int) -> list[tuple[str, str]]:
    """All campaigns and newsletters with their names, the latest first."""
    found = []
    for kind, model in ((NEWSLETTER, Newsletter), (CAMPAIGN, Campaign)):
        rows = model.objects.filter(workspace_id=workspace_id).order_by("-pk").values_list("pk", "name")[:MOST_SOURCES]
        found += [(f"{kind}:{pk}", name) for pk, name in rows]
    return found


def name_variants(source: Source) -> dict[str, str]:
    """By template: the variant's key, of several sendings with the number of each (`2A`); of a campaign the version that was published (`v2`)."""
    if source.kind == CAMPAIGN:
        rows = Version.objects.filter(workspace_id=source.workspace_id, campaign_id=source.number).order_by("published_at")
        return {str(pk): f"v{number}" for number, pk in enumerate(rows.values_list("template_id", flat=True)[:MOST_VARIANTS], 1)}
    runs = NewsletterRun.objects.filter(workspace_id=source.workspace_id, newsletter_id=source.number).order_by("-number")
    plans = list(runs.values_list("number", "plan")[:MOST_VARIANTS])
    return {
        str(template): f"{number if len(plans) > 1 else ''}{key}" for number, plan in plans for key, template in plan["templates"].items()
    }


def make_report(source: Source, span: Span, now: int) -> SourceReport:
    """Everything about a source within a span; `now` in milliseconds. A dozen statements over all buckets."""
    workspace_id, key, goal = source.workspace_id, source.key, source.goal
    return SourceReport(
        source=source,
        days=count_messages(workspace_id, span, By.DAY, source=key),
        variants=count_messages(workspace_id, span, By.VARIANT, source=key),
        variant_names=name_variants(source),
        links=count_links(workspace_id, span, source=key),
        conversions=count_conversions(workspace_id, span, goal, source=key, by=By.VARIANT, now=now) if goal else None,
        cohorts=count_cohorts(workspace_id, span, goal.event, source=key, now=now) if goal else (),
        incrementality=_compare(source, goal, span, now) if goal and source.kind == NEWSLETTER else None,
    )


def _compare(source: Source, goal: Goal, span: Span, now: int) -> Incrementality | None:
    """None where fewer than five people are on a side: that would tell more about them than about the newsletter."""
    found = count_with_holdout(source.workspace_id, span, goal, source=source.key, now=now)
    if found is None or min(side.among for side in found) < FEWEST:
        return None
    drawn, held_out = (Trial(side.happened, side.among) for side in found)
    return Incrementality(drawn, held_out, compare(drawn, held_out))


def plain_figures(figures: Figures) -> dict[str, int]:
    """As files and the API tell them."""
    return {name: getattr(figures, name) for name in TOLD}


def plain_rows(table: Table, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """The lines of a report, for a file: the key, its name, the figures. What is told together has the key null."""
    return [{"key": line.key, "name": names.get(line.key or "", ""), **plain_figures(line.figures)} for line in table.lines]


def plain_report(report: SourceReport) -> dict[str, Any]:
    """A source's report as plain values."""
    conversions, found = report.conversions, report.incrementality
    return {
        "source": report.source.key,
        "name": report.source.name,
        "first": report.days.span.first.isoformat(),
        "last": report.days.span.last.isoformat(),
        "zone": report.days.span.zone,
        "figures": plain_figures(report.days.whole),
        "reasons": report.days.reasons,
        "days": plain_rows(report.days, {}),
        "variants": plain_rows(report.variants, report.variant_names),
        "links": [{"link": one.link, "persons": one.persons, "mails": one.mails} for one in report.links.shown],
        "links_not_told": report.links.hidden,
        "conversions": plain_conversions(conversions, report.variant_names) if conversions else None,
        "cohorts": [{"week": one.week.isoformat(), "people": one.people, "did": list(one.did)} for one in report.cohorts],
        "incrementality": {
            **{
                name: {"people": side.among, "converted": side.happened}
                for name, side in (("drawn", found.drawn), ("held_out", found.held_out))
            },
            **{name: getattr(found.difference, name) for name in ("by", "lowest", "highest", "p_value")},
        }
        if found
        else None,
    }


def plain_conversions(found: Conversions, names: Mapping[str, str]) -> dict[str, Any]:
    """Conversions as plain values."""
    told = ("arrived", "converted", "direct", "assisted", "still_open")
    return {
        "event": found.goal.event,
        "days": found.goal.days,
        **{name: getattr(found.whole, name) for name in told},
        "not_counted": found.not_counted,
        "variants": [
            {"key": line.key, "name": names.get(line.key, ""), **{name: getattr(line, name) for name in told}} for line in found.lines
        ],
        "revenue": [{"currency": one.currency, "amount": one.amount, "direct": one.direct, "events": one.events} for one in found.revenue],
    }


def write_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """RFC 4180, with a header. A text that a spreadsheet would take for a formula stands behind an apostrophe."""
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows({name: _harmless(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
