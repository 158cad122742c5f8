"""Publishing, restoring and deleting: each is a page that says beforehand what will happen."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page, record
from troth.console.acting import go
from troth.console.content.reading import get_piece, get_version, list_campaigns_with, moment_of
from troth.console.shell import render_page
from troth.content.checking import check_piece
from troth.content.comparing import compare
from troth.content.library import delete_piece, find_users, find_version, has_changes, restore_version, written_in, written_of
from troth.content.models import Piece
from troth.content.publishing import publish_piece
from troth.kernel.errors import TrothError
from troth.messages.link_checking import check_addresses, find_addresses
from troth.workspaces.roles import Permission

CHECKS = "6/m/user"


@member_page(Permission.PUBLISH_CAMPAIGNS, methods=("GET", "POST"))
def publish(request: MemberRequest, template_key: str) -> HttpResponseBase:
    """The draft becomes a version."""
    own = get_piece(request.workspace.pk, template_key)
    findings = check_piece(own)
    errors = [finding for finding in findings if finding.is_error]
    seen = str(moment_of(own.updated_at))
    if request.method == "POST" and not errors:
        if request.POST.get("seen", seen) != seen:
            messages.warning(request, _("Somebody edited the template meanwhile: look at it once more."))
            return go("console-template-publish", own.workspace_id, own.key)
        try:
            with transaction.atomic():
                version = publish_piece(own)
                record(request, "template.published", detail={"template": own.key, "version": version.version})
        except TrothError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Published as version %(number)d.") % {"number": version.version})
        return go("console-template", own.workspace_id, own.key)
    return _ask(
        request,
        "publish",
        own,
        errors=errors,
        warnings=[finding for finding in findings if not finding.is_error],
        seen=seen,
        next_version=own.version + 1,
        changed=has_changes(own),
        changes=list(compare(written_in(find_version(own.workspace_id, own.key)), written_of(own))) if own.version else [],
        campaigns=list_campaigns_with(own),
        users=find_users(own),
    )


@member_page(Permission.EDIT_CAMPAIGNS, methods=("GET", "POST"))
def links(request: MemberRequest, template_key: str) -> HttpResponse:
    """Whether links and images answer, asked now."""
    own = get_piece(request.workspace.pk, template_key)
    if request.method != "POST":
        return _ask(request, "links", own, addresses=find_addresses(own))
    from allauth.core.internal.ratelimit import consume

    if not consume(request, app="troth", action="link_check", config={"link_check": CHECKS}, user=request.user):
        return _ask(request, "links", own, addresses=find_addresses(own), is_late=True)
    return _ask(request, "links", own, addresses=find_addresses(own), is_asked=True, findings=check_addresses(own))


@member_page(Permission.EDIT_CAMPAIGNS, methods=("GET", "POST"))
def restore(request: MemberRequest, template_key: str, version: int) -> HttpResponseBase:
    """An old version is written into the draft."""
    own = get_piece(request.workspace.pk, template_key)
    shown = get_version(own, version)
    if request.method == "POST":
        with transaction.atomic():
            restore_version(own, shown.version)
            record(request, "template.restored", detail={"template": own.key, "version": shown.version})
        messages.success(
            request, _("Version %(number)d stands in the draft again; nothing is published by that.") % {"number": shown.version}
        )
        return go("console-template", own.workspace_id, own.key)
    return _ask(request, "restore", own, number=shown.version, changes=list(compare(written_of(own), written_in(shown))))


@member_page(Permission.EDIT_CAMPAIGNS, methods=("GET", "POST"))
def delete(request: MemberRequest, template_key: str) -> HttpResponseBase:
    """The draft goes; what was published with it goes on."""
    own = get_piece(request.workspace.pk, template_key)
    if request.method == "POST":
        try:
            with transaction.atomic():
                key, name = own.key, own.name
                delete_piece(own)
                record(request, "template.deleted", detail={"template": key, "name": name})
        except TrothError as error:
            messages.error(request, str(error))
            return go("console-template", own.workspace_id, own.key)
        messages.success(request, _("“%s” is deleted; the audit log says by whom.") % name)
        return go("console-templates", request.workspace.pk)
    return _ask(request, "delete", own, users=find_users(own), campaigns=list_campaigns_with(own))


def _ask(request: MemberRequest, question: str, own: Piece, **context: Any) -> HttpResponse:
    return render_page(request, f"console/content/{question}.html", piece=own, **context)
