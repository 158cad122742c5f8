"""A funnel of freely chosen events: the address says what is asked, so that it can be sent to somebody; or which that is kept is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.campaigns.funnels import funnel_rows, name_received, plain_funnel
from troth.campaigns.models import SavedFunnel
from troth.campaigns.reports import list_sources, write_csv
from troth.campaigns.saved_funnels import (
    LONGEST_NAME,
    FunnelUnknown,
    change_funnel,
    delete_funnel,
    find_funnel,
    keep_funnel,
    list_funnels,
)
from troth.consent.catalog import PROFILING, load_catalog
from troth.consent.refusing import PurposeNotCovered
from troth.console.access import MemberRequest, member_page
from troth.console.acting import act, go
from troth.console.charts import Chart, Series, bar_chart
from troth.console.operands import list_property_operators
from troth.console.reports.funnel_form import FunnelForm, read_form, show_form, write_form
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


class Asked(NamedTuple):
    """What an address asks for."""

    own: SavedFunnel | None
    """The funnel that is kept, where one is opened."""
    form: FunnelForm | None
    """None: the boxes cannot say what is kept."""
    plain: Any
    """As the API takes it; None: nothing yet."""


@member_page(Permission.SEE_CAMPAIGNS)
def funnel(request: MemberRequest, funnel_id: int = 0) -> HttpResponse:
    """`?event1=&property1=&property_op1=&property_value1=&event2=…&days=&segment=&source=&also_for=&first=&last=`; without events the one that is kept."""
    locale, workspace_id = preferences(request)["locale"], request.workspace.pk
    asked = _read(request, funnel_id)
    span, fault = span_of(request)
    found: Counted | None = None
    names: Mapping[str, str] = {}
    ways_out: list[str] = []
    try:
        if asked.plain is not None and not fault:
            found, names = _count(workspace_id, asked, span)
    except TrothError as error:
        fault = str(error).replace("`", "").removeprefix("$.")
        ways_out = error.ways_out if isinstance(error, PurposeNotCovered) else []
    return render_page(
        request,
        "console/reports/funnel.html",
        crumbs=[(_("Reports"), reverse("console-reports", args=[workspace_id]))],
        own=asked.own,
        kept=list_funnels(workspace_id),
        form=asked.form,
        longest_name=LONGEST_NAME,
        span=span,
        fault=fault,
        ways_out=ways_out,
        query=request.GET.urlencode(),
        question=urlencode([*write_form(asked.form), ("first", str(span.first)), ("last", str(span.last))]) if asked.form else "",
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


@member_page(Permission.EDIT_CAMPAIGNS, methods=("POST",))
def save(request: MemberRequest, funnel_id: int = 0) -> HttpResponse:
    """Keep what is shown (`query`) under a name, or have the one that is kept ask that."""
    workspace_id, query = request.workspace.pk, QueryDict(request.POST.get("query", ""))
    own, plain = _find(workspace_id, funnel_id), read_form(query).plain
    name = request.POST.get("name", "").replace("\0", "")
    kept: list[SavedFunnel] = []

    def keep() -> None:
        kept.append(change_funnel(own, name, plain, now=now_ms()) if own else keep_funnel(workspace_id, name, plain, now=now_ms()))

    said = _("Kept. Everybody of the workspace finds it in the list.")
    if act(request, keep, action="funnel.saved", detail={"funnel": funnel_id, "name": name.strip()[:LONGEST_NAME]}, said=said):
        return go("console-report-funnel-kept", workspace_id, kept[0].pk)
    answer = HttpResponseRedirect(f"{_page_of(workspace_id, funnel_id)}?{query.urlencode()}")
    answer.status_code = 303
    return answer


@member_page(Permission.EDIT_CAMPAIGNS, methods=("GET", "POST"))
def delete(request: MemberRequest, funnel_id: int) -> HttpResponse:
    """It is kept no more; its question can be asked again at any time."""
    own = _find(request.workspace.pk, funnel_id)
    if own is None:
        raise Http404
    if request.method != "POST":
        return render_page(request, "console/reports/funnel_delete.html", own=own)
    detail = {"funnel": own.pk, "name": own.name}
    act(request, lambda: delete_funnel(own), action="funnel.deleted", detail=detail, said=_("The funnel “%s” is deleted.") % own.name)
    return go("console-report-funnel", request.workspace.pk)


@member_page(Permission.SEE_CAMPAIGNS)
def funnel_csv(request: MemberRequest, funnel_id: int = 0) -> HttpResponse:
    """The whole, the variants and the days as a file for a spreadsheet."""
    return _write(
        request,
        funnel_id,
        "csv",
        lambda found, names: HttpResponse(write_csv(funnel_rows(found, names)), content_type="text/csv; charset=utf-8"),
    )


@member_page(Permission.SEE_CAMPAIGNS)
def funnel_json(request: MemberRequest, funnel_id: int = 0) -> HttpResponse:
    """The same for machines."""
    return _write(request, funnel_id, "json", lambda found, names: JsonResponse(plain_funnel(found, names)))


def _write(request: MemberRequest, funnel_id: int, kind: str, write: Callable[[Counted, Mapping[str, str]], HttpResponse]) -> HttpResponse:
    """As a file; what cannot be counted leads to the page, which says why."""
    span, _fault = span_of(request)
    try:
        found, names = _count(request.workspace.pk, _read(request, funnel_id), span)
    except TrothError:
        return HttpResponseRedirect(f"{_page_of(request.workspace.pk, funnel_id)}?{request.GET.urlencode()}")
    answer = write(found, names)
    answer.headers["Content-Disposition"] = f'attachment; filename="funnel-{found.span.first}-{found.span.last}.{kind}"'
    return answer


def _find(workspace_id: int, funnel_id: int) -> SavedFunnel | None:
    """The funnel that is kept, if one is named. Raises Http404."""
    try:
        return find_funnel(workspace_id, funnel_id) if funnel_id else None
    except FunnelUnknown:
        raise Http404 from None


def _page_of(workspace_id: int, funnel_id: int) -> str:
    if funnel_id:
        return reverse("console-report-funnel-kept", args=[workspace_id, funnel_id])
    return reverse("console-report-funnel", args=[workspace_id])


def _read(request: MemberRequest, funnel_id: int) -> Asked:
    """What stands in the boxes counts; where nothing does, what is kept."""
    own, form = _find(request.workspace.pk, funnel_id), read_form(request.GET)
    if own is not None and not form.is_asked:
        return Asked(own, show_form(own.asked), own.asked)
    return Asked(own, form, form.plain if form.is_asked else None)


def _count(workspace_id: int, asked: Asked, span: Span) -> tuple[Counted, Mapping[str, str]]:
    funnel = read_funnel(workspace_id, asked.plain or {"steps": []})
    return count_funnel(workspace_id, span, funnel, now=now_ms()), name_received(workspace_id, funnel)


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
