"""Reports: all messages in groups, and everything about one campaign or newsletter; each also as a file."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.campaigns.entering import KIND as CAMPAIGN
from troth.campaigns.newsletters.running import KIND as NEWSLETTER
from troth.campaigns.reports import (
    Source,
    SourceUnknown,
    find_source,
    make_report,
    name_sources,
    plain_figures,
    plain_report,
    plain_rows,
    write_csv,
)
from troth.console.access import MemberRequest, member_page
from troth.console.mail_preview import show_mail
from troth.console.reports.heat import draw_heat
from troth.console.reports.reading import (
    GROUPS,
    draw_days,
    list_cohorts,
    list_reasons,
    list_rows,
    list_variants,
    name_weeks,
    read_span,
    share,
    tell_funnel,
)
from troth.console.shell import preferences, render_page
from troth.kernel.clock import now_ms
from troth.messages.reports.counting import count_messages
from troth.messages.reports.shapes import By, Span
from troth.workspaces.roles import Permission


def span_of(request: MemberRequest) -> tuple[Span, str]:
    """The days that an address asks for (`?first=&last=`), and what is wrong with them."""
    asked = request.GET
    return read_span(asked.get("first", "")[:10], asked.get("last", "")[:10], preferences(request)["zone"], now_ms())


def _by_of(request: MemberRequest) -> By:
    return next((by for by in GROUPS if by.value == request.GET.get("by")), By.SOURCE)


@member_page(Permission.SEE_CAMPAIGNS)
def reports(request: MemberRequest) -> HttpResponse:
    """`?by=&first=&last=`: all messages of some days, over time and in groups."""
    (span, fault), by, locale = span_of(request), _by_of(request), preferences(request)["locale"]
    workspace_id = request.workspace.pk
    days = count_messages(workspace_id, span, By.DAY)
    table = days if by is By.DAY else count_messages(workspace_id, span, by)
    asked = {"first": span.first.isoformat(), "last": span.last.isoformat()}
    return render_page(
        request,
        "console/reports/reports.html",
        span=span,
        fault=fault,
        by=by,
        asked=asked,
        tabs=[(name, f"?{urlencode({'by': group.value, **asked})}", group is by) for group, name in GROUPS.items()],
        query=urlencode({"by": by.value, **asked}),
        days_query=urlencode(asked),
        whole=days.whole,
        bounced=share(days.whole.bounced, days.whole.sent),
        opened=share(days.whole.opened, days.whole.opens_measured),
        clicked=share(days.whole.clicked, days.whole.clicks_measured),
        charts=draw_days(days, locale),
        rows=list_rows(workspace_id, table, locale),
        what=GROUPS[by],
        reasons=list_reasons(days),
    )


@member_page(Permission.SEE_CAMPAIGNS)
def figures_csv(request: MemberRequest) -> HttpResponse:
    """The groups as a file for a spreadsheet."""
    span, by = span_of(request)[0], _by_of(request)
    table = count_messages(request.workspace.pk, span, by)
    names = name_sources(request.workspace.pk, (line.key for line in table.lines)) if by is By.SOURCE else {}
    answer = HttpResponse(write_csv(plain_rows(table, names)), content_type="text/csv; charset=utf-8")
    return _as_file(answer, f"messages-by-{by.value}-{span.first}-{span.last}.csv")


@member_page(Permission.SEE_CAMPAIGNS)
def figures_json(request: MemberRequest) -> HttpResponse:
    """The same for machines, with the whole and the reasons."""
    span, by = span_of(request)[0], _by_of(request)
    table = count_messages(request.workspace.pk, span, by)
    names = name_sources(request.workspace.pk, (line.key for line in table.lines)) if by is By.SOURCE else {}
    told = {"figures": plain_figures(table.whole), "reasons": table.reasons, "lines": plain_rows(table, names)}
    return _as_file(JsonResponse(told), f"messages-by-{by.value}-{span.first}-{span.last}.json")


@member_page(Permission.SEE_CAMPAIGNS)
def campaign(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """The report of a campaign; `?first=&last=`."""
    return _show(request, _find(request, CAMPAIGN, campaign_id))


@member_page(Permission.SEE_CAMPAIGNS)
def newsletter(request: MemberRequest, newsletter_id: int) -> HttpResponse:
    """The report of a newsletter; `?first=&last=`."""
    return _show(request, _find(request, NEWSLETTER, newsletter_id))


@member_page(Permission.SEE_CAMPAIGNS)
def campaign_mail(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """Its mail with the links marked, for a frame."""
    return _show_heat(request, _find(request, CAMPAIGN, campaign_id))


@member_page(Permission.SEE_CAMPAIGNS)
def newsletter_mail(request: MemberRequest, newsletter_id: int) -> HttpResponse:
    """Its mail with the links marked, for a frame."""
    return _show_heat(request, _find(request, NEWSLETTER, newsletter_id))


@member_page(Permission.SEE_CAMPAIGNS)
def campaign_file(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """The report as JSON."""
    return _write(request, _find(request, CAMPAIGN, campaign_id))


@member_page(Permission.SEE_CAMPAIGNS)
def newsletter_file(request: MemberRequest, newsletter_id: int) -> HttpResponse:
    """The report as JSON."""
    return _write(request, _find(request, NEWSLETTER, newsletter_id))


def _find(request: MemberRequest, kind: str, number: int) -> Source:
    try:
        return find_source(request.workspace.pk, f"{kind}:{number}")
    except SourceUnknown:
        raise Http404 from None


def _show(request: MemberRequest, source: Source) -> HttpResponse:
    (span, fault), locale, now = span_of(request), preferences(request)["locale"], now_ms()
    report = make_report(source, span, now)
    asked = {"first": span.first.isoformat(), "last": span.last.isoformat()}
    own = [request.workspace.pk, source.number]
    return render_page(
        request,
        "console/reports/source.html",
        source=source,
        crumbs=[(_("Reports"), reverse("console-reports", args=[request.workspace.pk]))],
        page=reverse(f"console-{source.kind}", args=own),
        mail=reverse(f"console-report-{source.kind}-mail", args=own),
        file=reverse(f"console-report-{source.kind}-file", args=own),
        asked=asked,
        query=urlencode(asked),
        fault=fault,
        report=report,
        figures=report.days.whole,
        funnel=tell_funnel(report),
        charts=draw_days(report.days, locale),
        variants=list_variants(report),
        reasons=list_reasons(report.days),
        weeks=name_weeks(),
        cohorts=list_cohorts(report, locale),
        converted=[share(side.happened, side.among) for side in (found.drawn, found.held_out)] if (found := report.incrementality) else [],
    )


def _show_heat(request: MemberRequest, source: Source) -> HttpResponse:
    drawn = draw_heat(source, span_of(request)[0], now_ms())
    return show_mail(drawn or f"<p>{_('There is no mail to show.')}</p>", title=_("Links of %(name)s") % {"name": source.name})


def _write(request: MemberRequest, source: Source) -> HttpResponse:
    span = span_of(request)[0]
    answer = JsonResponse(plain_report(make_report(source, span, now_ms())))
    return _as_file(answer, f"{source.kind}-{source.number}-{span.first}-{span.last}.json")


def _as_file(answer: HttpResponse, name: str) -> HttpResponse:
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
