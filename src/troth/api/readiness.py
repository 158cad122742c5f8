"""Whether the workspace is ready to go live, line by line, for a build that asks before it deploys."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from troth.api.access import WRITE_REGISTERS, workspace_of
from troth.api.schemas import problems
from troth.kernel.clock import now_ms
from troth.privacy.readiness.lines import read_lines
from troth.workspaces.models import Workspace

router = Router(tags=["registers"])


class ReadinessLineOut(Schema):
    """One line of the list."""

    key: str
    fine: bool | None = Field(description="null: to be known, and not judged.")
    says: str
    place: str = Field(description="The page of the console that mends it, below the workspace.")


@router.get("/readiness", auth=WRITE_REGISTERS, response={200: list[ReadinessLineOut], **problems()})
def read_readiness(request: HttpRequest) -> list[ReadinessLineOut]:
    """Every line, read from what is there now."""
    workspace = Workspace.objects.get(pk=workspace_of(request))
    return [ReadinessLineOut(key=line.key, fine=line.is_fine, says=line.says, place=line.place) for line in read_lines(workspace, now_ms())]
