"""A funnel of freely chosen events: the address says what is asked, so that it can be kept as a bookmark and sent to somebody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.campaigns.funnels import funnel_rows, name_received, plain_funnel
from troth.campaigns.reports import list_sources, write_csv
from troth.consent.catalog import PROFILING, load_catalog
from troth.consent.refusing import PurposeNotCovered
from troth.console.access import MemberRequest, member_page
from troth.console.charts import Chart, Series, bar_chart
from troth.console.operands import list_property_operators
from troth.console.reports.funnel_form import FunnelForm, read_form
from troth.console.reports.reading import Step, label_days, share
from troth.console.reports.views import span_of
from troth.console.shell import preferences, render_page
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.messages.reports.funnels import LONGEST_FUNNEL, Counted, count_funnel, read_funnel
from troth.messages.reports.shapes import Span
from troth.segments.registry import list_segments
from troth.segments.seen import list_event_names
from troth.workspaces.roles import Permission

TONES = ("neutral", "accent", "good", "warn", "bad", "neutral")


class Variant(NamedTuple):
    """Who was sent one variant, or nothing: how many began, and how far they came."""

    name: str
    began: int | None
    came: list[str]


@member_page(Permission.SEE_CAMPAIGNS)
def funnel(request: MemberRequest) -> HttpResponse:
    """`?event1=&property1=&property_op1=&property_value1=&event2=…&days=&segment=&source=&also_for=&first=&last=`."""
    locale, workspace_id = preferences(request)["locale"], request.workspace.pk
    form = read_form(request.GET)
    span, fault = span_of(request)
    found: Counted | None = None
    names: Mapping[str, str] = {}
    ways_out: list[str] = []
    try:
        if form.is_asked and not fault:
            found, names = _count(request, form, span)
    except TrothError as error:
        fault = str(error).replace("`", "").removeprefix("$.")
        ways_out = error.ways_out if isinstance(error, PurposeNotCovered) else []
    return render_page(
        request,
        "console/reports/funnel.html",
        crumbs=[(_("Reports"), reverse("console-reports", args=[workspace_id]))],
        form=form,
        span=span,
        fault=fault,
        ways_out=ways_out,
        query=request.GET.urlencode(),
        found=found,
        steps=_list_steps(found) if found else [],
        charts=[_draw(found, locale)] if found and found.people else [],
        variants=_list_variants(found, names) if found else [],
        property_ops=list_property_operators(),
        events=list_event_names(workspace_id),
        segments=[("", _("everybody")), *((str(row.pk), row.name) for row in list_segments(workspace_id))],
        sources=[("", _("not told apart")), *list_sources(workspace_id)],
        purposes=[(rule.key, rule.name) for rule in load_catalog(workspace_id).purposes.values() if rule.key != PROFILING],
        longest=LONGEST_FUNNEL,
    )


@member_page(Permission.SEE_CAMPAIGNS)
def funnel_csv(request: MemberRequest) -> HttpResponse:
    """The whole, the variants and the days as a file for a spreadsheet."""
    return _write(
        request, "csv", lambda found, names: HttpResponse(write_csv(funnel_rows(found, names)), content_type="text/csv; charset=utf-8")
    )


@member_page(Permission.SEE_CAMPAIGNS)
def funnel_json(request: MemberRequest) -> HttpResponse:
    """The same for machines."""
    return _write(request, "json", lambda found, names: JsonResponse(plain_funnel(found, names)))


def _write(request: MemberRequest, kind: str, write: Callable[[Counted, Mapping[str, str]], HttpResponse]) -> HttpResponse:
    """As a file; what cannot be counted leads to the page, which says why."""
    span, _fault = span_of(request)
    try:
        found, names = _count(request, read_form(request.GET), span)
    except TrothError:
        page = reverse("console-report-funnel", args=[request.workspace.pk])
        return HttpResponseRedirect(f"{page}?{request.GET.urlencode()}")
    answer = write(found, names)
    answer.headers["Content-Disposition"] = f'attachment; filename="funnel-{found.span.first}-{found.span.last}.{kind}"'
    return answer


def _count(request: MemberRequest, form: FunnelForm, span: Span) -> tuple[Counted, Mapping[str, str]]:
    workspace_id, now = request.workspace.pk, now_ms()
    asked = read_funnel(workspace_id, form.plain)
    return count_funnel(workspace_id, span, asked, now=now), name_received(workspace_id, asked)


def _list_steps(found: Counted) -> list[Step]:
    if found.people is None:
        return []
    return [Step(step.event, came, found.people[0]) for step, came in zip(found.funnel.steps, found.people, strict=True)]


def _draw(found: Counted, locale: str) -> Chart:
    """People by the day on which they began, each at the last step they came to; days of fewer than five are empty."""
    by_day = {one.key: one.people for one in found.days}
    steps = [step.event for step in found.funnel.steps]
    none = (0,) * len(steps)
    each = [(*(by_day.get(day.isoformat()) or none), 0) for day in found.span.days]
    series = [Series(name, TONES[place], [came[place] - came[place + 1] for came in each]) for place, name in enumerate(steps)]
    return bar_chart(_("Who began each day, by the last step they came to"), label_days(found.span, locale), series[::-1])


def _list_variants(found: Counted, names: Mapping[str, str]) -> list[Variant]:
    rows = []
    for one in found.variants:
        name = names.get(one.key) or (_("another variant") if one.key else _("got nothing of it"))
        rows.append(
            Variant(name, one.people[0], [share(came, one.people[0]) for came in one.people]) if one.people else Variant(name, None, [])
        )
    return rows
