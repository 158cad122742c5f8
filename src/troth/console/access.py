"""Which workspace a member looks at: only their own, chosen by `?workspace=`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from troth.console.headers import staff_headers
from troth.workspaces.models import Workspace

View = Callable[..., HttpResponse]


def workspaces_of(request: HttpRequest) -> list[Workspace]:
    """The workspaces in which the user is a member, by name."""
    return list(Workspace.objects.filter(member__user=request.user.pk or 0).order_by("name"))


def member_page(view: View) -> Callable[..., HttpResponseBase]:
    """For a view `(request, workspace, …)` of members. Another's workspace is not found, like one that does not exist."""

    @login_required
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        own = workspaces_of(request)
        wanted = request.GET.get("workspace")
        chosen = [workspace for workspace in own if wanted is None or str(workspace.pk) == wanted]
        if not own:
            return render(request, "console/no_workspace.html", status=403)
        if not chosen:
            raise Http404
        return view(request, chosen[0], *args, **kwargs)

    @wraps(view)
    def with_headers(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return staff_headers(answer(request, *args, **kwargs))

    return with_headers
