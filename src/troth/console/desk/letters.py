"""Letters to persons: which are the workspace's own, and writing one with its variables and a preview."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.console.access import MemberRequest, member_page, record
from troth.console.desk.views import way
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.privacy.desk.letter_preview import preview_letter
from troth.privacy.desk.letters import (
    KINDS,
    LANGUAGES,
    Letter,
    LetterInvalid,
    list_own,
    list_versions,
    put_back,
    read_letter,
    save_letter,
    variables_of,
)
from troth.workspaces.roles import Permission

TITLES = {
    "received": later("The request came, and is answered by then"),
    "code": later("A code that shows who asks"),
    "ask_identity": later("Who is asking?"),
    "ask_clarification": later("What exactly is meant?"),
    "extend": later("The answer takes two months more"),
    "refuse": later("Refused"),
    "refuse_unfounded": later("Refused: manifestly unfounded"),
    "refuse_excessive": later("Refused: excessive"),
    "ask_fee": later("A fee is asked for"),
    "announce_lifting": later("A restriction is going to be lifted"),
    "not_identified": later("Not on file: one datum more is asked for"),
    "not_found": later("Not on file: nothing is found"),
    "done_access": later("Answer: access"),
    "done_portability": later("Answer: portability"),
    "done_erasure": later("Answer: erasure"),
    "done_rectification": later("Answer: rectification"),
    "done_rectification_disputed": later("Answer: rectification of what was disputed"),
    "done_restriction": later("Answer: restriction"),
    "done_objection": later("Answer: objection"),
    "done_consent_withdrawal": later("Answer: withdrawal of a consent"),
    "done_human_review": later("Answer: review by a person"),
}
NAMES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español"}


@member_page(Permission.EXERCISE_RIGHTS)
def letters(request: MemberRequest) -> HttpResponse:
    """Every kind of letter, and in which languages the workspace wrote its own."""
    own = list_own(request.workspace.pk)
    rows = [(kind, TITLES[kind], [(code, NAMES[code], own.get((kind, code))) for code in LANGUAGES]) for kind in KINDS]
    return render_page(request, "console/desk/letters.html", rows=rows, crumbs=way(request))


@member_page(Permission.EXERCISE_RIGHTS, methods=("GET", "POST"))
def letter(request: MemberRequest, kind: str, language: str) -> HttpResponseBase:
    """Write a letter: POST keeps it, shows how it would look (`do=preview`), or puts the built-in one back (`do=back`)."""
    if kind not in KINDS or language not in LANGUAGES:
        raise Http404
    workspace_id, now, problem, shown = request.workspace.pk, now_ms(), "", None
    kept = read_letter(workspace_id, kind, language)
    said, do = request.POST, request.POST.get("do", "save")
    subject, text = said.get("subject", kept.subject)[:500], said.get("text", kept.text)[:20_000]
    if request.method == "POST":
        try:
            if do == "preview":
                shown = preview_letter(workspace_id, Letter(kind, language, subject, text.replace("\r\n", "\n").strip()), now)
            elif do == "back":
                put_back(workspace_id, kind, language, user_id=request.member.user_id, now=now)
            else:
                save_letter(workspace_id, kind, language, subject=subject, text=text, user_id=request.member.user_id, now=now)
        except LetterInvalid as error:
            problem = str(error).partition(": ")[2].capitalize()
        if not problem and do != "preview":
            record(request, "letter.put_back" if do == "back" else "letter.saved", detail={"kind": kind, "language": language})
            messages.success(request, _("The built-in letter is sent again.") if do == "back" else _("Saved. It is sent from now on."))
            return redirect("console-letter", workspace_id, kind, language)
    return render_page(
        request,
        "console/desk/letter.html",
        status=422 if problem else 200,
        problem=problem,
        kind=kind,
        language=language,
        title=f"{TITLES[kind]} ({NAMES[language]})",
        subject=subject,
        text=text,
        shown=shown,
        variables=[f"{{{name}}}" for name in variables_of(kind)],
        versions=list_versions(workspace_id, kind, language),
        is_own=kept.version > 0 and any(row.version == kept.version and row.text for row in list_versions(workspace_id, kind, language)),
        crumbs=[*way(request), (_("Letters"), reverse("console-letters", args=[workspace_id]))],
    )
