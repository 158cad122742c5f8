"""The page at which an owner follows the deletion of an account or workspace, and gets its certificate; it needs no log-in, which goes too."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from troth.kernel.clock import now_ms, to_minute
from troth.pages.views import public_page
from troth.privacy.compaction.awaiting import await_compaction
from troth.privacy.leaving.links import find_leaving
from troth.privacy.models.leaving import LeavingState


@public_page
@require_safe
def follow_leaving(request: HttpRequest, token: str) -> HttpResponse:
    """How far it is."""
    own = find_leaving(token)
    if own is None:
        raise Http404
    moments = {name: _minute(getattr(own, name)) for name in ("asked_at", "due_at", "deleted_at", "done_at")}
    awaited = await_compaction(now_ms()) if own.state == LeavingState.SEARCHING and own.next_at is None else None
    facts = {"leaving": own, "token": token, "rows": sum(own.records.values()), "states": LeavingState, "awaited": awaited, **moments}
    if awaited:
        facts |= {"begins_at": _minute(awaited.begins_at), "through_at": _minute(awaited.through_at)}
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


def _minute(at: int | None) -> str:
    return to_minute(at) if at else ""
