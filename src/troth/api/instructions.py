"""The register of instructions (Art. 28(3)(a) GDPR), and what of it is held to infringe the law: told to the controller at once, and settled."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema, Status
from pydantic import Field

from troth.api.access import NO_MEMBER, READ_REPORTS, WRITE_REGISTERS, workspace_of
from troth.api.errors import Unprocessable
from troth.api.schemas import Input, Time, problems
from troth.kernel.clock import iso, now_ms
from troth.privacy.contests.contesting import LONGEST, contest_entry, contest_request, find_contest, list_contests, plain_contest, settle
from troth.privacy.contests.telling import tell
from troth.privacy.history import By
from troth.workspaces.agreements.instructions import list_instructions

router = Router(tags=["registers"])
LARGEST = 2**63 - 1
API = By("api", NO_MEMBER)
Entry = Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]


class InstructionOut(Schema):
    """What a member, or a key, told the processor to do; `id` grows with time."""

    id: str
    at: Time
    action: str
    detail: dict[str, Any]


class ContestIn(Input):
    """Which instruction infringes the law, and why: an entry of the register, or a request."""

    entry: Entry | None = None
    request: UUID | None = None
    reason: Annotated[str, Field(min_length=1, max_length=LONGEST, description="The controller gets these words: nothing about a person.")]


class ContestAnswerIn(Input):
    """What the controller said."""

    outcome: Literal["confirmed", "changed", "withdrawn"]
    said: Annotated[str, Field(min_length=1, max_length=LONGEST)]


class ContestOut(Schema):
    """A contested instruction. `waits`: what does not go on meanwhile; empty: it was carried out when it was given. `outcome` is empty until the controller spoke."""

    id: int
    entry: str | None
    request: str | None
    action: str
    detail: dict[str, Any]
    given_at: Time
    reason: str
    at: Time
    waits: str
    told_at: Time | None
    trouble: Literal["", "no_contact", "no_mail_server", "not_taken"]
    outcome: Literal["", "confirmed", "changed", "withdrawn"]
    said: str
    settled_at: Time | None


@router.get("/instructions", auth=READ_REPORTS, response={200: list[InstructionOut], **problems()})
def list_all_instructions(
    request: HttpRequest, before: Annotated[Entry | None, Query()] = None, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> list[dict[str, Any]]:
    """The newest first; `before`: from an id on."""
    rows = list_instructions(workspace_of(request), before=_number(before) if before else None, limit=limit)
    return [{"id": str(row.entry_id), "at": iso(row.at), "action": row.action, "detail": row.detail} for row in rows]


@router.get("/contested-instructions", auth=READ_REPORTS, response={200: list[ContestOut], **problems()})
def list_contested_instructions(request: HttpRequest) -> list[dict[str, Any]]:
    """What infringes the law in the processor's opinion: what is open first."""
    return [plain_contest(own) for own in list_contests(workspace_of(request))]


@router.post("/contested-instructions", auth=WRITE_REGISTERS, response={201: ContestOut, **problems(404, 422)})
def contest_instruction(request: HttpRequest, contest: ContestIn) -> Status[dict[str, Any]]:
    """Say that an instruction infringes the law (Art. 28(3)): the controller is mailed at once, and it waits where it can."""
    workspace_id, now = workspace_of(request), now_ms()
    if (contest.entry is None) == (contest.request is None):
        raise Unprocessable("Name one: the entry of the register, or the request.", path="$.entry")
    if contest.request is not None:
        own = contest_request(workspace_id, contest.request, contest.reason, by=API, now=now)
    else:
        own = contest_entry(workspace_id, _number(contest.entry or "0"), contest.reason, by=API, now=now)
    tell(own, now)
    return Status(201, plain_contest(own))


@router.post("/contested-instructions/{contest_id}/answer", auth=WRITE_REGISTERS, response={200: ContestOut, **problems(404)})
def settle_contested_instruction(
    request: HttpRequest, contest_id: Annotated[int, Path(ge=1, lt=2**63)], answer: ContestAnswerIn
) -> dict[str, Any]:
    """Write down what the controller said: confirmed goes on, changed or withdrawn stays stopped."""
    own = find_contest(workspace_of(request), contest_id)
    return plain_contest(settle(own, answer.outcome, answer.said, by=API, now=now_ms()))


def _number(entry: str) -> int:
    """What is more than an id can be is nobody's."""
    return min(int(entry), LARGEST)
