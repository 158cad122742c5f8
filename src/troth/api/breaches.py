"""The register of breaches (Art. 33(5) GDPR), for what watches over security elsewhere."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router, Schema, Status
from pydantic import AwareDatetime, Field

from troth.api.access import EXPORT, NO_MEMBER, WRITE_REGISTERS, workspace_of
from troth.api.schemas import Input, Time, problems
from troth.kernel.clock import DAY, iso, now_ms
from troth.privacy.breaches.affected import count_affected
from troth.privacy.breaches.register import (
    LONGEST,
    MOST,
    clock_of,
    close_breach,
    decide_breach,
    find_breach,
    list_breaches,
    note_told,
    record_breach,
    revise_breach,
)
from troth.privacy.breaches.touched import TouchedList, write_csv, write_lines
from troth.privacy.models import Breach

router = Router(tags=["registers"])
Kind = Literal["confidentiality", "integrity", "availability"]
Number = Annotated[int | None, Field(ge=0, le=MOST)]


class BreachPatch(Input):
    """What became known; what is left out stays as it was."""

    title: Annotated[str | None, Field(max_length=LONGEST["title"])] = None
    kinds: list[Kind] | None = None
    aware_at: AwareDatetime | None = Field(None, description="When the controller was aware of it: the 72 hours run from here.")
    began_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    categories: Annotated[str | None, Field(max_length=LONGEST["categories"])] = None
    people: Number = None
    records: Number = None
    facts: Annotated[str | None, Field(max_length=LONGEST["facts"])] = None
    effects: Annotated[str | None, Field(max_length=LONGEST["effects"])] = None
    remedy: Annotated[str | None, Field(max_length=LONGEST["remedy"])] = None


class BreachIn(BreachPatch):
    """A breach to record."""

    title: Annotated[str, Field(min_length=1, max_length=LONGEST["title"])]


class BreachDecisionIn(Input):
    """Whom to tell, and why."""

    tell: bool = Field(description="Whether the supervisory authority is told.")
    high_risk: bool = Field(False, description="Whether the persons are told as well (Art. 34).")
    reason: Annotated[str, Field(max_length=4_000)] = ""


class ToldIn(Input):
    """Who was told, when and how."""

    whom: Literal["authority", "persons", "controllers"]
    at: AwareDatetime | None = Field(None, description="Left out: now.")
    note: Annotated[str, Field(max_length=4_000)] = ""


class BreachOut(Schema):
    """A breach and its clock."""

    id: int
    title: str
    kinds: list[str]
    facts: str
    effects: str
    remedy: str
    categories: str
    people: int | None
    records: int | None
    began_at: Time | None
    ended_at: Time | None
    aware_at: Time
    due_at: Time
    stage: str = Field(description="undecided, to_tell, told, told_late or not_told.")
    overdue: bool
    decision_reason: str
    high_risk: bool
    authority_told_at: Time | None
    persons_told_at: Time | None
    controllers_told_at: Time | None
    closed_at: Time | None


class AffectedOut(Schema):
    """What members' accounts and keys of the API looked at, from the audit log."""

    people: int = Field(description="Distinct persons opened by themselves, or shown in a list.")
    acts: int
    lists: int = Field(
        description="How often lists were seen of which it is not noted whom they showed: Live while it is watched, and what is older than the noting."
    )
    exports: int


class AffectedQuery(Schema):
    """A time, and a member if only theirs count."""

    since: AwareDatetime | None = Field(None, description="Left out: a day before the end.")
    until: AwareDatetime | None = Field(None, description="Left out: now.")
    member: int | None = Field(None, description="The user's id; 0: keys of the API, and the command line.")


@router.get("/breaches", auth=WRITE_REGISTERS, response={200: list[BreachOut], **problems()})
def list_all(request: HttpRequest) -> list[BreachOut]:
    """All of the workspace, the latest first."""
    now = now_ms()
    return [_show(row, now) for row in list_breaches(workspace_of(request))]


@router.post("/breaches", auth=WRITE_REGISTERS, response={201: BreachOut, **problems()})
def create(request: HttpRequest, breach: BreachIn) -> Status[BreachOut]:
    """Enter a breach. Without `aware_at` the 72 hours begin now."""
    now = now_ms()
    return Status(201, _show(record_breach(workspace_of(request), _said(breach), user_id=NO_MEMBER, now=now), now))


@router.get("/breaches/affected", auth=WRITE_REGISTERS, response={200: AffectedOut, **problems()})
def affected(request: HttpRequest, asked: Query[AffectedQuery]) -> AffectedOut:
    """Whom members' accounts and keys of the API touched in a time, counted from the audit log."""
    until = _ms(asked.until) if asked.until else now_ms()
    since = _ms(asked.since) if asked.since else until - DAY
    found = count_affected(workspace_of(request), since, until, asked.member)
    return AffectedOut(people=found.people, acts=found.records, lists=found.lists, exports=found.exports)


