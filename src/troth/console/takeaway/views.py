"""The files there are and how far they are; asking for one, downloading it, handing it over to a third party, the receipts of that."""

from __future__ import annotations

from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.db import transaction
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page, record
from troth.console.acting import go
from troth.console.handing_over import HandoverForm
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.privacy.handovers.handing import HandoverUnknown, find_handover, hand_over_takeaway, list_handovers
from troth.privacy.leaving.asking import may_ask, workspaces_of
from troth.privacy.models.takeaways import Takeaway
from troth.privacy.takeaways.asking import TakeawayNotThere, TakeawayUnknown, ask_for_takeaway, find_takeaway, list_takeaways, path_of
from troth.workspaces.models import User
from troth.workspaces.roles import Permission


@member_page(Permission.EDIT_WORKSPACE, methods=("GET", "POST"))
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]  # allauth has no types
def takeaway(request: MemberRequest) -> HttpResponse:
    """POST asks for a file; `what=account`: of all workspaces, for who owns them all."""
    everything = workspaces_of(request.workspace.account)
    owns_all = may_ask(User.objects.get(pk=request.member.user_id), everything)
    if request.method == "POST":
        is_account = request.POST.get("what") == "account" and owns_all
        chosen = [request.workspace, *(one for one in everything if is_account and one.pk != request.workspace.pk)]
        with transaction.atomic():
            ask_for_takeaway(chosen, by=f"member {request.member.user_id}", now=now_ms())
            record(request, "workspace.taken_away", detail={"workspaces": len(chosen)})
        return go("console-takeaway", request.workspace.pk)
    return render_page(
        request,
        "console/takeaway/files.html",
        files=list_takeaways(request.workspace.pk),
        handovers=list_handovers(request.workspace.pk)[:50],
        may_account=owns_all and len(everything) > 1,
        crumbs=[(_("Settings"), reverse("console-settings", args=[request.workspace.pk]))],
    )


@member_page(Permission.EDIT_WORKSPACE, audit="workspace.takeaway_downloaded")
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth has no types
def download(request: MemberRequest) -> HttpResponseBase:
    """`?id=`: the file, while it is there; without one, to the list."""
    if not request.GET.get("id"):
        return go("console-takeaway", request.workspace.pk)
    own = _find(request, request.GET.get("id", ""))
    try:
        path = path_of(own)
    except TakeawayNotThere:
        raise Http404 from None
    response = FileResponse(path.open("rb"), as_attachment=True, filename=f"troth-{own.pk}.zip", content_type="application/zip")
    response["Cache-Control"] = "no-store"
    return response


@member_page(Permission.EDIT_WORKSPACE, methods=("GET", "POST"))
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]  # allauth has no types
def hand_over(request: MemberRequest) -> HttpResponse:
    """`?id=`: the file that goes; without one, to the list."""
    if not request.GET.get("id"):
        return go("console-takeaway", request.workspace.pk)
    own = _find(request, request.GET.get("id", ""))
    form = HandoverForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        by = f"member {request.member.user_id}"
        with transaction.atomic():
            made = form.hand_over(lambda target, recipient: hand_over_takeaway(own, target, recipient=recipient, by=by, now=now_ms()))
            if made:
                record(request, "workspace.handed_over", detail={"handover": made.pk, "host": made.host})
        if made:
            return go("console-takeaway", request.workspace.pk)
    crumbs = [(_("Take along"), reverse("console-takeaway", args=[request.workspace.pk]))]
    status = 422 if request.method == "POST" else 200
    return render_page(request, "console/takeaway/handover.html", status=status, form=form, own=own, crumbs=crumbs)


@member_page(Permission.EDIT_WORKSPACE)
def receipt(request: MemberRequest) -> HttpResponse:
    """`?id=`: the signed receipt of a hand-over; without one, to the list."""
    if not request.GET.get("id"):
        return go("console-takeaway", request.workspace.pk)
    try:
        own = find_handover(request.workspace.pk, int(request.GET.get("id", "")[:18] or 0))
    except (HandoverUnknown, ValueError):
        raise Http404 from None
    name = f'attachment; filename="receipt-{own.pk}.json"'
    return HttpResponse(own.receipt, content_type="application/json", headers={"Content-Disposition": name})


def _find(request: MemberRequest, given: str) -> Takeaway:
    try:
        return find_takeaway(request.workspace.pk, UUID(given))
    except (TakeawayUnknown, ValueError):
        raise Http404 from None
