"""The versions of a newsletter's draft: what was saved, how it differs from the draft or from another, and writing one into the draft again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.http import Http404, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.campaigns.models import Newsletter, NewsletterVersion
from troth.campaigns.newsletters.versions import (
    NewsletterVersionUnknown,
    compare_draft,
    compare_versions,
    find_version,
    list_versions,
    restore_version,
)
from troth.console.access import MemberRequest, member_page
from troth.console.acting import act, go
from troth.console.audit.reading import name_users
from troth.console.comparing import DRAFT, choose_other, list_rows, name_others, show_changes
from troth.console.newsletters.reading import find_newsletter, show_schedule
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.workspaces.roles import Permission

FIELDS: Mapping[str, str | Promise] = {
    "name": later("Name"),
    "segment_id": later("To"),
    "audience": later("Who is still in it"),
    "purpose": later("Purpose"),
    "also_for": later("Also for"),
    "topic": later("Topic"),
    "medium": later("Sent by"),
    "schedule": later("When"),
    "per_hour": later("Pace"),
    "test": later("Test"),
    "holdout": later("Held out"),
    "goal": later("Goal"),
    "hold_minutes": later("Can be taken back for"),
    "expires_hours": later("Expires after hours"),
    "fresh_minutes": later("The segment may lag"),
}
"""What a version keeps beside its variants, in words."""
PARTS: Mapping[str, str | Promise] = {
    "share": later("share"),
    "template": later("template"),
    "subject": later("subject"),
    "html": later("HTML"),
    "text": later("text part"),
}
"""Of a variant."""


@member_page(Permission.SEE_CAMPAIGNS)
def version(request: MemberRequest, newsletter_id: int, version: int) -> HttpResponse:
    """What was saved; `?with=`: the version to compare with (the one before, when left out), 0: the draft."""
    own = find_newsletter(request.workspace.pk, newsletter_id)
    shown = _find(own, version)
    others = [one.number for one in list_versions(own) if one.number != version]
    other = choose_other(request, version, others)
    if other == DRAFT:
        changes = compare_draft(own, shown)
    else:
        changes = compare_versions(*sorted((shown, _find(own, other)), key=lambda one: one.number))
    return render_page(
        request,
        "console/newsletters/version.html",
        newsletter=own,
        shown=shown,
        by=name_users([shown.author]).get(shown.author, ""),
        schedule=show_schedule(shown.written["schedule"]),
        crumbs=[
            (_("Newsletters"), reverse("console-newsletters", args=[own.workspace_id])),
            (own.name, reverse("console-newsletter", args=[own.workspace_id, own.pk])),
        ],
        others=name_others(others),
        other=other,
        changes=show_changes(changes, _name_fields(changes)),
    )


@member_page(Permission.EDIT_CAMPAIGNS, methods=("GET", "POST"))
def restore(request: MemberRequest, newsletter_id: int, version: int) -> HttpResponseBase:
    """An old version is written into the draft."""
    own = find_newsletter(request.workspace.pk, newsletter_id)
    shown = _find(own, version)
    if request.method != "POST":
        changes = list(_name_fields(compare_draft(own, shown)).values())
        return render_page(request, "console/newsletters/restore.html", newsletter=own, number=version, changes=changes)
    said = _("Version %(number)d stands in the draft again; nothing is sent by that.") % {"number": version}
    detail = {"newsletter": own.pk, "name": own.name, "version": version}
    author = request.member.user_id
    act(
        request,
        lambda: restore_version(own, version, now=now_ms(), author=author),
        action="newsletter.edited",
        detail=detail,
        said=said,
    )
    return go("console-newsletter", own.workspace_id, own.pk)


def _name_fields(changes: Iterable[str]) -> dict[str, str]:
    """Each field that changed in words: `variant A: html` as `Variant A: HTML`."""
    names = {}
    for field in changes:
        variant, colon, part = field.removeprefix("variant ").partition(": ")
        told = _("Variant %(key)s: %(part)s") % {"key": variant, "part": PARTS[part]} if colon else FIELDS[field]
        names[field] = str(told)
    return names


def show_versions(newsletter: Newsletter, most: int) -> list[tuple[int, int, str, str]]:
    """The latest, as `list_rows`."""
    found = [(one.number, one.saved_at, one.author) for one in list_versions(newsletter)[:most]]
    return list_rows(found, "console-newsletter-version", newsletter.workspace_id, newsletter.pk)


def _find(own: Newsletter, number: int) -> NewsletterVersion:
    try:
        return find_version(own, number)
    except NewsletterVersionUnknown:
        raise Http404 from None
