"""Campaigns: the list, and one campaign with its figures."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse
from django.utils.translation import gettext as _

from troth.campaigns.entering import source_of
from troth.campaigns.models import CampaignState
from troth.campaigns.publishing import find_faults, find_uncovered_now
from troth.campaigns.sentence import tell_campaign
from troth.campaigns.versions import make_rule, plain_rule
from troth.consent.catalog import load_catalog
from troth.console.access import MemberRequest, member_page
from troth.console.asking import read_numbers
from troth.console.campaigns.reading import (
    DAYS,
    MOST_IN_DAY,
    describe_campaigns,
    find_campaign,
    list_campaigns,
    list_changes,
    moment_of,
    name_purpose,
    position_of,
    published_at,
    put_condition,
    read_figures,
)
from troth.console.campaigns.receiving import read_reception
from troth.console.campaigns.versions import show_versions
from troth.console.shell import preferences, render_page
from troth.kernel.clock import now_ms
from troth.workspaces.roles import Permission

SHOWN = 25


@member_page(Permission.SEE_CAMPAIGNS)
def campaigns(request: MemberRequest) -> HttpResponse:
    """`?state=&q=&before=`, the last edited first."""
    asked, workspace_id = request.GET, request.workspace.pk
    state = asked.get("state", "") if asked.get("state", "") in CampaignState.values else ""
    text = asked.get("q", "").strip().replace("\0", "")[:200]
    before = read_numbers(asked.get("before", ""), 2)
    found = list_campaigns(workspace_id, state=state, text=text, before=before, limit=SHOWN + 1)
    kept = urlencode({name: value for name, value in (("state", state), ("q", text)) if value})
    older = urlencode({"before": position_of(found[SHOWN - 1])}) if len(found) > SHOWN else ""
    return render_page(
        request,
        "console/campaigns/campaigns.html",
        rows=describe_campaigns(workspace_id, found[:SHOWN], now_ms()),
        states=[("", _("Any")), *((value, _(value)) for value in CampaignState.values)],
        state=state,
        text=text,
        is_filtered=bool(state or text or before),
        newest=f"?{kept}" if before else "",
        older=f"?{'&'.join(part for part in (kept, older) if part)}" if older else "",
        days=DAYS,
    )


@member_page(Permission.SEE_CAMPAIGNS)
def campaign(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """One campaign: what triggers it, what was published, what became of its messages."""
    own = find_campaign(request.workspace.pk, campaign_id)
    told = preferences(request)
    live = own.published or plain_rule(own)
    figures = read_figures(own.workspace_id, own.pk, now_ms(), told["zone"], told["locale"]) if own.template_id else None
    return render_page(
        request,
        "console/campaigns/campaign.html",
        campaign=own,
        live=live,
        conditions=put_condition(live["conditions"]),
        says=tell_campaign(make_rule(own.pk, own.workspace_id, own.template_id or 0, live)),
        purpose=name_purpose(own.workspace_id, live["purpose"]),
        rule=load_catalog(own.workspace_id).rule(live["purpose"]),
        changes=list_changes(own) if own.has_changes else [],
        also_for=[name_purpose(own.workspace_id, key) for key in own.also_for],
        topic=topic.name_in("en") if (topic := load_catalog(own.workspace_id).topics.get(own.topic)) else own.topic,
        uncovered=find_uncovered_now(own),
        faults=find_faults(own) if own.has_changes or own.template_id is None else [],
        published_at=published_at(own),
        versions=show_versions(own, SHOWN),
        created_at=moment_of(own.created_at),
        updated_at=moment_of(own.updated_at),
        figures=figures,
        reception=read_reception(own.workspace_id, own.pk, figures, now_ms()) if figures else None,
        source=source_of(own.pk),
        most_in_day=MOST_IN_DAY,
    )
