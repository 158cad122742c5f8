"""The versions of a campaign: what was published, how it differs from the draft or from another, and writing one into the draft again."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import Http404, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.campaigns.models import Campaign
from troth.campaigns.published import (
    MAIL,
    CampaignVersionUnknown,
    Published,
    compare_published,
    compare_with_draft,
    find_published,
    list_published_versions,
    restore_published,
)
from troth.campaigns.sentence import tell_campaign
from troth.campaigns.versions import make_rule
from troth.console.access import MemberRequest, member_page
from troth.console.acting import act, go
from troth.console.audit.reading import name_users
from troth.console.campaigns.reading import find_campaign, name_purpose, put_condition
from troth.console.comparing import DRAFT, choose_other, list_rows, name_others, show_changes
from troth.console.shell import render_page
from troth.workspaces.roles import Permission

FIELDS: Mapping[str, str | Promise] = {
    "trigger_event": later("Triggering event"),
    "conditions": later("Conditions"),
    "trigger": later("Trigger"),
    "rules": later("When and how often"),
    "purpose": later("Purpose"),
    "also_for": later("Also for"),
    "topic": later("Topic"),
    "template_key": later("Template"),
    "subject": later("Subject"),
    "html": later("HTML"),
    "text": later("Text part"),
}
"""What a version keeps, in words."""


@member_page(Permission.SEE_CAMPAIGNS)
def version(request: MemberRequest, campaign_id: int, version: int) -> HttpResponse:
    """What was published; `?with=`: the version to compare with (the one before, when left out), 0: the draft."""
    own = find_campaign(request.workspace.pk, campaign_id)
    shown = _find(own, version)
    others = [one.number for one in list_published_versions(own) if one.number != version]
    other = choose_other(request, version, others)
    if other == DRAFT:
        changes = compare_with_draft(own, shown)
    else:
        changes = compare_published(*sorted((shown, _find(own, other)), key=lambda one: one.number))
    return render_page(
        request,
        "console/campaigns/version.html",
        campaign=own,
        shown=shown,
        crumbs=[
            (_("Campaigns"), reverse("console-campaigns", args=[own.workspace_id])),
            (own.name, reverse("console-campaign", args=[own.workspace_id, own.pk])),
        ],
        says=tell_campaign(make_rule(own.pk, own.workspace_id, own.template_id or 0, shown.rule)),
        conditions=put_condition(shown.written["conditions"]),
        purpose=name_purpose(own.workspace_id, shown.written["purpose"]),
        sources=[(FIELDS[name], shown.written[name]) for name in MAIL if shown.written[name]],
        by=name_users([shown.author]).get(shown.author, ""),
        others=name_others(others),
        other=other,
        changes=show_changes(changes, FIELDS),
    )


@member_page(Permission.EDIT_CAMPAIGNS, methods=("GET", "POST"))
def restore(request: MemberRequest, campaign_id: int, version: int) -> HttpResponseBase:
    """An old version is written into the draft."""
    own = find_campaign(request.workspace.pk, campaign_id)
    shown = _find(own, version)
    if request.method != "POST":
        changes = [str(FIELDS[name]) for name in compare_with_draft(own, shown)]
        return render_page(request, "console/campaigns/restore.html", campaign=own, number=version, changes=changes)
    said = _("Version %(number)d stands in the draft again; nothing is published by that.") % {"number": version}
    detail = {"campaign": own.pk, "name": own.name, "version": version}
    act(request, lambda: restore_published(own, version), action="campaign.edited", detail=detail, said=said)
    return go("console-campaign", own.workspace_id, own.pk)


def _find(own: Campaign, number: int) -> Published:
    try:
        return find_published(own, number)
    except CampaignVersionUnknown:
        raise Http404 from None


def show_versions(campaign: Campaign, most: int) -> list[tuple[int, int, str, str]]:
    """The latest, as `list_rows`."""
    return list_rows(list_published_versions(campaign)[:most], "console-campaign-version", campaign.workspace_id, campaign.pk)
