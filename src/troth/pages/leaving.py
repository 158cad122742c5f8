"""The page at which an owner follows the deletion of an account or workspace, and gets its certificate; it needs no log-in, which goes too."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from troth.kernel.clock import iso
from troth.pages.views import public_page
from troth.privacy.leaving.links import find_leaving
from troth.privacy.models.leaving import LeavingState


@public_page
@require_safe
def follow_leaving(request: HttpRequest, token: str) -> HttpResponse:
    """How far it is."""
    own = find_leaving(token)
    if own is None:
        raise Http404
    moments = {
        name: iso(at)[:16].replace("T", " ") if (at := getattr(own, name)) else ""
        for name in ("asked_at", "due_at", "deleted_at", "done_at")
    }
    facts = {"leaving": own, "token": token, "rows": sum(own.records.values()), "states": LeavingState, **moments}
    return render(request, "pages/leaving.html", facts)


@public_page
@require_safe
def leaving_certificate(request: HttpRequest, token: str) -> HttpResponse:
    """The certificate as a file, once there is one."""
    own = find_leaving(token)
    if own is None or not own.certificate:
        raise Http404
    name = f'attachment; filename="deletion-{own.pk}.json"'
    return HttpResponse(own.certificate, content_type="application/json", headers={"Content-Disposition": name})
