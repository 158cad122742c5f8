"""Starting a newsletter, and what can be done with one under way: each says beforehand what it will do."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from troth.campaigns.models import Newsletter, NewsletterRun, RunState
from troth.campaigns.newsletters.editing import copy_newsletter, delete_newsletter, find_faults
from troth.campaigns.newsletters.plan import read_plan
from troth.campaigns.newsletters.running import (
    cancel_newsletter,
    choose_winner,
    pause_newsletter,
    resume_newsletter,
    start_newsletter,
)
from troth.consent.catalog import load_catalog
from troth.console.access import MemberRequest, member_page, record
from troth.console.acting import act, go
from troth.console.newsletters.reading import estimate_reach, find_newsletter, name_segment, show_schedule
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.workspaces.roles import Permission


@member_page(Permission.PUBLISH_CAMPAIGNS, methods=("GET", "POST"))
def start(request: MemberRequest, newsletter_id: int) -> HttpResponseBase:
    """Send it at its time."""
    own = find_newsletter(request.workspace.pk, newsletter_id)
    if request.method == "POST":
        said = _("Started. This page shows how far it is.")
        return _act(request, own, "newsletter.started", lambda: start_newsletter(own, now=now_ms()), said)
    faults = find_faults(own)
    inside, reach = estimate_reach(own, now_ms()) if not faults else (None, None)
    rule = load_catalog(own.workspace_id).rule(own.purpose)
    return render_page(
        request,
        "console/newsletters/start.html",
        newsletter=own,
        faults=faults,
        inside=inside,
        reach=reach,
        purpose=rule.name if rule else own.purpose,
        rule=rule,
        to=name_segment(own),
        schedule=show_schedule(own.schedule),
    )


@member_page(Permission.PUBLISH_CAMPAIGNS, methods=("GET", "POST"))
def pause(request: MemberRequest, newsletter_id: int) -> HttpResponseBase:
    """Send nothing more for now."""
    return _ask(request, newsletter_id, "pause", pause_newsletter, _("Paused. What is queued waits."))


@member_page(Permission.PUBLISH_CAMPAIGNS, methods=("GET", "POST"))
def resume(request: MemberRequest, newsletter_id: int) -> HttpResponseBase:
    """Go on."""
    return _ask(request, newsletter_id, "resume", resume_newsletter, _("It goes on where it was paused."))


@member_page(Permission.PUBLISH_CAMPAIGNS, methods=("GET", "POST"))
def cancel(request: MemberRequest, newsletter_id: int) -> HttpResponseBase:
    """End it for good."""
    return _ask(request, newsletter_id, "cancel", cancel_newsletter, _("Cancelled. Nobody gets what they have not got yet."))


@member_page(Permission.EDIT_CAMPAIGNS, methods=("GET", "POST"))
def copy(request: MemberRequest, newsletter_id: int) -> HttpResponseBase:
    """A draft of the same content."""
    own = find_newsletter(request.workspace.pk, newsletter_id)
    if request.method != "POST":
        return render_page(request, "console/newsletters/act.html", newsletter=own, act="copy")
    made = copy_newsletter(own, now=now_ms(), author=request.member.user_id)
    record(request, "newsletter.created", detail={"newsletter": made.pk, "name": made.name})
    messages.success(request, _("This is the copy: a draft."))
    return go("console-newsletter", made.workspace_id, made.pk)


@member_page(Permission.EDIT_CAMPAIGNS, methods=("GET", "POST"))
def delete(request: MemberRequest, newsletter_id: int) -> HttpResponseBase:
    """Remove a draft."""
    own = find_newsletter(request.workspace.pk, newsletter_id)
    if request.method != "POST":
        return render_page(request, "console/newsletters/act.html", newsletter=own, act="delete")
    detail = {"newsletter": newsletter_id, "name": own.name}
    if act(request, lambda: delete_newsletter(own), action="newsletter.deleted", detail=detail, said=_("The draft is gone.")):
        return go("console-newsletters", own.workspace_id)
    return go("console-newsletter", own.workspace_id, newsletter_id)


@member_page(Permission.PUBLISH_CAMPAIGNS, methods=("GET", "POST"))
def winner(request: MemberRequest, newsletter_id: int, variant: str) -> HttpResponseBase:
    """Give all who wait this variant."""
    own = find_newsletter(request.workspace.pk, newsletter_id)
    run = (
        NewsletterRun.objects.filter(workspace_id=own.workspace_id, newsletter_id=own.pk, state=RunState.TESTING)
        .order_by("-number")
        .first()
    )
    if run is not None and variant not in read_plan(run.plan).templates:
        raise Http404
    if request.method != "POST" or run is None:
        return render_page(request, "console/newsletters/act.html", newsletter=own, act="winner" if run else "none", variant=variant)
    said = _("All who wait get variant %(variant)s.") % {"variant": variant}
    return _act(request, own, "newsletter.winner_chosen", lambda: choose_winner(run, variant, now=now_ms()), said)


def _ask(request: MemberRequest, newsletter_id: int, what: str, does: Callable[..., Newsletter], said: str) -> HttpResponseBase:
    own = find_newsletter(request.workspace.pk, newsletter_id)
    if request.method != "POST":
        return render_page(request, "console/newsletters/act.html", newsletter=own, act=what)
    past = {"pause": "paused", "resume": "resumed", "cancel": "cancelled"}[what]
    return _act(request, own, f"newsletter.{past}", lambda: does(own, now=now_ms()), said)


def _act(request: MemberRequest, own: Newsletter, action: str, does: Callable[[], object], said: str) -> HttpResponse:
    act(request, does, action=action, detail={"newsletter": own.pk, "name": own.name}, said=said)
    return go("console-newsletter", own.workspace_id, own.pk)
