"""Audit: the log of what members did, filtered, page by page or as a file. Reading it is written to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page, record
from troth.console.asking import FilterInvalid, is_number, keep
from troth.console.audit.exporting import write_csv, write_ndjson
from troth.console.audit.filtering import Filters, read_filters
from troth.console.audit.reading import describe_entries, list_members
from troth.console.shell import preferences, render_page
from troth.kernel.clock import iso, now_ms
from troth.workspaces.audit import ACTIONS, NOBODY, read_entries, stream_entries
from troth.workspaces.models import AuditEntry
from troth.workspaces.roles import Permission

SHOWN = 50


@member_page(Permission.SEE_AUDIT)
def audit(request: MemberRequest) -> HttpResponse:
    """`?member=&action=&person=&from=&to=&before=`, the newest first. Written down with the person asked for, so that they are told as well."""
    asked, workspace_id = request.GET, request.workspace.pk
    before, problem, entries = asked.get("before", ""), "", []
    try:
        filters = read_filters(asked, workspace_id, preferences(request)["zone"])
    except FilterInvalid as invalid:
        problem = str(invalid)
    else:
        entries = read_entries(workspace_id, **filters.as_arguments(), before=int(before) if is_number(before) else None, limit=SHOWN + 1)
        _write_down(request, "audit.read", filters, entries=min(len(entries), SHOWN))
    kept = keep(asked, "before")
    return render_page(
        request,
        "console/audit/audit.html",
        rows=describe_entries(entries[:SHOWN]),
        problem=problem,
        asked={name: asked.get(name, "") for name in ("member", "action", "person", "from", "to")},
        members=[("", _("Anybody")), *list_members(workspace_id)],
        actions=[("", _("Anything")), *((action, _(says)) for action, says in ACTIONS.items())],
        kept=kept,
        newest=f"?{kept}" if is_number(before) else "",
        older=f"?{keep(asked, 'before', before=str(entries[SHOWN - 1].entry_id))}" if len(entries) > SHOWN else "",
    )


@member_page(Permission.EXPORT_AUDIT)
def export_csv(request: MemberRequest) -> HttpResponseBase:
    """The filtered log for a spreadsheet."""
    return _export(request, "csv", "text/csv; charset=utf-8", write_csv)


@member_page(Permission.EXPORT_AUDIT)
def export_ndjson(request: MemberRequest) -> HttpResponseBase:
    """The filtered log for programs: a JSON object per line."""
    return _export(request, "ndjson", "application/x-ndjson", write_ndjson)


def _export(request: MemberRequest, form: str, kind: str, write: Callable[[Iterable[AuditEntry]], Iterator[str]]) -> HttpResponseBase:
    try:
        filters = read_filters(request.GET, request.workspace.pk, preferences(request)["zone"])
    except FilterInvalid as invalid:
        return HttpResponse(str(invalid), status=400, content_type="text/plain; charset=utf-8")
    if request.method != "HEAD":
        _write_down(request, "audit.exported", filters, format=form)
    lines = write(stream_entries(request.workspace.pk, **filters.as_arguments()))
    name = f"audit-{request.workspace.pk}-{iso(now_ms())[:10]}.{form}"
    return StreamingHttpResponse(lines, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _write_down(request: MemberRequest, action: str, filters: Filters, **detail: str | int) -> None:
    record(
        request,
        action,
        person_id=filters.person_id or NOBODY,
        detail={**detail, **({"filters": names} if (names := ", ".join(filters.names())) else {})},
    )
