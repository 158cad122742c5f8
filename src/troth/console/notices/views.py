"""The list of notices with the declared page, one notice, and one of its versions with what changed."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.consent.declaring import read_setting
from troth.consent.notices import diff_versions, find_faults, list_notice_versions
from troth.console.access import MemberRequest, member_page
from troth.console.asking import is_number
from troth.console.notices.forms import WORDS
from troth.console.notices.reading import (
    describe_notices,
    find_differences,
    get_notice,
    latest_of,
    list_boxes,
    list_statements,
    name_purposes,
    read_published,
)
from troth.console.shell import render_page
from troth.workspaces.roles import Permission


@member_page(Permission.SEE_NOTICES)
def notices(request: MemberRequest) -> HttpResponse:
    """All notices, and what is declared of how the workspace asks."""
    rows = describe_notices(request.workspace.pk)
    setting = read_setting(request.workspace.pk)
    latest = next((row.notice.version for row in rows if row.notice.key == setting.source_notice), 0)
    return render_page(
        request,
        "console/notices/notices.html",
        rows=rows,
        setting=setting,
        newer=latest if latest > setting.source_version else 0,
        has_published=any(row.notice.version for row in rows),
    )


@member_page(Permission.SEE_NOTICES)
def notice(request: MemberRequest, notice_key: str) -> HttpResponse:
    """One notice; `?language=` of the draft that is shown."""
    own = get_notice(request.workspace.pk, notice_key)
    versions = list_notice_versions(own.workspace_id, own.key)
    latest = latest_of(versions, own.version)
    differs = find_differences(own, latest)
    languages = sorted(own.drafts)
    language = request.GET.get("language", "")
    language = language if language in languages else languages[0] if languages else ""
    draft = own.drafts.get(language, {"text": "", "says": {}})
    faults = find_faults(own)
    return render_page(
        request,
        "console/notices/notice.html",
        notice=own,
        crumbs=[(_("Notices"), reverse("console-notices", args=[own.workspace_id]))],
        purposes=name_purposes(own.workspace_id, own.purposes),
        tabs=[(name, f"?language={name}", name == language) for name in languages],
        language=language,
        text=draft["text"],
        statements=[(WORDS[one.name][0], one) for one in list_statements(own.workspace_id, own.purposes, draft["says"]) if one.words],
        boxes=list_boxes(own.workspace_id, own.purposes, language),
        faults=[*faults.get("", []), *faults.get(language, [])],
        other_faults=sorted(name for name in faults if name and name != language),
        can_publish=not faults and bool(differs),
        differs=differs,
        versions=versions,
        published_at=next((one.published_at for one in versions), None),
        is_source=read_setting(own.workspace_id).source_notice == own.key,
    )


@member_page(Permission.SEE_NOTICES)
def version(request: MemberRequest, notice_key: str, version: int) -> HttpResponse:
    """What was published; `?language=&with=`: in which language, and the version to compare with (the one before, when left out)."""
    own = get_notice(request.workspace.pk, notice_key)
    shown, text = read_published(own.workspace_id, own.key, version, request.GET.get("language", ""))
    versions = list_notice_versions(own.workspace_id, own.key)
    others = [one.version for one in versions if one.language == shown.language and one.version != shown.version]
    asked = request.GET.get("with", "")
    if asked and not (is_number(asked) and int(asked) in others):
        raise Http404
    other = int(asked) if asked else next((number for number in others if number < shown.version), 0)
    lines = diff_versions(own.workspace_id, own.key, shown.language, *sorted((other, shown.version))) if other else []
    return render_page(
        request,
        "console/notices/version.html",
        notice=own,
        shown=shown,
        text=text,
        crumbs=[
            (_("Notices"), reverse("console-notices", args=[own.workspace_id])),
            (own.title, reverse("console-notice", args=[own.workspace_id, own.key])),
        ],
        tabs=[(one.language, f"?language={one.language}", one.language == shown.language) for one in versions if one.version == version],
        boxes=list_boxes(own.workspace_id, list(shown.purposes), shown.language),
        purposes=list(zip(name_purposes(own.workspace_id, list(shown.purposes)), shown.purposes.values(), strict=True)),
        statements=[(WORDS[name][0], words) for name, words in shown.says.items() if name in WORDS],
        others=[(number, _("Version %(number)d") % {"number": number}) for number in others],
        other=other,
        lines=[(line[0].strip(), line[2:]) for line in lines],
        has_changes=any(line[0] in "+-" for line in lines),
    )
