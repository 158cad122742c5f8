"""Writing a campaign: the form of the draft beside its preview, and sending a test of what stands in it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from troth.campaigns.editing import LONGEST_EVENT, create_campaign, update_campaign
from troth.campaigns.models import Campaign
from troth.campaigns.publishing import find_faults
from troth.console.access import MemberRequest, member_page, record
from troth.console.acting import go
from troth.console.campaigns.forms import CampaignForm, initial_of
from troth.console.campaigns.previewing import send_test
from troth.console.campaigns.reading import find_campaign, list_event_names, moment_of
from troth.console.campaigns.rows import OPERATOR_NAMES
from troth.console.campaigns.rules_form import RulesForm, initial_rules
from troth.console.inserting import list_variables
from troth.console.shell import render_fragment, render_page
from troth.console.showing import put_in_words
from troth.kernel.errors import TrothError
from troth.people.event_names import fold_event_name
from troth.workspaces.roles import Permission

SUGGESTED = 12
BLANK = {
    "purpose": "marketing_email",
    "subject": "Hello {{ person.first_name | default: 'there' }}",
    "html": (
        "<h1>Hello {{ person.first_name | default: 'there' }}</h1>\n<p>Write here what you have to say.</p>\n"
        '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>\n'
    ),
}


@member_page(Permission.EDIT_CAMPAIGNS, methods=("GET", "POST"))
def new(request: MemberRequest) -> HttpResponseBase:
    """A draft that is not saved yet."""
    if request.method != "POST":
        return _show(request, CampaignForm(request.workspace.pk, initial=BLANK), _rules_form(request, None), None)
    return _answer(request, CampaignForm(request.workspace.pk, request.POST), None)


@member_page(Permission.EDIT_CAMPAIGNS, methods=("GET", "POST"))
def edit(request: MemberRequest, campaign_id: int) -> HttpResponseBase:
    """The draft of a campaign."""
    own = find_campaign(request.workspace.pk, campaign_id)
    if request.method != "POST":
        return _show(request, CampaignForm(own.workspace_id, initial=initial_of(own)), _rules_form(request, own), own)
    return _answer(request, CampaignForm(own.workspace_id, request.POST), own)


def _answer(request: MemberRequest, form: CampaignForm, own: Campaign | None) -> HttpResponseBase:
    """Save, save on the way to publishing, or try by mail what stands in the form without saving it."""
    course = _rules_form(request, own)
    if request.POST.get("do") == "test":
        tone, says = send_test(request, own.pk if own else 0)
        if request.htmx:
            return render_fragment(request, "console/campaigns/said.html", tone=tone, says=says)
        return _show(request, form, course, own, tone=tone, says=says)
    if own is not None and request.POST.get("seen", str(moment_of(own.updated_at))) != str(moment_of(own.updated_at)):
        form.add_error(None, _("Somebody else saved this campaign meanwhile. Copy what you wrote, open it anew, and join both."))
    if not all([form.is_valid(), course.is_valid()]):
        return _show(request, form, course, own)
    draft = {**form.draft(), "trigger": course.trigger, "rules": course.rules}
    try:
        with transaction.atomic():
            saved = update_campaign(own, **draft) if own else create_campaign(request.workspace.pk, **draft)
            record(request, "campaign.edited" if own else "campaign.created", detail={"campaign": saved.pk, "name": saved.name})
    except TrothError as error:
        form.add_error(None, str(error))
        return _show(request, form, course, own)
    name = "console-campaign-publish" if request.POST.get("do") == "publish" and not find_faults(saved) else "console-campaign"
    messages.success(request, _("Saved. What was published goes on as it is.") if saved.has_changes else _("Saved."))
    return go(name, saved.workspace_id, saved.pk)


def _rules_form(request: MemberRequest, own: Campaign | None) -> RulesForm:
    return RulesForm(request.workspace.pk, request.POST if request.method == "POST" else None, initial=initial_rules(own))


def _show(request: MemberRequest, form: CampaignForm, course: RulesForm, own: Campaign | None, **said: Any) -> HttpResponse:
    return render_page(
        request,
        "console/campaigns/edit.html",
        form=form,
        course=course,
        campaign=own,
        operators=[(name, put_in_words(name)) for name in OPERATOR_NAMES],
        matches=[("all", _("All of these")), ("any", _("Any of these"))],
        seen=request.POST.get("seen") or (moment_of(own.updated_at) if own else ""),
        trial={name: request.POST.get(name, "") for name in ("person", "made_up", "event")},
        variables=list_variables(request, str(form["trigger_event"].value() or "")[:LONGEST_EVENT].replace("\0", "")),
        **said,
    )


@member_page(Permission.EDIT_CAMPAIGNS)
def event_options(request: MemberRequest) -> HttpResponse:
    """Names of events that were seen, for the combobox: `?q=`."""
    names = list_event_names(request.workspace.pk, fold_event_name(request.GET.get("q", "")[:255].replace("\0", "")), SUGGESTED)
    return render_fragment(request, "console/campaigns/options.html", options=[(name, name) for name in names])
