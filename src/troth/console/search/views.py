"""The search: a page of its own, a dialog over any page (Ctrl K or ⌘ K), and the results alone while somebody types."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.console.access import MemberRequest, member_page, record
from troth.console.search.reading import find_campaigns, find_pages, find_people
from troth.console.shell import Place, render_fragment, render_page
from troth.workspaces.roles import Permission

FURTHER = (
    Place(later("Sending"), "send", Permission.SEE_SETTINGS, "settings/sending"),
    Place(later("Keys"), "key-round", Permission.SEE_SETTINGS, "settings/keys"),
    Place(later("Members"), "users-round", Permission.SEE_SETTINGS, "settings/members"),
    Place(later("Set-up"), "plug", Permission.SEE_SETTINGS, "settings/setup"),
    Place(later("New campaign"), "plus", Permission.EDIT_CAMPAIGNS, "campaigns/new"),
)
LONGEST = 320


@member_page(Permission.SEE_FIGURES)
def search(request: MemberRequest) -> HttpResponse:
    """`?q=`; people only for those who may see people, and then it is written down that they were shown some."""
    text = request.GET.get("q", "").strip()[:LONGEST]
    people = find_people(request.workspace.pk, text) if Permission.SEE_PEOPLE in request.may else []
    if people:
        record(request, "people.search", detail={"shown": len(people)}, shown=[hit.person_id for hit in people])
    campaigns = find_campaigns(request.workspace.pk, text) if Permission.SEE_CAMPAIGNS in request.may else []
    groups = [
        (_("People"), people),
        (_("Campaigns"), campaigns),
        (_("Pages"), find_pages(text, request.may, FURTHER)),
    ]
    found = [(name, hits) for name, hits in groups if hits]
    if request.htmx and request.htmx.target == "found":
        return render_fragment(request, "console/search/found.html", groups=found, text=text)
    return render_page(request, "console/search/search.html", groups=found, text=text)
