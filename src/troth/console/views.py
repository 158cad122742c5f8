"""The pages of the console for members."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from troth.console import reading
from troth.console.access import member_page, workspaces_of
from troth.console.headers import BODY_POLICY
from troth.kernel.personal_data import Subject
from troth.people.lookup import PersonNotFound
from troth.workspaces.models import Workspace


@member_page
def overview(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """The latest messages, events and people."""
    return _page(
        request,
        workspace,
        "overview.html",
        figures=reading.read_figures(workspace.pk),
        messages=reading.read_latest_messages(workspace.pk),
        events=reading.read_latest_events(workspace.pk),
        people=reading.read_latest_people(workspace.pk),
    )


@member_page
def person(request: HttpRequest, workspace: Workspace, person_id: int) -> HttpResponse:
    """One person."""
    try:
        detail = reading.read_person(Subject(workspace.pk, person_id))
    except PersonNotFound:
        raise Http404 from None
    return _page(request, workspace, "person.html", detail=detail)


@member_page
def message(request: HttpRequest, workspace: Workspace, message_id: int) -> HttpResponse:
    """One message: its body, and the decisions that led there."""
    found = reading.find_message(workspace.pk, message_id)
    if found is None:
        raise Http404
    return _page(request, workspace, "message.html", message=found, row=reading.describe_message(found))


@member_page
def message_body(request: HttpRequest, workspace: Workspace, message_id: int) -> HttpResponse:
    """The HTML part alone, for a frame: sandboxed by its own policy, wherever it is opened."""
    found = reading.find_message(workspace.pk, message_id)
    if found is None or not found.rendered:
        raise Http404
    response = HttpResponse(found.rendered.get("html", ""), content_type="text/html; charset=utf-8")
    response["Content-Security-Policy"] = BODY_POLICY
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _page(request: HttpRequest, workspace: Workspace, template: str, **facts: object) -> HttpResponse:
    return render(request, f"console/{template}", {"workspace": workspace, "workspaces": workspaces_of(request), **facts})
