"""The glass before persons: what this session has opened, and the page that asks why."""

from __future__ import annotations

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpResponse
from django.urls import reverse

from troth.console.shell import MemberRequest, render_page
from troth.kernel.clock import now_ms
from troth.people.models import Person
from troth.workspaces.glass import OPEN_FOR, Opened, is_closed, is_sensitive, pseudonym
from troth.workspaces.roles import Permission

KEPT = "glass"
SHOWN = 50


def glass_stands(request: MemberRequest, *, audit: str, permission: Permission, person_id: int) -> bool:
    """Whether the page must not be shown yet."""
    if not request.workspace.glass_roles or not is_sensitive(audit=audit, permission=permission, person_id=person_id):
        return False
    return is_closed(
        request.workspace.glass_roles,
        request.member.role,
        opened_in(request.session),
        workspace_id=request.workspace.pk,
        person_id=person_id,
        now=now_ms(),
    )


def open_glass(request: MemberRequest, person_id: int) -> None:
    """For a quarter of an hour, for one person or (0) for all."""
    now = now_ms()
    kept = [one for one in opened_in(request.session) if one[2] > now]
    request.session[KEPT] = [*kept, (request.workspace.pk, person_id, now + OPEN_FOR)]


def opened_in(session: SessionBase) -> list[Opened]:
    """What a session has opened so far, what is over included."""
    return [(int(place), int(whom), int(until)) for place, whom, until in session.get(KEPT, [])]


def ask_why(request: MemberRequest, *, audit: str, person_id: int, fault: str = "", to: str = "") -> HttpResponse:
    """Pseudonyms, and the question why more is needed."""
    newest = Person.objects.filter(workspace_id=request.workspace.pk).order_by("-created_at")
    people = list(newest[:SHOWN]) if audit == "people.list" else []
    return render_page(
        request,
        "console/glass/ask.html",
        status=422 if fault else 403,
        fault=fault,
        to=to or request.get_full_path(),
        person_id=person_id,
        pseudonym=pseudonym(person_id) if person_id else "",
        people=[(pseudonym(one.person_id), one) for one in people],
        action=reverse("console-glass", args=[request.workspace.pk]),
    )
