"""The set-up page, and its steps alone, which are asked for until all are done."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse

from troth.console.access import MemberRequest, member_page
from troth.console.setup.reading import read_progress
from troth.console.setup.snippets import SNIPPETS, find_snippet
from troth.console.shell import render_fragment, render_page
from troth.workspaces.models import User
from troth.workspaces.roles import Permission


@member_page(Permission.SEE_SETTINGS)
def setup(request: MemberRequest) -> HttpResponse:
    """The steps, and a program to copy; `?client=` says for which library."""
    chosen = find_snippet(request.GET.get("client", ""))
    return render_page(
        request,
        "console/setup/setup.html",
        snippet=chosen,
        text=chosen.written_for(settings.TROTH_URL),
        clients=[(one.name, f"?client={one.code}", one is chosen) for one in SNIPPETS],
        **_progress(request),
    )


@member_page(Permission.SEE_SETTINGS)
def steps(request: MemberRequest) -> HttpResponse:
    """The steps alone."""
    return render_fragment(request, "console/setup/steps.html", **_progress(request))


def _progress(request: MemberRequest) -> dict[str, Any]:
    return {"progress": read_progress(request.workspace, User.objects.get(pk=request.member.user_id))}
