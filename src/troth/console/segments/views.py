"""Segments: the list, one with its people, its growth and who is left out, and why somebody is in or not."""

from __future__ import annotations

import json

from django.http import HttpResponse
from django.utils.translation import gettext as _

from troth.consent.catalog import load_catalog
from troth.console.access import MemberRequest, member_page
from troth.console.segments.reading import SPANS, draw_size, find_segment, list_rows, name_people, name_purpose, tell_left_out, tell_reason
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.people.lookup import PersonNotFound, find_person
from troth.segments.evaluate import describe
from troth.segments.live import make_live
from troth.segments.looking import count_left_out, explain_membership, read_freshness
from troth.segments.membership import list_members
from troth.segments.purpose_checking import find_readings, find_uncovered
from troth.segments.registry import find_dependents
from troth.workspaces.roles import Permission

SHOWN = 50


@member_page(Permission.SEE_CAMPAIGNS)
def segments(request: MemberRequest) -> HttpResponse:
    """By name; `?archived=1`: those that are computed no more."""
    archived = request.GET.get("archived") == "1"
    rows = list_rows(request.workspace.pk, now_ms(), archived=archived)
    return render_page(request, "console/segments/segments.html", rows=rows, archived=archived)


@member_page(Permission.SEE_CAMPAIGNS)
def segment(request: MemberRequest, segment_id: int) -> HttpResponse:
    """One segment; `?span=` chooses what its chart covers."""
    own, now = find_segment(request.workspace.pk, segment_id), now_ms()
    asked = request.GET.get("span", "")
    span = asked if asked in SPANS else "week"
    chart, entered, left = draw_size(own, span, now)
    catalog = load_catalog(own.workspace_id)
    return render_page(
        request,
        "console/segments/segment.html",
        segment=own,
        size=own.progress.size,
        freshness=read_freshness(own, now),
        tree=describe(own.definition),
        chart=chart,
        entered=entered,
        left=left,
        spans=[(label, f"?span={key}", key == span) for key, label in (("day", _("Day")), ("week", _("Week")), ("month", _("Month")))],
        left_out=tell_left_out(own.workspace_id, count_left_out(make_live(own), now)),
        purpose=name_purpose(own.workspace_id, own.purpose),
        also_for=[name_purpose(own.workspace_id, key) for key in own.also_for],
        reads=[
            (one.use.datum.name, name_purpose(own.workspace_id, one.use.collected_for))
            for one in find_readings(own.definition, own.purpose, own.also_for, catalog)
        ],
        faults=find_uncovered(own.workspace_id, own.definition, own.purpose, own.also_for),
        dependents=find_dependents(own),
        versions=own.versions.order_by("-version")[:20],
        as_json=json.dumps(own.definition, indent=2, ensure_ascii=False),
    )


@member_page(Permission.SEE_PEOPLE, audit="segment.members")
def members(request: MemberRequest, segment_id: int) -> HttpResponse:
    """Who is in it, a page at a time."""
    own = find_segment(request.workspace.pk, segment_id)
    asked = request.GET.get("after", "")
    after = int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= 19 else None
    found = list_members(own, after=after, limit=SHOWN + 1)
    request.shown = [person_id for person_id, _since in found[:SHOWN]]
    names = name_people(request.shown)
    return render_page(
        request,
        "console/segments/members.html",
        segment=own,
        rows=[(person_id, names[person_id], since) for person_id, since in found[:SHOWN]],
        more=f"?after={found[SHOWN - 1][0]}" if len(found) > SHOWN else "",
        newest=request.path if after is not None else "",
    )


@member_page(Permission.SEE_PEOPLE, audit="segment.why")
def why(request: MemberRequest, segment_id: int) -> HttpResponse:
    """Why somebody is in, or not: `?who=` names them by any identifier."""
    own = find_segment(request.workspace.pk, segment_id)
    who = request.GET.get("who", "").strip()[:1_000]
    found, name = None, ""
    if who:
        try:
            subject = find_person(own.workspace_id, who.replace("\0", ""))
        except PersonNotFound:
            subject = None
        if subject is not None:
            request.about = subject.person_id
            found = explain_membership(own, subject, now_ms())
            name = name_people([subject.person_id])[subject.person_id]
    verdicts = (
        [(name_purpose(own.workspace_id, one.purpose), one.allow, tell_reason(one.reason)) for one in found.verdicts] if found else []
    )
    return render_page(
        request, "console/segments/why.html", segment=own, who=who, why=found, name=name, person_id=request.about, verdicts=verdicts
    )
