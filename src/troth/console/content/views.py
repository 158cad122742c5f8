"""The list of templates, one template with what was found in it, and one of its versions with what changed."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page
from troth.console.asking import is_number
from troth.console.content.reading import (
    ICONS,
    describe_versions,
    get_piece,
    get_version,
    list_campaigns_with,
    list_pieces,
    list_sources,
    moment_of,
)
from troth.console.shell import render_page
from troth.content.checking import check_piece
from troth.content.comparing import compare
from troth.content.library import find_users, has_changes, languages_in, written_in, written_of
from troth.content.models import Kind
from troth.workspaces.roles import Permission


@member_page(Permission.SEE_CAMPAIGNS)
def templates(request: MemberRequest) -> HttpResponse:
    """`?kind=&q=`, by name."""
    kind = request.GET.get("kind", "") if request.GET.get("kind", "") in Kind.values else ""
    text = request.GET.get("q", "").strip().replace("\0", "")[:200]
    return render_page(
        request,
        "console/content/templates.html",
        rows=list_pieces(request.workspace.pk, kind=kind, text=text),
        kinds=[("", _("Any")), *((value, label) for value, label in Kind.choices)],
        new=[(value, label, ICONS[Kind(value)]) for value, label in Kind.choices],
        kind=kind,
        text=text,
        is_filtered=bool(kind or text),
    )


@member_page(Permission.SEE_CAMPAIGNS)
def template(request: MemberRequest, template_key: str) -> HttpResponse:
    """One template; `?language=` of the draft that is shown."""
    own = get_piece(request.workspace.pk, template_key)
    languages = languages_in(own)
    language = request.GET.get("language", "")
    language = language if language in languages else own.language
    findings = check_piece(own)
    return render_page(
        request,
        "console/content/template.html",
        piece=own,
        crumbs=[(_("Templates"), reverse("console-templates", args=[own.workspace_id]))],
        tabs=[(name, f"?language={name}", name == language) for name in languages],
        language=language,
        sources=list_sources(written_of(own), language),
        findings=findings,
        errors=sum(finding.is_error for finding in findings),
        changed=has_changes(own),
        versions=describe_versions(own),
        campaigns=list_campaigns_with(own),
        users=find_users(own),
        updated_at=moment_of(own.updated_at),
    )


@member_page(Permission.SEE_CAMPAIGNS)
def version(request: MemberRequest, template_key: str, version: int) -> HttpResponse:
    """What was published; `?language=&with=`: in which language, and the version to compare with (the one before, when left out)."""
    own = get_piece(request.workspace.pk, template_key)
    shown = get_version(own, version)
    written = written_in(shown)
    languages = [written.language, *sorted(set(written.parts) - {written.language})]
    language = request.GET.get("language", "")
    language = language if language in languages else written.language
    others = [row.number for row in describe_versions(own) if row.number != version]
    asked = request.GET.get("with", "")
    if asked and not (is_number(asked) and int(asked) in (0, *others)):
        raise Http404
    other = int(asked) if asked else next((number for number in others if number < version), 0)
    with_draft = asked == "0" or not other
    compared = (
        (written, written_of(own)) if with_draft else tuple(written_in(get_version(own, number)) for number in sorted((other, version)))
    )
    changes = compare(*compared)
    return render_page(
        request,
        "console/content/version.html",
        piece=own,
        number=version,
        crumbs=[
            (_("Templates"), reverse("console-templates", args=[own.workspace_id])),
            (own.name, reverse("console-template", args=[own.workspace_id, own.key])),
        ],
        tabs=[(name, f"?language={name}", name == language) for name in languages],
        language=language,
        sources=list_sources(written, language),
        used=sorted(shown.written.get("used", {}).items()),
        at=moment_of(shown.created_at),
        others=[("0", _("The draft")), *((number, _("Version %(number)d") % {"number": number}) for number in others)],
        other=0 if with_draft else other,
        changes=[(name, [_show_line(line) for line in lines]) for name, lines in changes.items()],
    )


def _show_line(line: str) -> tuple[str, str]:
    """Sign and words; where lines are left out between two changes, dots."""
    return ("", "⋯") if line.startswith("@@") else (line[0].strip(), line[1:])
