"""Requests of people who are not on file: taken, and looked for again by one datum more."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page, record
from troth.console.asking import FilterInvalid, read_day
from troth.console.desk.reading import objectable
from troth.console.desk.views import way
from troth.console.desk.wording import name_rights
from troth.console.shell import preferences, render_page
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.privacy.desk.requesters import look_again, take_request
from troth.privacy.history import By
from troth.privacy.models import PrivacyRequest, RequestType
from troth.workspaces.audit import NOBODY
from troth.workspaces.roles import Permission

LANGUAGES = [("", "–"), ("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("es", "Español")]
TOLD = {"email": 320, "phone": 40, "external_id": 255}
"""By what somebody is looked for, and how long it can be."""


@member_page(Permission.EXERCISE_RIGHTS, methods=("GET", "POST"))
def take(request: MemberRequest) -> HttpResponseBase:
    """Take a request of whoever it may be."""
    said, problem = request.POST, ""
    if request.method == "POST":
        try:
            made = take_request(
                request.workspace.pk,
                RequestType(said.get("type", "")),
                told=_read_told(request),
                address=said.get("address", "").strip()[:320],
                by=_by(request),
                now=now_ms(),
                received_at=read_day(said.get("received", ""), preferences(request)["zone"]),
                language=said.get("language", "")[:10],
                words=said.get("words", "").strip()[:20_000],
                purposes=said.getlist("purpose") or None,
            )
            record(request, "request.opened", person_id=made.person_id or NOBODY, detail={"right": made.type})
        except ValueError:
            problem = _("Choose what the person wants.")
        except (FilterInvalid, TrothError) as error:
            problem = str(error)
        else:
            found = _("The request is taken. It leads to somebody on file: check who asks.")
            messages.success(request, found if made.person_id else _("The request is taken. Nobody on file was found."))
            return redirect("console-request", request.workspace.pk, made.pk)
    return render_page(
        request,
        "console/desk/unknown.html",
        status=422 if problem else 200,
        problem=problem,
        said=said,
        types=name_rights(),
        languages=LANGUAGES,
        purposes=objectable(request.workspace.pk),
        crumbs=way(request),
    )


def look(request: MemberRequest, found: PrivacyRequest) -> HttpResponseBase:
    """Look again for whoever asks."""
    problem = ""
    if request.method == "POST":
        try:
            is_found = look_again(found, _read_told(request), by=_by(request), now=now_ms())
            record(request, "request.step", person_id=found.person_id or NOBODY, detail={"step": "look", "request": str(found.pk)})
        except TrothError as error:
            problem = str(error)
        else:
            messages.success(request, _("Somebody on file was found. Now check who asks.") if is_found else _("Nobody on file was found."))
            return redirect("console-request", request.workspace.pk, found.pk)
    return render_page(
        request, "console/desk/look.html", status=422 if problem else 200, problem=problem, found=found, crumbs=way(request, found)
    )


def _read_told(request: MemberRequest) -> dict[str, str]:
    told = {kind: request.POST.get(kind, "").strip()[:longest] for kind, longest in TOLD.items()}
    return {kind: value for kind, value in told.items() if value}


def _by(request: MemberRequest) -> By:
    return By("console", int(request.user.pk or 0), request.member.role)
