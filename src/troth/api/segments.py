"""Segments: keep them, count a draft, list members, and ask why somebody is in or not."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router, Status

from troth.api.access import READ_PEOPLE, WRITE_CAMPAIGNS, workspace_of
from troth.api.cursors import read_cursor, write_cursor
from troth.api.persons import resolve
from troth.api.schemas import Cursor, Limit, PersonRef, problems
from troth.api.segment_schemas import (
    ExplainedOut,
    FreshnessOut,
    LeftOutOut,
    MemberOut,
    MembersPage,
    PreviewOut,
    SegmentDraftIn,
    SegmentIn,
    SegmentOut,
    SegmentPatch,
    SegmentReadingOut,
    SizeOut,
    VerdictOut,
    VersionOut,
    WhyOut,
)
from troth.consent.catalog import load_catalog
from troth.kernel.clock import HOUR, iso, now_ms
from troth.segments.evaluate import Explained
from troth.segments.looking import explain_membership, preview, read_freshness, read_history
from troth.segments.membership import list_members
from troth.segments.models import Segment, SegmentVersion
from troth.segments.purpose_checking import find_readings
from troth.segments.registry import (
    archive_segment,
    check_segment,
    create_segment,
    get_segment,
    get_version,
    list_segments,
    restore_version,
    update_segment,
)

router = Router(tags=["segments"])
BY_API = "api"


@router.get("/segments", auth=WRITE_CAMPAIGNS, response={200: list[SegmentOut], **problems()})
def list_all(request: HttpRequest, archived: bool = False) -> list[SegmentOut]:
    """The segments of the workspace by name; the archived ones instead, if asked for."""
    now = now_ms()
    return [show_segment(row, now) for row in list_segments(workspace_of(request), archived=archived)]


@router.post("/segments", auth=WRITE_CAMPAIGNS, response={201: SegmentOut, **problems()})
def create(request: HttpRequest, segment: SegmentIn) -> Status[SegmentOut]:
    """A segment, computed from now on. A fault in the definition is answered with its JSON path; so is data collected for another purpose."""
    return Status(201, show_segment(create_segment(workspace_of(request), author=BY_API, **segment.dict()), now_ms()))


@router.post("/segments/preview", auth=WRITE_CAMPAIGNS, response={200: PreviewOut, **problems()})
def preview_draft(request: HttpRequest, draft: SegmentDraftIn) -> PreviewOut:
    """How many people a definition would choose now, and how many are left out for which reason; nothing is kept."""
    return count_draft(workspace_of(request), draft)


@router.get("/segments/{segment_id}", auth=WRITE_CAMPAIGNS, response={200: SegmentOut, **problems(404)})
def get_one(request: HttpRequest, segment_id: int) -> SegmentOut:
    """One segment."""
    return show_segment(get_segment(workspace_of(request), segment_id), now_ms())


@router.patch("/segments/{segment_id}", auth=WRITE_CAMPAIGNS, response={200: SegmentOut, **problems(404)})
def update(request: HttpRequest, segment_id: int, segment: SegmentPatch) -> SegmentOut:
    """Change it: a new version, computed anew."""
    row = get_segment(workspace_of(request), segment_id)
    return show_segment(update_segment(row, author=BY_API, **segment.dict(exclude_unset=True)), now_ms())


@router.post("/segments/{segment_id}/archive", auth=WRITE_CAMPAIGNS, response={200: SegmentOut, **problems(404)})
def archive(request: HttpRequest, segment_id: int) -> SegmentOut:
    """Compute it no more, and forget who was in it."""
    return show_segment(archive_segment(get_segment(workspace_of(request), segment_id)), now_ms())


@router.post("/segments/{segment_id}/restore", auth=WRITE_CAMPAIGNS, response={200: SegmentOut, **problems(404)})
def restore(request: HttpRequest, segment_id: int) -> SegmentOut:
    """Take it up again."""
    return show_segment(archive_segment(get_segment(workspace_of(request), segment_id), archived=False), now_ms())


@router.get("/segments/{segment_id}/members", auth=READ_PEOPLE, response={200: MembersPage, **problems(404)})
def members(request: HttpRequest, segment_id: int, cursor: Cursor = None, limit: Limit = 50) -> MembersPage:
    """Who is in it, in a stable order: a walk to the end meets everybody who stays."""
    row = get_segment(workspace_of(request), segment_id)
    position = read_cursor(cursor, 1)
    found = list_members(row, after=position[0] if position else None, limit=limit + 1)
    items = [MemberOut(id=str(person_id), since=iso(since)) for person_id, since in found[:limit]]
    return MembersPage(items=items, next_cursor=write_cursor(found[limit - 1][0]) if len(found) > limit else None)


@router.get("/segments/{segment_id}/members/{person}", auth=READ_PEOPLE, response={200: WhyOut, **problems(404, 409)})
def why(request: HttpRequest, segment_id: int, person: PersonRef) -> WhyOut:
    """Why a person is in it, or not: what the gate says, and each condition with the values and events that decided it."""
    workspace_id = workspace_of(request)
    row = get_segment(workspace_id, segment_id)
    found = explain_membership(row, resolve(workspace_id, person), now_ms())
    return WhyOut(
        is_in=found.is_in,
        since=None if found.since is None else iso(found.since),
        verdicts=[VerdictOut(purpose=one.purpose, allow=one.allow, basis=one.basis, reason=one.reason) for one in found.verdicts],
        conditions=_show_explained(found.tree),
    )


@router.get("/segments/{segment_id}/history", auth=WRITE_CAMPAIGNS, response={200: list[SizeOut], **problems(404)})
def history(request: HttpRequest, segment_id: int, hours: Annotated[int, Query(ge=1, le=2_160)] = 168) -> list[SizeOut]:
    """Its size at the end of each hour, and how many entered and left."""
    row = get_segment(workspace_of(request), segment_id)
    return [
        SizeOut(at=iso((one.hour + 1) * HOUR), size=one.size, entered=one.entered, left=one.left)
        for one in read_history(row, now_ms(), hours)
    ]


@router.get("/segments/{segment_id}/versions", auth=WRITE_CAMPAIGNS, response={200: list[VersionOut], **problems(404)})
def versions(request: HttpRequest, segment_id: int) -> list[VersionOut]:
    """Every version of it, the newest first."""
    row = get_segment(workspace_of(request), segment_id)
    return [_show_version(one) for one in row.versions.order_by("-version")[:200]]


@router.get("/segments/{segment_id}/versions/{version}", auth=WRITE_CAMPAIGNS, response={200: VersionOut, **problems(404)})
def get_one_version(request: HttpRequest, segment_id: int, version: int) -> VersionOut:
    """It as it was saved once."""
    return _show_version(get_version(get_segment(workspace_of(request), segment_id), version))


@router.post("/segments/{segment_id}/versions/{version}/restore", auth=WRITE_CAMPAIGNS, response={200: SegmentOut, **problems(404)})
def restore_one_version(request: HttpRequest, segment_id: int, version: int) -> SegmentOut:
    """Save it as it was in an earlier version, as a new one, and compute that. Refused as a change would be where it cannot be kept any more."""
    row = get_segment(workspace_of(request), segment_id)
    return show_segment(restore_version(row, version, author=BY_API), now_ms())


@router.get("/segments/{segment_id}/readings", auth=WRITE_CAMPAIGNS, response={200: list[SegmentReadingOut], **problems(404)})
def readings(request: HttpRequest, segment_id: int) -> list[SegmentReadingOut]:
    """What it reads, through other segments too, and what each of that is collected for."""
    row = get_segment(workspace_of(request), segment_id)
    found = find_readings(row.definition, row.purpose, row.also_for, load_catalog(row.workspace_id))
    return [
        SegmentReadingOut(
            kind=one.use.datum.kind.value,
            name=one.use.datum.name,
            collected_for=one.use.collected_for,
            covered=one.use.fault is None,
            needs=one.use.needs or None,
            places=one.places,
        )
        for one in found
    ]


def count_draft(workspace_id: int, draft: SegmentDraftIn) -> PreviewOut:
    """Whom a segment would choose now, and who is left out. Raises what keeping it would raise."""
    now = now_ms()
    segment = Segment(workspace_id=workspace_id, name="draft", created_at=now, updated_at=now, **draft.dict())
    check_segment(segment)
    found = preview(segment, now)
    left_out = [LeftOutOut(purpose=one.purpose or None, reason=one.reason, people=one.people) for one in found.left_out]
    return PreviewOut(count=found.count, people=found.people, left_out=left_out)


def _show_version(one: SegmentVersion) -> VersionOut:
    return VersionOut(
        version=one.version,
        name=one.name,
        definition=one.definition,
        purpose=one.purpose,
        also_for=one.also_for,
        at=iso(one.at),
        author=one.author,
    )


def _show_explained(found: Explained) -> ExplainedOut:
    return ExplainedOut(
        holds=found.holds, says=found.says, evidence=list(found.evidence), parts=[_show_explained(part) for part in found.parts]
    )


def show_segment(row: Segment, now: int) -> SegmentOut:
    """A segment as the API tells it."""
    fresh = read_freshness(row, now)
    return SegmentOut(
        id=row.pk,
        name=row.name,
        definition=row.definition,
        purpose=row.purpose,
        also_for=row.also_for,
        version=row.version,
        archived=row.archived,
        size=row.progress.size,
        freshness=FreshnessOut(
            computed_through=None if fresh.through is None else iso(fresh.through),
            behind_ms=fresh.behind,
            computing=fresh.computing,
            is_late=fresh.is_late,
        ),
        created_at=iso(row.created_at),
        updated_at=iso(row.updated_at),
    )