@router.get(
    "/breaches/{breach_id}/affected",
    auth=EXPORT,
    response=problems(404),
    openapi_extra={
        "responses": {
            200: {
                "description": "One person per line. As NDJSON the last line tells how many they are, and how many are not there any more.",
                "content": {
                    "application/x-ndjson": {"schema": {"type": "string"}},
                    "text/csv": {"schema": {"type": "string"}},
                },
            }
        }
    },
)
def list_touched(
    request: HttpRequest,
    breach_id: int,
    format: Annotated[Literal["ndjson", "csv"], Query()] = "ndjson",  # noqa: A002 -- the name in the URL
    member: Annotated[int | None, Query(description="Only what this user did; 0: keys of the API, and the command line.")] = None,
) -> StreamingHttpResponse:
    """Everybody whom the breach touched and who is to be told of it (Art. 34), each once, with what they can be reached by."""
    touched = TouchedList(find_breach(workspace_of(request), breach_id), now=now_ms(), only_user=member)
    lines, kind = (write_csv(touched), "text/csv; charset=utf-8") if format == "csv" else (write_lines(touched), "application/x-ndjson")
    headers = {"Content-Disposition": f'attachment; filename="breach-{breach_id}-persons.{format}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(lines, content_type=kind, headers=headers)


@router.get("/breaches/{breach_id}", auth=WRITE_REGISTERS, response={200: BreachOut, **problems(404)})
def read(request: HttpRequest, breach_id: int) -> BreachOut:
    """One of them."""
    return _show(find_breach(workspace_of(request), breach_id), now_ms())


@router.patch("/breaches/{breach_id}", auth=WRITE_REGISTERS, response={200: BreachOut, **problems(404)})
def revise(request: HttpRequest, breach_id: int, breach: BreachPatch) -> BreachOut:
    """More became known (Art. 33(4)); what was said before is kept."""
    own, now = find_breach(workspace_of(request), breach_id), now_ms()
    revise_breach(own, _said(breach), user_id=NO_MEMBER, now=now)
    return _show(own, now)


@router.post("/breaches/{breach_id}/decision", auth=WRITE_REGISTERS, response={200: BreachOut, **problems(404)})
def decide(request: HttpRequest, breach_id: int, decision: BreachDecisionIn) -> BreachOut:
    """Whether the authority and the persons are told."""
    own, now = find_breach(workspace_of(request), breach_id), now_ms()
    decide_breach(own, tell=decision.tell, reason=decision.reason, high_risk=decision.high_risk, user_id=NO_MEMBER, now=now)
    return _show(own, now)


@router.post("/breaches/{breach_id}/told", auth=WRITE_REGISTERS, response={200: BreachOut, **problems(404)})
def told(request: HttpRequest, breach_id: int, news: ToldIn) -> BreachOut:
    """That somebody was told."""
    own, now = find_breach(workspace_of(request), breach_id), now_ms()
    note_told(own, news.whom, at=_ms(news.at) if news.at else now, note=news.note, user_id=NO_MEMBER, now=now)
    return _show(own, now)


@router.post("/breaches/{breach_id}/close", auth=WRITE_REGISTERS, response={200: BreachOut, **problems(404, 409)})
def close(request: HttpRequest, breach_id: int) -> BreachOut:
    """Nothing is left to do; refused while somebody is still to be told."""
    own, now = find_breach(workspace_of(request), breach_id), now_ms()
    close_breach(own, user_id=NO_MEMBER, now=now)
    return _show(own, now)


def _ms(at: AwareDatetime) -> int:
    return int(at.timestamp() * 1_000)


def _said(given: BreachPatch) -> dict[str, object]:
    said = given.model_dump(exclude_none=True)
    return {name: _ms(value) if name.endswith("_at") else value for name, value in said.items()}


def _show(breach: Breach, now: int) -> BreachOut:
    clock = clock_of(breach, now)
    times: dict[str, Any] = {
        name: None if getattr(breach, name) is None else iso(getattr(breach, name))
        for name in ("began_at", "ended_at", "authority_told_at", "persons_told_at", "controllers_told_at", "closed_at")
    }
    same = ("title", "kinds", "facts", "effects", "remedy", "categories", "people", "records", "decision_reason")
    return BreachOut(
        id=breach.pk,
        aware_at=iso(breach.aware_at),
        due_at=iso(clock.due_at),
        stage=clock.stage.value,
        overdue=clock.is_overdue,
        high_risk=breach.is_high_risk,
        **{name: getattr(breach, name) for name in same},
        **times,
    )
