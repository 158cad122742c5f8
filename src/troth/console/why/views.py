"""One page: a person, a campaign, and what became of it for them."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _

from troth.campaigns.editing import CampaignUnknown, find_campaign
from troth.campaigns.models import Campaign
from troth.campaigns.newsletters.editing import find_newsletter
from troth.campaigns.newsletters.errors import NewsletterUnknown
from troth.campaigns.why import NEWSLETTER, Story, tell_all, tell_message, tell_why
from troth.campaigns.why_newsletter import tell_newsletter
from troth.console.access import MemberRequest, member_page
from troth.console.asking import FilterInvalid, is_number, read_person
from troth.console.naming import names_of
from troth.console.shell import render_page
from troth.console.why.reading import list_choices
from troth.kernel.clock import now_ms
from troth.kernel.personal_data import Subject
from troth.people.lookup import PersonNotFound, load_person
from troth.workspaces.audit import NOBODY
from troth.workspaces.roles import Permission


@member_page(Permission.SEE_PEOPLE, audit="why.asked")
def why(request: MemberRequest) -> HttpResponse:
    """`?person=&campaign=`: an identifier or `person:ID`, and the number of a campaign, or `newsletter:` and that of one; or `&message=`, one message whatever made it."""
    workspace_id = request.workspace.pk
    person, campaign = request.GET.get("person", "").strip()[:320], request.GET.get("campaign", "")
    problem, stories, found = "", list[Story](), 0
    one: list[Story] = []
    everywhere: list[tuple[Campaign, list[Story]]] = []
    try:
        found = read_person(person, workspace_id) or 0
        subject = Subject(workspace_id, found)
        if found:
            load_person(subject)
        message = request.GET.get("message", "")
        if found and is_number(message):
            one = tell_message(subject, int(message))
        elif found and not campaign:
            everywhere = tell_all(subject, now_ms())
        elif found and is_number(campaign):
            stories = tell_why(subject, find_campaign(workspace_id, int(campaign)), now_ms())
        elif found and is_number(newsletter := campaign.removeprefix(NEWSLETTER)):
            stories = tell_newsletter(subject, find_newsletter(workspace_id, int(newsletter)), now_ms())
    except (FilterInvalid, CampaignUnknown, NewsletterUnknown, PersonNotFound) as error:
        problem, found = str(error), 0
    request.about = found or NOBODY
    return render_page(
        request,
        "console/why/why.html",
        asked={"person": person, "campaign": campaign},
        campaigns=[("", _("Every campaign")), *list_choices(workspace_id)],
        everywhere=[(own, told[0], told[-1]) for own, told in everywhere],
        stories=stories,
        one=one,
        now=stories[-1] if stories else None,
        past=stories[:-1],
        problem=problem,
        person_id=found,
        name=names_of(workspace_id, {found}).get(found, "") if found else "",
    )
