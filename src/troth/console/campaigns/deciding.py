"""Publishing, pausing, resuming and deleting: each is a page that says beforehand what will happen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from troth.campaigns.draft_trials import describe_readings
from troth.campaigns.editing import delete_campaign
from troth.campaigns.entering import source_of
from troth.campaigns.models import Campaign
from troth.campaigns.publishing import find_faults, pause_campaign, plan_of, publish_campaign, resume_campaign
from troth.campaigns.purpose_checking import find_further_purposes
from troth.campaigns.sentence import tell_campaign
from troth.campaigns.versions import rule_of_draft
from troth.consent.catalog import PROFILING, load_catalog
from troth.console.access import MemberRequest, member_page
from troth.console.acting import act, go
from troth.console.campaigns.reading import (
    estimate_reach,
    find_campaign,
    list_changes,
    moment_of,
    name_purpose,
    put_condition,
    put_count,
)
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.messages.figures import Count, count_by_state
from troth.messages.models import State
from troth.workspaces.roles import Permission

QUEUED = (State.QUEUED.value, State.SENDING.value, State.HELD.value)


@member_page(Permission.PUBLISH_CAMPAIGNS, methods=("GET", "POST"))
def publish(request: MemberRequest, campaign_id: int) -> HttpResponseBase:
    """The draft becomes what events are held against."""
    own = find_campaign(request.workspace.pk, campaign_id)
    faults = find_faults(own)
    seen = str(moment_of(own.updated_at))
    if request.method == "POST" and not faults:
        if request.POST.get("seen", seen) != seen:
            messages.warning(request, _("Somebody edited the campaign meanwhile: look at it once more."))
            return go("console-campaign-publish", own.workspace_id, own.pk)
        return _do(
            request,
            own,
            partial(publish_campaign, author=request.member.user_id),
            "campaign.published",
            _("Published: from now on “%s” counts. Its figures are on this page.") % (own.trigger_event or own.name),
        )
    rule = load_catalog(own.workspace_id).rule(own.purpose)
    further = find_further_purposes(plan_of(own))
    needs_consent = rule is not None and (rule.basis == "consent" or rule.is_marketing or further)
    return _ask(
        request,
        "publish",
        own,
        faults=faults,
        seen=seen,
        conditions=put_condition(own.conditions),
        says="" if faults else tell_campaign(rule_of_draft(own)),
        purpose=name_purpose(own.workspace_id, own.purpose),
        rule=rule,
        profiling=name_purpose(own.workspace_id, PROFILING),
        reads=describe_readings(plan_of(own)),
        further=[name_purpose(own.workspace_id, key) for key in further],
        reach=estimate_reach(own.workspace_id, own.purpose, now_ms(), further) if needs_consent and not faults else None,
        changes=list_changes(own) if own.template_id else [],
    )


@member_page(Permission.PUBLISH_CAMPAIGNS, methods=("GET", "POST"))
def pause(request: MemberRequest, campaign_id: int) -> HttpResponseBase:
    """It hears no event any more; what is queued goes out."""
    own = find_campaign(request.workspace.pk, campaign_id)
    if request.method == "POST":
        said = _("Paused: “%s” leads to nothing now. What was queued still goes out.") % _heard(own)
        return _do(request, own, pause_campaign, "campaign.paused", said)
    source = source_of(own.pk)
    counts = count_by_state(own.workspace_id, [source], 0, now_ms() + 1, states=QUEUED)
    waiting = Count(sum(count.number for count in counts.values()), all(count.exact for count in counts.values()))
    return _ask(request, "pause", own, waiting=put_count(waiting), live=own.published)


@member_page(Permission.PUBLISH_CAMPAIGNS, methods=("GET", "POST"))
def resume(request: MemberRequest, campaign_id: int) -> HttpResponseBase:
    """It hears events again, as it was published last."""
    own = find_campaign(request.workspace.pk, campaign_id)
    if request.method == "POST":
        return _do(request, own, resume_campaign, "campaign.resumed", _("Resumed: from now on “%s” counts again.") % _heard(own))
    live = own.published
    return _ask(
        request,
        "resume",
        own,
        live=live,
        purpose=name_purpose(own.workspace_id, live["purpose"]) if live else "",
        changes=list_changes(own),
    )


@member_page(Permission.EDIT_CAMPAIGNS, methods=("GET", "POST"))
def delete(request: MemberRequest, campaign_id: int) -> HttpResponseBase:
    """A draft that was never published goes away."""
    own = find_campaign(request.workspace.pk, campaign_id)
    if request.method == "POST":
        detail = {"campaign": own.pk, "name": own.name}
        said = _("The draft “%s” is deleted; the audit log says by whom.") % own.name
        if act(request, lambda: delete_campaign(own), action="campaign.deleted", detail=detail, said=said):
            return go("console-campaigns", own.workspace_id)
        return go("console-campaign", own.workspace_id, campaign_id)
    return _ask(request, "delete", own)


def _do(request: MemberRequest, own: Campaign, does: Callable[[Campaign], Campaign], action: str, said: str) -> HttpResponse:
    """Act, write it down, and tell on the campaign's page what came of it."""
    detail: dict[str, Any] = {"campaign": own.pk, "name": own.name, "template": own.template_id}
    act(request, lambda: detail.update(template=does(own).template_id), action=action, detail=detail, said=said)
    return go("console-campaign", own.workspace_id, own.pk)


def _heard(own: Campaign) -> str:
    """The event that it hears as it was published; its name, where something else triggers."""
    return str((own.published or {}).get("trigger_event") or own.trigger_event or own.name)


def _ask(request: MemberRequest, question: str, own: Campaign, **context: Any) -> HttpResponse:
    return render_page(request, f"console/campaigns/{question}.html", campaign=own, **context)
