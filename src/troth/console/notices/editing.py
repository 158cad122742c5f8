"""Writing a notice: what it is, and its draft in one language beside what it lacks and how it looks."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.consent.models import Notice
from troth.consent.notices import NoticeInvalid, NoticeUnknown, find_faults, find_notice, is_language, save_draft, save_notice
from troth.console.access import MemberRequest, member_page, record
from troth.console.notices.forms import WORDS, NoticeForm, read_draft, seal_of
from troth.console.notices.reading import get_notice, list_boxes, list_statements
from troth.console.shell import render_fragment, render_page
from troth.kernel.errors import TrothError
from troth.workspaces.roles import Permission

EMPTY: dict[str, Any] = {"text": "", "says": {}}


@member_page(Permission.MANAGE_NOTICES, methods=("GET", "POST"))
def new(request: MemberRequest) -> HttpResponseBase:
    """A notice that is not there yet; then its draft."""
    workspace_id = request.workspace.pk
    if request.method != "POST":
        return _ask(request, NoticeForm(workspace_id, is_new=True), None)
    form = NoticeForm(workspace_id, request.POST, is_new=True)
    if form.is_valid():
        key = form.cleaned_data["key"]
        try:
            _refuse_taken(workspace_id, key)
            with transaction.atomic():
                save_notice(workspace_id, key, title=form.cleaned_data["title"], purposes=form.cleaned_data["purposes"])
                record(request, "notice.created", detail={"notice": key})
        except NoticeInvalid as error:
            form.add_error("key", str(error).removeprefix("$.key: "))
        else:
            return _go("console-notice-edit", workspace_id, key)
    return _ask(request, form, None, status=422)


def _refuse_taken(workspace_id: int, key: str) -> None:
    try:
        find_notice(workspace_id, key)
    except NoticeUnknown:
        return
    raise NoticeInvalid(_("There is a notice of this key: choose another."))


@member_page(Permission.MANAGE_NOTICES, methods=("GET", "POST"))
def about(request: MemberRequest, notice_key: str) -> HttpResponseBase:
    """Its title and purposes; nothing published changes."""
    own = get_notice(request.workspace.pk, notice_key)
    given = {"title": own.title, "purposes": own.purposes}
    if request.method != "POST":
        return _ask(request, NoticeForm(own.workspace_id, initial=given, is_new=False), own)
    form = NoticeForm(own.workspace_id, request.POST, initial=given, is_new=False)
    if not form.is_valid():
        return _ask(request, form, own, status=422)
    with transaction.atomic():
        save_notice(own.workspace_id, own.key, title=form.cleaned_data["title"], purposes=form.cleaned_data["purposes"])
        record(request, "notice.edited", detail={"notice": own.key})
    messages.success(request, _("Saved. What was published stays as it is."))
    return _go("console-notice", own.workspace_id, own.key)


def _ask(request: MemberRequest, form: NoticeForm, own: Notice | None, status: int = 200) -> HttpResponse:
    return render_page(request, "console/notices/about.html", status=status, form=form, notice=own)


@member_page(Permission.MANAGE_NOTICES, methods=("GET", "POST"))
def edit(request: MemberRequest, notice_key: str) -> HttpResponseBase:
    """The draft in `?language=`; one that is not there yet begins empty."""
    own = get_notice(request.workspace.pk, notice_key)
    asked = (request.POST if request.method == "POST" else request.GET).get("language", "").strip()
    language = asked or min(own.drafts, default="en")
    if not is_language(language):
        messages.error(request, _("A language is written as en, de or pt-BR (BCP 47)."))
        return _go("console-notice-edit", own.workspace_id, own.key)
    kept = own.drafts.get(language)
    if request.method != "POST":
        return _show(request, own, language, kept or EMPTY, seal_of(kept))
    draft, seen = read_draft(request.POST.dict()), request.POST.get("seen", "")
    if seen != seal_of(kept):
        problem = _("Somebody else saved this draft meanwhile. Copy what you wrote, open it anew, and join both.")
        return _show(request, own, language, draft, seen, problem=problem, status=409)
    try:
        with transaction.atomic():
            saved = save_draft(own.workspace_id, own.key, language, text=draft["text"], says=draft["says"])
            record(request, "notice.edited", detail={"notice": own.key, "language": language})
    except TrothError as error:
        return _show(request, own, language, draft, seen, problem=str(error).partition(": ")[2] or str(error), status=422)
    if request.POST.get("do") == "publish" and not find_faults(saved):
        return _go("console-notice-publish", own.workspace_id, own.key)
    messages.success(request, _("The draft is saved. What was published stays as it is."))
    return _go("console-notice", own.workspace_id, own.key, f"?language={language}")


def _show(
    request: MemberRequest, own: Notice, language: str, draft: dict[str, Any], seen: str, *, problem: str = "", status: int = 200
) -> HttpResponse:
    place = reverse("console-notice-edit", args=[own.workspace_id, own.key])
    languages = sorted({*own.drafts, language})
    statements = list_statements(own.workspace_id, own.purposes, draft["says"])
    return render_page(
        request,
        "console/notices/edit.html",
        status=status,
        notice=own,
        language=language,
        draft=draft,
        seen=seen,
        problem=problem,
        crumbs=[
            (_("Notices"), reverse("console-notices", args=[own.workspace_id])),
            (own.title, reverse("console-notice", args=[own.workspace_id, own.key])),
        ],
        tabs=[(name, f"{place}?language={name}", name == language) for name in languages],
        is_kept=language in own.drafts,
        statements=[(*WORDS[one.name], one) for one in statements],
        says_more=any(one.words for one in statements if one.need == "may"),
        **_judge(own, language, draft),
    )


@member_page(Permission.MANAGE_NOTICES, methods=("POST",))
def check(request: MemberRequest, notice_key: str) -> HttpResponse:
    """What the draft lacks as it stands in the form, and how it looks; nothing is kept."""
    own = get_notice(request.workspace.pk, notice_key)
    language = request.POST.get("language", "")[:35]
    return render_fragment(
        request, "console/notices/checked.html", language=language, **_judge(own, language, read_draft(request.POST.dict()))
    )


def _judge(own: Notice, language: str, draft: dict[str, Any]) -> dict[str, Any]:
    tried = Notice(workspace_id=own.workspace_id, key=own.key, purposes=own.purposes, drafts={language: draft})
    faults = find_faults(tried)
    return {
        "faults": [*faults.get("", []), *faults.get(language, [])] if language else faults.get("", []),
        "text": draft["text"],
        "boxes": list_boxes(own.workspace_id, own.purposes, language),
    }


def _go(name: str, workspace_id: int, key: str, query: str = "") -> HttpResponse:
    response = redirect(reverse(name, args=[workspace_id, key]) + query)
    response.status_code = 303
    return response
