"""The room: the page as people see it, its topics, and its look."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse

from troth.consent.catalog import load_catalog
from troth.console.access import MemberRequest, member_page
from troth.console.preference_centre.reading import describe_topics
from troth.console.shell import render_page
from troth.kernel.personal_data import Subject
from troth.messages.unsubscribe_links import UnsubscribeLink, make_unsubscribe_token
from troth.workspaces.branding import read_brand
from troth.workspaces.roles import Permission

NOBODY = 0
"""The person of the preview's link; the page saves nothing for it."""
LANGUAGES = ("en", "de", "fr", "es")


@member_page(Permission.SEE_NOTICES)
def preference_centre(request: MemberRequest) -> HttpResponse:
    """A preview in `?lang=`, the topics, and the look."""
    own, asked = request.workspace, request.GET.get("lang", "")
    language = asked if asked in LANGUAGES else LANGUAGES[0]
    token = make_unsubscribe_token(UnsubscribeLink(Subject(own.pk, NOBODY), "", 0))
    catalog = load_catalog(own.pk)
    return render_page(
        request,
        "console/preference_centre/preference_centre.html",
        preview=f"{reverse('preferences', args=[token])}?lang={language}",
        tabs=[(name, f"?lang={name}", name == language) for name in LANGUAGES],
        topics=describe_topics(own.pk),
        brand=read_brand(own.pk),
        undescribed=[rule.name for rule in catalog.purposes.values() if rule.basis == "consent" and not rule.description],
    )
