"""The list of people, and the page of one."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.consent.catalog import load_catalog
from troth.console.access import MemberRequest, member_page
from troth.console.asking import FilterInvalid, keep, read_numbers
from troth.console.people.filtering import NAMES, Filters, read_filters
from troth.console.people.listing import Page, read_page, search
from troth.console.people.reading import PersonDetail, read_person
from troth.console.people.timeline import KINDS, Cursor, read_timeline
from troth.console.shell import preferences, render_fragment, render_page
from troth.kernel.clock import now_ms
from troth.kernel.personal_data import Subject
from troth.people.lookup import PersonNotFound, load_person
from troth.workspaces.roles import Permission

DEFAULT_COLUMNS = ("external_id", "created")
COLUMNS = ("external_id", "email", "phone", "created", "updated", "tags")
MOST_COLUMNS = 12


@member_page(Permission.SEE_PEOPLE, audit="people.list")
def people(request: MemberRequest) -> HttpResponse:
    """`?q=` searches identifiers; else the filters of `filtering`, `?sort=created|-created`, `?columns=`, `?after=`."""
    asked, problem, page = request.GET, "", Page([])
    text = asked.get("q", "").strip()[:320]
    oldest_first = asked.get("sort") == "created"
    try:
        filters = read_filters(asked.dict(), preferences(request)["zone"])
    except FilterInvalid as invalid:
        filters, problem = Filters(), str(invalid)
    else:
        if text:
            page = Page(search(request.workspace.pk, text))
        else:
            page = read_page(request.workspace.pk, filters, after=read_numbers(asked.get("after", ""), 3), oldest_first=oldest_first)
    request.shown = [row.person_id for row in page.rows]
    columns = _columns(asked.get("columns", ""))
    seen = sorted({name for row in page.rows for name in row.attributes})
    return render_page(
        request,
        "console/people/people.html",
        page=page,
        rows=[(row, [(column, _cell(row, column)) for column in columns]) for row in page.rows],
        problem=problem,
        text=text,
        asked={name: asked.get(name, "") for name in NAMES},
        columns=columns,
        choices=[*COLUMNS, *(name for name in seen if name not in COLUMNS)][:40],
        sort="created" if oldest_first else "-created",
        base=f"?{keep(asked, 'sort', 'after')}",
        older=f"?{keep(asked, 'after', after='-'.join(map(str, page.older)))}" if page.older else "",
        newest=f"?{keep(asked, 'after')}" if asked.get("after") else "",
        narrowed=filters.narrows or bool(text),
        purposes=[("", _("Any purpose")), *((rule.key, rule.name) for rule in load_catalog(request.workspace.pk).purposes.values())],
        standings=[("granted", _("granted")), ("refused", _("refused")), ("none", _("not asked"))],
        operations=[("is", _("is")), ("contains", _("contains")), ("is_set", _("is set"))],
        kinds=[
            ("", _("Anything")),
            ("email", _("an e-mail")),
            ("phone", _("a phone")),
            ("device", _("a device")),
            ("external_id", _("an id")),
        ],
    )


def _columns(text: str) -> list[str]:
    """The columns of an address, in its order, each once."""
    return list(dict.fromkeys(name for name in text.split(",") if name))[:MOST_COLUMNS] or list(DEFAULT_COLUMNS)


def _cell(row: Any, column: str) -> tuple[str, Any]:
    """How a cell is written, and its value."""
    if column in ("created", "updated"):
        return "moment", row.created_at if column == "created" else row.updated_at
    if column == "tags":
        return "tags", row.tags
    return "value", row.handles.get(column) if column in COLUMNS else row.attributes.get(column)


@member_page(Permission.SEE_PEOPLE, audit="person.read")
def person(request: MemberRequest, person_id: int) -> HttpResponse:
    """One person: who they are, where they stand, what happened."""
    subject = Subject(request.workspace.pk, person_id)
    try:
        detail = read_person(subject, now_ms())
    except PersonNotFound:
        raise Http404 from None
    return render_page(
        request,
        "console/people/person.html",
        detail=detail,
        crumbs=[(_("People"), reverse("console-people", args=[request.workspace.pk]))],
        **_history(request, detail),
    )


@member_page(Permission.SEE_PEOPLE, audit="person.read")
def timeline(request: MemberRequest, person_id: int) -> HttpResponse:
    """More of the history, for the page to append."""
    try:
        found = load_person(Subject(request.workspace.pk, person_id))
    except PersonNotFound:
        raise Http404 from None
    return render_fragment(request, "console/people/timeline.html", **_page_of(request, found))


def _history(request: MemberRequest, detail: PersonDetail) -> dict[str, Any]:
    kind = request.GET.get("kind", "")
    address = f"/console/{request.workspace.pk}/people/{detail.person.person_id}"
    words = {"": _("All"), "events": _("Events"), "messages": _("Messages"), "decisions": _("Decisions"), "changes": _("Changes")}
    tabs = [(says, f"{address}?kind={one}" if one else address, kind == one) for one, says in words.items()]
    return {"tabs": tabs, **_page_of(request, detail.person)}


def _page_of(request: MemberRequest, found: Any) -> dict[str, Any]:
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    name = request.GET.get("event", "").strip()[:255]
    history = read_timeline(found, Cursor.read(request.GET.get("before", "")), kind=kind, event_name=name)
    older = ""
    if history.older:
        older = f"?{keep(request.GET, 'before', before=history.older.write())}"
    return {"history": history, "older": older, "event_name": name, "person_id": found.person_id}
