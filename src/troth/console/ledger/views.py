"""The ledger with its checkpoints, the check of all its entries, and a checkpoint signed at once."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.consent.ledger.checkpoints import make_checkpoint
from troth.consent.ledger.log import head_of
from troth.console.access import MemberRequest, member_page, record
from troth.console.ledger.reading import MOST_CHECKED, MOST_WAITING, check_ledger, read_ledger, read_public_key, tell_signature_check
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.workspaces.roles import Permission


@member_page(Permission.SEE_LEDGER)
def ledger(request: MemberRequest) -> HttpResponse:
    """How large it is, what was signed, and how anybody checks it."""
    workspace_id, base = request.workspace.pk, settings.TROTH_URL
    own = read_ledger(workspace_id, base)
    latest = f"{base}/ledger/{workspace_id}/checkpoint"
    return render_page(
        request,
        "console/ledger/ledger.html",
        ledger=own,
        most_checked=MOST_CHECKED,
        most_waiting=MOST_WAITING,
        latest=latest,
        public_key=read_public_key(),
        signature_check=tell_signature_check(f"{base}/ledger/key", latest),
        consistency=_consistency_of(own.checkpoints[1].size, own.checkpoints[0].size, workspace_id) if len(own.checkpoints) > 1 else "",
    )


def _consistency_of(old: int, new: int, workspace_id: int) -> str:
    return f"curl -s {settings.TROTH_URL}/ledger/{workspace_id}/consistency/{old}/{new}"


@member_page(Permission.SEE_LEDGER, methods=("GET", "POST"))
def check(request: MemberRequest) -> HttpResponse:
    """Hold every record against the ledger; a large one is checked by the command alone."""
    size, _root = head_of(request.workspace.pk)
    is_large = size > MOST_CHECKED
    faults: list[str] = []
    has_more, checked_at = False, None
    if request.method == "POST" and not is_large:
        faults, has_more = check_ledger(request.workspace.pk, now_ms())
        checked_at = now_ms()
        record(request, "ledger.checked", detail={"size": size, "faults": len(faults)})
    return render_page(
        request,
        "console/ledger/check.html",
        crumbs=[(_("Ledger"), reverse("console-ledger", args=[request.workspace.pk]))],
        size=size,
        is_large=is_large,
        faults=faults,
        has_more=has_more,
        checked_at=checked_at,
    )


@member_page(Permission.SIGN_LEDGER, methods=("POST",))
def sign(request: MemberRequest) -> HttpResponse:
    """Sign the ledger as it is; nothing happens where nothing was appended since the last checkpoint."""
    workspace_id = request.workspace.pk
    now = now_ms()
    if not head_of(workspace_id)[0]:
        messages.info(request, _("The ledger is empty: there is nothing to sign yet."))
    else:
        with transaction.atomic():
            signed = make_checkpoint(workspace_id, now)
            if signed.at == now:
                record(request, "checkpoint.signed", detail={"size": signed.size})
        if signed.at == now:
            messages.success(request, _("Signed over %(size)d entries. Its public address stands on this page.") % {"size": signed.size})
        else:
            messages.info(request, _("Nothing was appended since the last checkpoint: it covers the whole ledger."))
    response = redirect(reverse("console-ledger", args=[workspace_id]))
    response.status_code = 303
    return response
