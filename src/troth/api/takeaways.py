"""Everything of the workspace or account in one file, and handing that, or what is held on a person, over to a third party."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import FileResponse, HttpRequest
from ninja import Path, Query, Router, Schema, Status
from pydantic import Field

from troth.api.access import ACCOUNT, EXPORT, key_of, workspace_of
from troth.api.persons import resolve
from troth.api.schemas import Input, PersonRef, Time, problems
from troth.kernel.clock import iso, now_ms
from troth.privacy.handovers.handing import find_handover, hand_over_person, hand_over_takeaway, list_handovers
from troth.privacy.handovers.targets import Target
from troth.privacy.leaving.asking import workspaces_of
from troth.privacy.models.takeaways import Handover, Takeaway
from troth.privacy.takeaways.asking import ask_for_takeaway, find_takeaway, path_of
from troth.workspaces.models import Workspace

router = Router(tags=["account"])
HandoverId = Annotated[int, Path(ge=1, lt=2**63)]


class TakeawayOut(Schema):
    """A file: `ready` for a week."""

    id: str
    state: str
    rows: int
    bytes: int
    sha256: str
    asked_at: Time
    expires_at: Time | None


class TargetIn(Input):
    """Where it goes: `put` or `post` to an HTTPS address, or `s3` with the address of the object and keys. Kept encrypted until it went."""

    method: Literal["put", "post", "s3"] = "put"
    url: str
    authorization: str = ""
    access_key: str = ""
    secret_key: str = ""
    region: str = "us-east-1"


class HandoverIn(Input):
    """To whom, by name, and where."""

    recipient: Annotated[str, Field(min_length=1, max_length=200)]
    target: TargetIn


class HandoverOut(Schema):
    """How far it is; once `done`, with a signed receipt."""

    id: int
    what: str
    recipient: str
    host: str
    state: str
    attempts: int
    status: int
    trouble: str
    bytes: int
    sha256: str
    asked_at: Time
    ended_at: Time | None
    receipt: str


@router.post("/takeaways", auth=ACCOUNT, response={202: TakeawayOut, **problems()})
def make_takeaway(
    request: HttpRequest,
    what: Annotated[Literal["workspace", "account"], Query(description="`account`: all its workspaces.")] = "workspace",
) -> Status[dict[str, Any]]:
    """Have everything written into one zip: each table as lines of JSON, with a manifest. Secrets are left out."""
    own = Workspace.objects.select_related("account").get(pk=workspace_of(request))
    workspaces = [own, *(one for one in workspaces_of(own.account) if one.pk != own.pk)] if what == "account" else [own]
    return Status(202, _plain_takeaway(ask_for_takeaway(workspaces, by=f"key {key_of(request)}", now=now_ms())))


@router.get("/takeaways/{takeaway_id}", auth=ACCOUNT, response={200: TakeawayOut, **problems(404)})
def read_takeaway(request: HttpRequest, takeaway_id: UUID) -> dict[str, Any]:
    """How far it is."""
    return _plain_takeaway(find_takeaway(workspace_of(request), takeaway_id))


@router.get("/takeaways/{takeaway_id}/file", auth=ACCOUNT, response=problems(404, 409))
def download_takeaway(request: HttpRequest, takeaway_id: UUID) -> FileResponse:
    """The file, while it is there."""
    path = path_of(find_takeaway(workspace_of(request), takeaway_id))
    response = FileResponse(path.open("rb"), as_attachment=True, filename=f"troth-{takeaway_id}.zip", content_type="application/zip")
    response["Cache-Control"] = "no-store"
    return response


@router.post("/takeaways/{takeaway_id}/handover", auth=ACCOUNT, response={202: HandoverOut, **problems(404)})
def hand_over_file(request: HttpRequest, takeaway_id: UUID, handover: HandoverIn) -> Status[dict[str, Any]]:
    """Have the file handed over to a third party as soon as it is ready; tried for three days."""
    own = find_takeaway(workspace_of(request), takeaway_id)
    made = hand_over_takeaway(own, _target(handover), recipient=handover.recipient, by=f"key {key_of(request)}", now=now_ms())
    return Status(202, _plain(made))


@router.post("/people/{person}/handover", auth=EXPORT, response={202: HandoverOut, **problems(404, 409)})
def hand_over_of_person(
    request: HttpRequest,
    handover: HandoverIn,
    person: PersonRef,
    scope: Annotated[Literal["all", "portable"], Query(description="`portable`: what they provided (Art. 20).")] = "portable",
) -> Status[dict[str, Any]]:
    """Have what is held on a person handed over to another controller directly (Art. 20(2)). It is a request, and stands among their recipients."""
    subject = resolve(workspace_of(request), person)
    made = hand_over_person(
        subject,
        _target(handover),
        portable=scope == "portable",
        recipient=handover.recipient,
        by=f"key {key_of(request)}",
        source="api",
        now=now_ms(),
    )
    return Status(202, _plain(made))


@router.get("/handovers", auth=EXPORT, response={200: list[HandoverOut], **problems()})
def list_recent_handovers(request: HttpRequest) -> list[dict[str, Any]]:
    """The last hundred."""
    return [_plain(own) for own in list_handovers(workspace_of(request))[:100]]


@router.get("/handovers/{handover_id}", auth=EXPORT, response={200: HandoverOut, **problems(404)})
def read_handover(request: HttpRequest, handover_id: HandoverId) -> dict[str, Any]:
    """How far it is, and the receipt."""
    return _plain(find_handover(workspace_of(request), handover_id))


def _target(said: HandoverIn) -> Target:
    return Target(**said.target.dict())


def _plain_takeaway(own: Takeaway) -> dict[str, Any]:
    shown = {name: getattr(own, name) for name in ("state", "rows", "bytes", "sha256")}
    return {"id": str(own.pk), **shown, "asked_at": iso(own.asked_at), "expires_at": iso(own.expires_at) if own.expires_at else None}


def _plain(own: Handover) -> dict[str, Any]:
    names = ("what", "recipient", "host", "state", "attempts", "status", "trouble", "bytes", "sha256", "receipt")
    ended_at = iso(own.ended_at) if own.ended_at else None
    return {"id": own.pk, **{name: getattr(own, name) for name in names}, "asked_at": iso(own.asked_at), "ended_at": ended_at}
