"""Re-permission: who lacks a valid consent and why, and asking them for it once."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field, StringConstraints

from troth.api.access import READ_PEOPLE, WRITE_CAMPAIGNS, workspace_of
from troth.api.cursors import read_cursor, write_cursor
from troth.api.errors import Conflict, NotFound
from troth.api.schemas import Cursor, Input, Limit, PurposeKey, Time, problems
from troth.campaigns.models import Repermission
from troth.campaigns.repermission import (
    LONGEST_SUBJECT,
    RepermissionStateWrong,
    create_repermission,
    edit_repermission,
    find_asked_purpose,
    start_repermission,
    stop_repermission,
)
from troth.campaigns.repermission_figures import (
    consent_purposes,
    count_lacks,
    find_repermission,
    list_lacking,
    list_repermissions,
    read_figures,
)
from troth.consent.catalog import PurposeUnknown
from troth.consent.lacking import MAY_BE_ASKED, Lack
from troth.content.liquid import MAX_SOURCE
from troth.kernel.clock import iso, now_ms

router = Router(tags=["repermission"])
Subject = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_SUBJECT)]
Html = Annotated[
    str,
    StringConstraints(max_length=MAX_SOURCE),
    Field(description="Holds a link to {{ ask_url }}, the person's own page with Yes and No."),
]
NoticeKey = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class RepermissionIn(Input):
    """An asking to draft."""

    purpose: PurposeKey = Field(description="What consent is asked for.")
    notice: NoticeKey = Field(description="A published notice that asks about it: the page shows its text.")
    ground: PurposeKey = Field(
        description="The purpose under which the mail itself may be sent: asking for consent to marketing is marketing."
    )
    subject: Subject
    html: Html


class RepermissionPatch(Input):
    """What to change of a draft."""

    purpose: PurposeKey | None = None
    notice: NoticeKey | None = None
    ground: PurposeKey | None = None
    subject: Subject | None = None
    html: Html | None = None


class AskingFiguresOut(Schema):
    """How it went so far: everybody looked at was either asked or left out."""

    looked_at: int
    asked: int
    reasons: dict[str, int] = Field(description="Those asked, by why their consent was lacking.")
    left_out: dict[str, int] = Field(description="Those not asked, by why not.")
    sent: int
    agreed: int
    declined: int
    exact: bool = Field(description="False: more than 10,000 mails were sent, and the answers to that many were counted.")


class RepermissionOut(Schema):
    """An asking as it stands."""

    id: int
    state: str = Field(description="`draft`, `asking`, `stopped` or `done`.")
    purpose: str
    notice: str
    ground: str
    subject: str
    html: str
    created_at: Time
    started_at: Time | None
    ended_at: Time | None
    figures: AskingFiguresOut


class StandingsOut(Schema):
    """How many stand where on a purpose that rests on consent."""

    purpose: str
    name: str
    given: int
    refused: int = Field(description="Refused, withdrawn or objected: not asked again.")
    lacking: dict[str, int] = Field(description="Those who may be asked, by why their consent does not count.")


class LackingOut(Schema):
    """A person who lacks a valid consent."""

    person_id: str
    reason: Lack


class LackingPage(Schema):
    """Some of those who lack a consent; a page can be short and there are more nevertheless."""

    items: list[LackingOut]
    next_cursor: str | None


@router.get("/consent-standings", auth=READ_PEOPLE, response={200: list[StandingsOut], **problems()})
def list_standings(request: HttpRequest) -> list[StandingsOut]:
    """For each purpose that rests on consent: how many gave it, refused it, or lack it, and why."""
    workspace_id, now = workspace_of(request), now_ms()
    told = []
    for rule in consent_purposes(workspace_id):
        found = count_lacks(workspace_id, rule, now)
        lacking = {lack.value: found[lack] for lack in MAY_BE_ASKED if lack in found}
        given, refused = found.get(Lack.GIVEN, 0), found.get(Lack.REFUSED, 0)
        told.append(StandingsOut(purpose=rule.key, name=rule.name, given=given, refused=refused, lacking=lacking))
    return told


@router.get("/purposes/{purpose_key}/lacking", auth=READ_PEOPLE, response={200: LackingPage, **problems(404)})
def list_people_lacking(
    request: HttpRequest,
    purpose_key: str,
    reason: Annotated[
        Lack | None, Query(description="Only those who stand like this; without it, all whose consent is lacking and may be asked for.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> LackingPage:
    """Who lacks a valid consent to a purpose, and why, the oldest first."""
    workspace_id = workspace_of(request)
    try:
        rule = find_asked_purpose(workspace_id, purpose_key)
    except PurposeUnknown:
        raise NotFound("There is no such purpose in use in this workspace.") from None
    lacks = [reason] if reason else MAY_BE_ASKED
    found, more = list_lacking(workspace_id, rule, lacks, now_ms(), read_cursor(cursor, 3), limit)
    items = [LackingOut(person_id=str(person), reason=lack) for person, lack in found]
    return LackingPage(items=items, next_cursor=write_cursor(*more) if more else None)


@router.get("/repermissions", auth=WRITE_CAMPAIGNS, response={200: list[RepermissionOut], **problems()})
def list_all(request: HttpRequest) -> list[RepermissionOut]:
    """The latest 100 askings, the newest first."""
    return [_show(row) for row in list_repermissions(workspace_of(request))]


@router.post("/repermissions", auth=WRITE_CAMPAIGNS, response={201: RepermissionOut, **problems()})
def create(request: HttpRequest, asking: RepermissionIn) -> Status[RepermissionOut]:
    """A draft; nobody is asked before it is started."""
    return Status(201, _show(create_repermission(workspace_of(request), asking.dict(), now=now_ms())))


@router.get("/repermissions/{repermission_id}", auth=WRITE_CAMPAIGNS, response={200: RepermissionOut, **problems(404)})
def get_repermission(request: HttpRequest, repermission_id: int) -> RepermissionOut:
    """One asking with its figures: whom it asked and why, whom it left out and why, and what they answered."""
    return _show(_find(request, repermission_id))


@router.patch("/repermissions/{repermission_id}", auth=WRITE_CAMPAIGNS, response={200: RepermissionOut, **problems(404, 409)})
def update(request: HttpRequest, repermission_id: int, asking: RepermissionPatch) -> RepermissionOut:
    """Change a draft; what people were asked is not changed afterwards."""
    try:
        return _show(edit_repermission(_find(request, repermission_id), asking.dict(exclude_none=True)))
    except RepermissionStateWrong as wrong:
        raise Conflict(str(wrong)) from None


@router.post("/repermissions/{repermission_id}/start", auth=WRITE_CAMPAIGNS, response={200: RepermissionOut, **problems(404, 409)})
def start(request: HttpRequest, repermission_id: int) -> RepermissionOut:
    """Begin to ask, or go on after it was stopped. Nobody is asked twice, and nobody who refused, objected or is restricted."""
    try:
        return _show(start_repermission(_find(request, repermission_id), now=now_ms()))
    except RepermissionStateWrong as wrong:
        raise Conflict(str(wrong)) from None


@router.post("/repermissions/{repermission_id}/stop", auth=WRITE_CAMPAIGNS, response={200: RepermissionOut, **problems(404, 409)})
def stop(request: HttpRequest, repermission_id: int) -> RepermissionOut:
    """Ask nobody more, and hold back what is queued; answers of those who were asked still count."""
    try:
        return _show(stop_repermission(_find(request, repermission_id), now=now_ms()))
    except RepermissionStateWrong as wrong:
        raise Conflict(str(wrong)) from None


def _find(request: HttpRequest, repermission_id: int) -> Repermission:
    found = find_repermission(workspace_of(request), repermission_id)
    if found is None:
        raise NotFound("There is no such asking in this workspace.")
    return found


def _show(row: Repermission) -> RepermissionOut:
    figures = read_figures(row)
    return RepermissionOut(
        id=row.pk,
        state=row.state,
        purpose=row.purpose,
        notice=row.notice,
        ground=row.ground,
        subject=row.subject,
        html=row.html,
        created_at=iso(row.created_at),
        started_at=iso(row.started_at) if row.started_at else None,
        ended_at=iso(row.ended_at) if row.ended_at else None,
        figures=AskingFiguresOut(
            looked_at=figures.looked_at,
            asked=figures.asked,
            reasons=dict(figures.reasons),
            left_out=dict(figures.left_out),
            sent=figures.answers.sent,
            agreed=figures.answers.agreed,
            declined=figures.answers.declined,
            exact=figures.answers.exact,
        ),
    )
