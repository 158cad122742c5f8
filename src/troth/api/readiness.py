"""Whether the workspace is ready to go live, line by line, for a build that asks before it deploys."""

from __future__ import annotations

from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from troth.api.access import NO_MEMBER, WRITE_REGISTERS, workspace_of
from troth.api.schemas import Input, problems
from troth.kernel.clock import iso, now_ms
from troth.privacy.readiness.impact import LONGEST, declare_criteria, read_impact, sign_assessment
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


class CriterionOut(Schema):
    """One of the nine criteria of WP 248."""

    key: str
    met: bool
    declared: bool = Field(description="Whether only people know: it is said, not computed.")
    says: str
    because: str = Field(description="The fact that meets it; empty where it is declared, or not met.")


class AssessmentOut(Schema):
    """The assessment that was signed last."""

    criteria: list[str]
    text: str
    name: str
    function: str
    signed_at: str


class ImpactOut(Schema):
    """Whether an impact assessment is called for (Art. 35), and what was signed."""

    needed: bool
    covered: bool = Field(description="Whether what was signed covers every criterion that is met.")
    criteria: list[CriterionOut]
    latest: AssessmentOut | None


class DeclareIn(Input):
    """The criteria that only people know of; those left out are not met."""

    declared: list[Literal["vulnerable", "new_technology", "kept_from_a_right"]]


class SignIn(Input):
    """The assessment, and who signs it."""

    text: Annotated[str, Field(max_length=LONGEST)] = Field(
        description="What is done and why, whether it is needed and in proportion, the risks, what is done about them (Art. 35(7))."
    )
    name: Annotated[str, Field(max_length=200)]
    function: Annotated[str, Field(max_length=100)] = Field(description="Of who signs, for example data protection officer.")


@router.get("/readiness/impact", auth=WRITE_REGISTERS, response={200: ImpactOut, **problems()})
def read_impact_assessment(request: HttpRequest) -> ImpactOut:
    """The nine criteria, whether they call for an assessment, and the one that was signed last."""
    return _impact(Workspace.objects.get(pk=workspace_of(request)))


@router.put("/readiness/impact/declared", auth=WRITE_REGISTERS, response={200: ImpactOut, **problems(400)})
def declare(request: HttpRequest, said: DeclareIn) -> ImpactOut:
    """Say which criteria are met that only people know of."""
    workspace = Workspace.objects.get(pk=workspace_of(request))
    declare_criteria(workspace.pk, said.declared, user_id=NO_MEMBER, now=now_ms())
    return _impact(workspace)


@router.post("/readiness/impact", auth=WRITE_REGISTERS, response={201: ImpactOut, **problems(400)})
def sign(request: HttpRequest, said: SignIn) -> Status[ImpactOut]:
    """Keep an assessment that somebody signed, for the criteria that are met now."""
    workspace = Workspace.objects.get(pk=workspace_of(request))
    sign_assessment(workspace, text=said.text, name=said.name, function=said.function, user_id=NO_MEMBER, now=now_ms())
    return Status(201, _impact(workspace))


def _impact(workspace: Workspace) -> ImpactOut:
    impact = read_impact(workspace)
    latest = impact.latest
    return ImpactOut(
        needed=impact.is_needed,
        covered=impact.is_covered,
        criteria=[
            CriterionOut(key=one.key, met=one.is_met, declared=one.is_declared, says=one.says, because=one.because)
            for one in impact.criteria
        ],
        latest=AssessmentOut(
            criteria=latest.criteria,
            text=latest.text,
            name=latest.name,
            function=latest.function,
            signed_at=iso(latest.signed_at or latest.at),
        )
        if latest
        else None,
    )
