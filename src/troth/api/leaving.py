"""Deleting the key's workspace, or its account with all workspaces, for good."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from troth.api.access import ACCOUNT, key_of, workspace_of
from troth.api.schemas import Input, Time, problems
from troth.kernel.clock import iso, now_ms
from troth.privacy.leaving.asking import COUNTED, HOLD_DAYS, LONGEST_HOLD, STAYS, ask_to_leave, preview, workspaces_of
from troth.privacy.leaving.links import make_leaving_url
from troth.privacy.leaving.telling import tell_owners
from troth.workspaces.models import Workspace

router = Router(tags=["account"])
What = Annotated[Literal["workspace", "account"], Query(description="`account`: with all its workspaces.")]


class GoesOut(Schema):
    """What goes with one workspace."""

    workspace_id: int
    workspace: str
    rows: dict[str, int] = Field(description=f"By table, counted up to {COUNTED:,}.")
    members: int = Field(description="Who belong nowhere else, and go too.")


class LeavingPreviewOut(Schema):
    """What would go, and what stays."""

    confirm: str = Field(description="The name that has to be repeated.")
    goes: list[GoesOut]
    stays: list[str]


class LeavingIn(Input):
    """The name repeated, and how many days any owner may call it off."""

    confirm: str
    hold_days: Annotated[int, Field(ge=1, le=LONGEST_HOLD)] = HOLD_DAYS


class LeavingOut(Schema):
    """A deletion that was asked for. Keys of the workspace, this one too, open nothing any more: `follow` needs none."""

    id: str
    state: str
    due_at: Time
    follow: str


@router.get("/leaving", auth=ACCOUNT, response={200: LeavingPreviewOut, **problems()})
def preview_leaving(request: HttpRequest, what: What = "workspace") -> dict[str, Any]:
    """What would be deleted; nothing is."""
    own, workspaces = _chosen(request, what)
    return {
        "confirm": own.account.name if what == "account" else own.name,
        "goes": [
            {"workspace_id": one.workspace.pk, "workspace": one.workspace.name, "rows": dict(one.rows), "members": one.members}
            for one in preview(workspaces)
        ],
        "stays": [f"{what_stays}: {why}" for what_stays, why in STAYS],
    }


@router.post("/leaving", auth=ACCOUNT, response={202: LeavingOut, **problems()})
def ask_for_leaving(request: HttpRequest, leaving: LeavingIn, what: What = "workspace") -> Status[dict[str, Any]]:
    """Ask for the deletion: owners are told, and may call it off in the console until the hold is over; keys open nothing from now on."""
    own, workspaces = _chosen(request, what)
    now = now_ms()
    made = ask_to_leave(
        workspaces,
        confirmed=leaving.confirm,
        by=f"key {key_of(request)}",
        now=now,
        whole_account=what == "account",
        hold_days=leaving.hold_days,
    )
    tell_owners(made, own.account.name if what == "account" else own.name, now)
    return Status(202, {"id": str(made.pk), "state": made.state, "due_at": iso(made.due_at), "follow": make_leaving_url(made)})


def _chosen(request: HttpRequest, what: str) -> tuple[Workspace, list[Workspace]]:
    own = Workspace.objects.select_related("account").get(pk=workspace_of(request))
    return own, workspaces_of(own.account) if what == "account" else [own]
