"""Campaigns with their figures, read within bounds. Values in, values out; no HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from django.db import connection
from django.db.models import Q
from django.http import Http404
from django.utils.translation import gettext as _

from troth.campaigns.entering import source_of
from troth.campaigns.models import Campaign
from troth.consent.catalog import PROFILING, load_catalog
from troth.consent.gate import Operation, permitted_where
from troth.console.charts import Chart, Series, bar_chart
from troth.console.reach import Reach, count_people
from troth.console.showing import format_number, put_in_words, put_plainly
from troth.content.library import find_version_id
from troth.content.models import Template
from troth.kernel.clock import DAY
from troth.messages.figures import Count, count_by_span, count_by_state, read_reasons
from troth.messages.models import HANDED_OVER, State

DAYS = 30
MOST_IN_LIST = 5_000
"""Messages counted for each number of the list; a page of the list stays quick with ten million messages."""
MOST_IN_DAY = 3_000
"""Messages counted for each state and day of the chart."""
MOST_NAMES = 300
LATEST = 10**17
"""Microseconds: no campaign was edited later, and a datetime can hold it."""


@dataclass(frozen=True)
class Row:
    """A campaign of the list with its last 30 days."""

    campaign: Campaign
    purpose: str
    sent: str
    skipped: str
    updated_at: int


@dataclass(frozen=True)
class Figure:
    """What became of messages, in a number, with the states to look for in the outbox."""

    label: str
    value: str
    state: str


@dataclass(frozen=True)
class Figures:
    """The last 30 days of a campaign. `capped`: whether a day of the chart had more than was counted."""

    totals: list[Figure]
    chart: Chart
    labels: list[str]
    spans: list[tuple[int, int]]
    handed_over: list[int]
    """Mails each day, whatever became of them afterwards."""
    capped: bool
    looked_at: int
    reasons: list[tuple[str, int]]


def find_campaign(workspace_id: int, campaign_id: int) -> Campaign:
    """A campaign of the workspace. Raises Http404."""
    found = Campaign.objects.filter(workspace_id=workspace_id, pk=campaign_id).first() if 0 < campaign_id < 2**63 else None
    if found is None:
        raise Http404
    return found


def list_campaigns(workspace_id: int, *, state: str, text: str, before: tuple[int, ...], limit: int) -> list[Campaign]:
    """The last edited first, without their mails; `before` is the position of the last one seen, or nothing."""
    found = Campaign.objects.filter(workspace_id=workspace_id).defer("html", "text", "conditions", "published")
    if state:
        found = found.filter(state=state)
    if text:
        found = found.filter(Q(name__icontains=text) | Q(trigger_event__icontains=text))
    if before:
        at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=min(before[0], LATEST))
        found = found.filter(Q(updated_at__lt=at) | Q(updated_at=at, pk__lt=before[1]))
    return list(found.order_by("-updated_at", "-pk")[:limit])


def position_of(campaign: Campaign) -> str:
    """Where a page of the list ended, as it stands in an address: when the campaign was edited, in microseconds, and its id."""
    return f"{(campaign.updated_at - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)}-{campaign.pk}"


def describe_campaigns(workspace_id: int, campaigns: Sequence[Campaign], now: int) -> list[Row]:
    """With their figures: one query, however many campaigns."""
    wanted = (*(state.value for state in HANDED_OVER), State.SKIPPED.value)
    sources = [source_of(campaign.pk) for campaign in campaigns]
    counts = count_by_state(workspace_id, sources, now - DAYS * DAY, now + DAY, states=wanted, most=MOST_IN_LIST)
    rows = []
    for campaign in campaigns:
        *sent, skipped = (counts[source_of(campaign.pk), state] for state in wanted)
        rows.append(
            Row(
                campaign,
                name_purpose(workspace_id, campaign.purpose),
                put_count(_add(sent)),
                put_count(skipped),
                moment_of(campaign.updated_at),
            )
        )
    return rows


def name_purpose(workspace_id: int, key: str) -> str:
    """A purpose as people know it; its key when it is gone."""
    rule = load_catalog(workspace_id).rule(key)
    return rule.name if rule else key


def moment_of(at: datetime) -> int:
    """Milliseconds."""
    return int(at.timestamp() * 1000)


def put_count(count: Count) -> str:
    """A number, with a plus where counting was cut short."""
    return f"{format_number(count.number)}{'' if count.exact else '+'}"


def read_figures(workspace_id: int, campaign_id: int, now: int, zone: str, locale: str) -> Figures:
    """Messages of the last 30 days of the zone by what became of them, and why the latest were skipped."""
    source = source_of(campaign_id)
    days, spans = _last_days(now, zone)
    totals = count_by_state(workspace_id, [source], spans[0][0], spans[-1][1])
    daily = count_by_span(workspace_id, source, spans, most=MOST_IN_DAY)
    shown = (
        (_("sent"), "good", (State.SENT, State.DELIVERED, State.COMPLAINED)),
        (_("on their way"), "accent", (State.QUEUED, State.SENDING, State.HELD)),
        (_("skipped"), "neutral", (State.SKIPPED, State.CANCELLED)),
        (_("in doubt"), "warn", (State.UNKNOWN,)),
        (_("bounced"), "bad", (State.BOUNCED,)),
        (_("failed"), "bad", (State.FAILED,)),
    )
    series = [
        Series(name, tone, [sum(daily[state][index].number for state in states) for index in range(DAYS)]) for name, tone, states in shown
    ]
    labels = [str(format_datetime(datetime.combine(day, time()), "d MMM", locale=locale)) for day in days]
    looked_at, reasons = read_reasons(workspace_id, source, State.SKIPPED, spans[0][0])
    return Figures(
        totals=[
            Figure(name, put_count(_add([totals[source, state] for state in states])), states[0].value)
            for name, _tone, states in shown
            if name == shown[0][0] or any(totals[source, state].number for state in states)
        ],
        chart=bar_chart(_("Messages per day"), labels, [one for one in series if any(one.values)] or series[:1]),
        labels=labels,
        spans=spans,
        handed_over=[sum(daily[state][index].number for state in HANDED_OVER) for index in range(DAYS)],
        capped=any(not count.exact for counts in daily.values() for count in counts),
        looked_at=looked_at,
        reasons=reasons,
    )


def _add(counts: Sequence[Count]) -> Count:
    return Count(sum(count.number for count in counts), all(count.exact for count in counts))


def _last_days(now: int, zone: str) -> tuple[list[Any], list[tuple[int, int]]]:
    """The last 30 days of a zone, today included, and when each begins and ends."""
    there = ZoneInfo(zone)
    today = datetime.fromtimestamp(now // 1000, UTC).astimezone(there).date()
    days = [today + timedelta(days=number) for number in range(1 - DAYS, 2)]
    edges = [int(datetime.combine(day, time(), there).timestamp()) * 1000 for day in days]
    return days[:-1], list(pairwise(edges))


def published_at(campaign: Campaign) -> int | None:
    """When what events are held against was published."""
    if campaign.template_id is None:
        return None
    found = (
        Template.objects.filter(pk=campaign.template_id, workspace_id=campaign.workspace_id).values_list("created_at", flat=True).first()
    )
    return moment_of(found) if found else None


def list_changes(campaign: Campaign) -> list[str]:
    """What of the draft differs from what was published, in words."""
    template = Template.objects.filter(pk=campaign.template_id or 0, workspace_id=campaign.workspace_id).first()
    published = campaign.published or {}
    if template is None:
        return []
    parts = (
        (_("the triggering event"), published.get("trigger_event") != campaign.trigger_event),
        (_("the conditions"), published.get("conditions") != campaign.conditions),
        (_("the trigger"), published.get("trigger") != campaign.trigger),
        (_("when and how often"), published.get("rules", {}) != campaign.rules),
        (_("the purpose"), published.get("purpose") != campaign.purpose),
        (_("the purposes it is also for"), template.also_for != campaign.also_for),
        (_("the topic"), template.topic != campaign.topic),
        *_list_changes_of_mail(campaign, template),
    )
    return [name for name, differs in parts if differs]


def _list_changes_of_mail(campaign: Campaign, template: Template) -> list[tuple[str, bool]]:
    made_from = find_version_id(campaign.workspace_id, campaign.template_key) if campaign.template_key else None
    if made_from or template.made_from:
        return [(_("the template, or its version"), made_from != template.made_from)]
    was = template.written_mail
    return [
        (_("the subject"), was.subject != campaign.subject),
        (_("the HTML"), was.html != campaign.html),
        (_("the text part"), was.text != campaign.text),
    ]


def put_condition(tree: dict[str, Any] | None) -> str:
    """A condition as a sentence; empty without one."""
    if tree is None:
        return ""
    for key, joint, empty in (("all", _(" and "), _("always")), ("any", _(" or "), _("never"))):
        if key in tree:
            parts = [put_condition(item) for item in tree[key]]
            # Inside, an alternative stands in brackets, so that it cannot be read otherwise.
            return (
                joint.join(f"({part})" if {"all", "any"} & set(item) else part for item, part in zip(tree[key], parts, strict=True))
                or empty
            )
    if "not" in tree:
        return _("not (%(inner)s)") % {"inner": put_condition(tree["not"])}
    value = "" if tree["op"] in ("is_set", "is_not_set") else f" {put_plainly(tree.get('value'))}"
    return f"{tree['property']} {put_in_words(tree['op'])}{value}"


def list_event_names(workspace_id: int, text: str, limit: int) -> list[str]:
    """Names of events that were seen and contain `text`; of the first 300 names, each one look at the index on names."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE known(name, number) AS (SELECT MIN(name), 1 FROM people_event WHERE workspace_id = %s"
            " UNION ALL SELECT (SELECT MIN(e.name) FROM people_event e WHERE e.workspace_id = %s AND e.name > known.name), number + 1"
            " FROM known WHERE known.name IS NOT NULL AND number < %s) SELECT name FROM known WHERE name IS NOT NULL",
            [workspace_id, workspace_id, MOST_NAMES],
        )
        return [name for (name,) in cursor.fetchall() if text in name][:limit]


def estimate_reach(workspace_id: int, purpose: str, now: int, further: Sequence[str] = ()) -> Reach:
    """How many persons may be sent something for a purpose, and for those further ones, now.

    For marketing, which is chosen by behaviour, those who agreed to that as well.
    """
    catalog = load_catalog(workspace_id)
    rule = catalog.rule(purpose)
    where, values = permitted_where(rule, Operation.MESSAGE, at=now)
    if rule is None or rule.is_marketing:
        more, others = permitted_where(catalog.rule(PROFILING), Operation.PROFILE, at=now)
        where, values = f"{where} AND {more}", [*values, *others]
    for key in further:
        more, others = permitted_where(catalog.rule(key), Operation.MESSAGE, at=now)
        where, values = f"{where} AND {more}", [*values, *others]
    return count_people(workspace_id, where, values)
