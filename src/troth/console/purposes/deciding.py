"""Archiving a purpose and taking it up again: each says beforehand what it will do."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.consent.catalog import SERVICE
from troth.consent.held import ChangeHeld
from troth.consent.models import Purpose, Standing
from troth.consent.purposes import PurposeInvalid, archive_purpose
from troth.console.access import MemberRequest, member_page, record
from troth.console.purposes.reading import NOBODY, count_stances, get_purpose, read_belonging
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.workspaces.roles import Permission


@member_page(Permission.MANAGE_PURPOSES, methods=("GET", "POST"))
def archive(request: MemberRequest, purpose_key: str) -> HttpResponseBase:
    """Nothing is done for the purpose any more; its versions and the decisions on it stay."""
    own = get_purpose(request.workspace.pk, purpose_key)
    if request.method == "POST":
        return _keep(request, own, archived=True)
    belonging = read_belonging(own.workspace_id, own.key)
    return render_page(
        request,
        "console/purposes/archive.html",
        purpose=own,
        is_service=own.key == SERVICE,
        things=belonging.things,
        campaigns=belonging.campaigns,
        granted=count_stances(own.workspace_id).get((own.key, Standing.GRANTED), NOBODY),
    )


@member_page(Permission.MANAGE_PURPOSES, methods=("GET", "POST"))
def restore(request: MemberRequest, purpose_key: str) -> HttpResponseBase:
    """An archived purpose is taken up again, with the decisions on it."""
    own = get_purpose(request.workspace.pk, purpose_key)
    if request.method == "POST":
        return _keep(request, own, archived=False)
    return render_page(
        request,
        "console/purposes/restore.html",
        purpose=own,
        campaigns=read_belonging(own.workspace_id, own.key).campaigns,
        granted=count_stances(own.workspace_id).get((own.key, Standing.GRANTED), NOBODY),
    )


def _keep(request: MemberRequest, own: Purpose, *, archived: bool) -> HttpResponse:
    if own.archived != archived:
        try:
            with transaction.atomic():
                archive_purpose(own.workspace_id, own.key, now=now_ms(), archived=archived)
                record(request, "purpose.archived" if archived else "purpose.restored", detail={"purpose": own.key})
        except (PurposeInvalid, ChangeHeld) as error:
            messages.error(request, str(error))
        else:
            said = _("Archived. Nothing is done for it any more.") if archived else _("Taken up again, with the decisions on it.")
            messages.success(request, said)
    response = redirect(reverse("console-purpose", args=[own.workspace_id, own.key]))
    response.status_code = 303
    return response
