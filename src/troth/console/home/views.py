"""Home: what came in, what went out, who waits for an answer, and what is wrong."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page
from troth.console.charts import sparkline
from troth.console.home import reading
from troth.console.home.figures import draw_events, draw_messages, put_amount, sum_states
from troth.console.home.times import RANGES, divide, local_day, midnight
from troth.console.shell import preferences, render_fragment, render_page
from troth.console.showing import Reader, writing_for
from troth.kernel.checks import Finding, examine
from troth.kernel.clock import now_ms
from troth.messages.models import HANDED_OVER
from troth.workspaces.roles import Permission


@member_page(Permission.SEE_FIGURES)
def home(request: MemberRequest) -> HttpResponse:
    """`?range=24h|30d`. Nothing on it says who anybody is, so a look at it is not written down; the way from a request to its person is."""
    now, workspace_id = now_ms(), request.workspace.pk
    chosen = request.GET.get("range", "")
    chosen = chosen if chosen in RANGES else RANGES[0]
    waiting = reading.read_open_requests(workspace_id, now)
    return render_page(
        request,
        "console/home/home.html",
        **_figures(request, chosen, now),
        waiting=waiting,
        shows_list=Permission.SEE_PEOPLE in request.may and bool(waiting.first),
        range=chosen,
        findings=(findings := _findings(request, now)),
        troubles=[(finding.check, finding.says.split("`")) for finding in findings if not finding.ok],
    )


@member_page(Permission.SEE_FIGURES)
def just_now(request: MemberRequest) -> HttpResponse:
    """The live figures, asked for every few seconds."""
    return render_fragment(request, "console/home/now.html", **_just_now(request, now_ms()))


def _figures(request: MemberRequest, chosen: str, now: int) -> dict[str, Any]:
    """Numbers and charts; where nobody was ever seen there are none, but a way to the set-up."""
    workspace_id = request.workspace.pk
    people = reading.count_people(workspace_id)
    if not people.number:
        return {"is_new": True}
    own = preferences(request)
    zone, locale = own["zone"], own["locale"]
    new = reading.count_new_people(workspace_id, midnight(local_day(now, zone), zone))
    steps = divide(chosen, now, zone)
    messages = reading.count_messages(workspace_id, steps)
    events = reading.count_events(workspace_id, steps)
    with writing_for(Reader(zone=zone, locale=locale, now=now)):
        return {
            **_just_now(request, now),
            "people": put_amount(people, estimated=True),
            "people_are_estimated": not people.exact,
            "new_people": put_amount(new),
            "states": sum_states(messages),
            "sent": sum(sum(messages[state]) for state in HANDED_OVER),
            "charts": [draw_events(events, steps, zone, locale), draw_messages(messages, steps, zone, locale)],
            "ranges": [(_("24 hours"), "?range=24h", chosen == "24h"), (_("30 days"), "?range=30d", chosen == "30d")],
        }


def _just_now(request: MemberRequest, now: int) -> dict[str, Any]:
    figures = reading.read_just_now(request.workspace.pk, now)
    return {"just_now": figures, "spark": sparkline(figures.minutes)}


def _findings(request: MemberRequest, now: int) -> list[Finding]:
    """What the doctor would say, for those who can do something about it."""
    return list(examine(now)) if Permission.SEE_SETTINGS in request.may else []
