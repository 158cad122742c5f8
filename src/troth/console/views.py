"""Where a member enters the console."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from troth.console.account.views import log_in
from troth.console.headers import staff_headers
from troth.console.shell import WORKSPACE_COOKIE, render_alone
from troth.kernel.clock import now_ms
from troth.workspaces.login_links import redeem_login_link
from troth.workspaces.models import Workspace


@login_required
def enter(request: HttpRequest) -> HttpResponseBase:
    """On to Home of the workspace last looked at, else of the first by name."""
    own = Workspace.objects.filter(member__user=request.user.pk or 0).order_by("name")
    last = request.COOKIES.get(WORKSPACE_COOKIE, "")
    found = (own.filter(pk=int(last)).first() if last.isascii() and last.isdigit() and len(last) < 19 else None) or own.first()
    if found is None:
        return staff_headers(render_alone(request, "console/no_workspace.html", status=403))
    return staff_headers(redirect(f"/console/{found.pk}/"))


def enter_by_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """Log in by a link of `troth user link`. It works once, is printed only on the server, and so may act on a plain visit."""
    user = redeem_login_link(token, now_ms())
    if user is None:
        return staff_headers(render_alone(request, "console/link_over.html", status=403))
    log_in(request, user)
    return staff_headers(redirect("console"))
