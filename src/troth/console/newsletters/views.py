"""Newsletters: the list, and one with how its sendings go."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse

from troth.campaigns.models import NewsletterState
from troth.campaigns.newsletters.editing import find_faults
from troth.campaigns.newsletters.freshness import find_wait
from troth.campaigns.newsletters.running import source_of
from troth.consent.catalog import load_catalog
from troth.console.access import MemberRequest, member_page
from troth.console.newsletters.reading import (
    find_newsletter,
    list_newsletters,
    list_runs,
    name_segment,
    read_progress,
    show_schedule,
)
from troth.console.newsletters.versions import show_versions
from troth.console.shell import render_page
from troth.kernel.clock import HOUR, now_ms
from troth.workspaces.roles import Permission

SHOWN = 20
"""Versions."""
SOON = HOUR
"""What begins within so many milliseconds is watched by its page."""


@member_page(Permission.SEE_CAMPAIGNS)
def newsletters(request: MemberRequest) -> HttpResponse:
    """The latest, the newest first."""
    return render_page(request, "console/newsletters/newsletters.html", rows=list_newsletters(request.workspace.pk))


@member_page(Permission.SEE_CAMPAIGNS)
def newsletter(request: MemberRequest, newsletter_id: int) -> HttpResponse:
    """One newsletter; `?run=` chooses one of its sendings, else it is the last. What asks again by itself (`?was=`) is loaded anew once it got further."""
    own = find_newsletter(request.workspace.pk, newsletter_id)
    runs = list_runs(own)
    asked = request.GET.get("run", "")
    shown = next((run for run in runs if str(run.number) == asked), runs[0] if runs else None)
    now, state = now_ms(), f"{own.state}.{shown.state if shown else ''}"
    if request.htmx and request.GET.get("was", state) != state:
        return HttpResponse(headers={"HX-Refresh": "true"})
    rule = load_catalog(own.workspace_id).rule(own.purpose)
    unsent = own.state in (NewsletterState.DRAFT, NewsletterState.PAUSED)
    return render_page(
        request,
        "console/newsletters/newsletter.html",
        newsletter=own,
        to=name_segment(own),
        purpose=rule.name if rule else own.purpose,
        schedule=show_schedule(own.schedule),
        faults=find_faults(own) if unsent else [],
        runs=[(f"{run.number}", f"?run={run.number}", run == shown) for run in runs] if len(runs) > 1 else [],
        progress=read_progress(shown, now) if shown else None,
        here=f"{request.path}?{urlencode({'run': asked, 'was': state})}",
        is_soon=own.next_at is not None and own.next_at - now < SOON,
        source=source_of(own.pk),
        wait=find_wait(own, now),
        versions=show_versions(own, SHOWN),
    )
