"""The shapes of segments in the control API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field, StringConstraints

from troth.api.schemas import Input, PurposeKey, Time

SegmentName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Definition = Annotated[
    dict[str, Any],
    Field(
        description="A tree of `all`, `any` and `not` over conditions; see docs/segments.md.",
        examples=[{"all": [{"attribute": "plan", "op": "equals", "value": "pro"}, {"event": "login", "op": "did_not", "within": "P7D"}]}],
    ),
]
AlsoFor = Annotated[
    list[PurposeKey],
    Field(max_length=20, description="Further purposes that the segment serves: only who agreed to each of which it reads data is in it."),
]


class SegmentDraftIn(Input):
    """What a segment would be."""

    definition: Definition
    purpose: PurposeKey = Field("behavioural_profiling", description="Only people who may be profiled under it can be members.")
    also_for: AlsoFor = Field(default_factory=list)


class SegmentIn(SegmentDraftIn):
    """A segment to create."""

    name: SegmentName


class SegmentPatch(Input):
    """What is to change; left out: stays."""

    name: SegmentName = ""
    definition: Definition = Field(default_factory=dict)
    purpose: PurposeKey = ""
    also_for: AlsoFor = Field(default_factory=list)


class FreshnessOut(Schema):
    """Through when a segment is computed."""

    computed_through: Time | None = Field(description="Everything up to then is in it; null: not computed yet.")
    behind_ms: int
    computing: int | None = Field(description="How much of a computation of everybody is done, in per cent; null: none is under way.")
    is_late: bool = Field(description="Whether a send should rather wait.")


class SegmentOut(Schema):
    """A segment as it stands."""

    id: int
    name: str
    definition: dict[str, Any]
    purpose: str
    also_for: list[str]
    version: int
    archived: bool
    size: int
    freshness: FreshnessOut
    created_at: Time
    updated_at: Time


class LeftOutOut(Schema):
    """People who may not be chosen, at the first reason that holds for them."""

    purpose: str | None = Field(description="Null: whatever the purpose.")
    reason: str
    people: int


class PreviewOut(Schema):
    """What a definition would choose now."""

    count: int
    people: int = Field(description="Everybody in the workspace.")
    left_out: list[LeftOutOut]


class MemberOut(Schema):
    """Somebody in a segment."""

    id: str = Field(description="As in /people.")
    since: Time


class MembersPage(Schema):
    """A page of members."""

    items: list[MemberOut]
    next_cursor: str | None


class SizeOut(Schema):
    """A segment at the end of an hour, and who came and went in it."""

    at: Time
    size: int
    entered: int
    left: int


class VersionOut(Schema):
    """A segment as it was saved once."""

    version: int
    name: str
    definition: dict[str, Any]
    purpose: str
    also_for: list[str]
    at: Time
    author: str


class VerdictOut(Schema):
    """What the gate says of a person under a purpose."""

    purpose: str
    allow: bool
    basis: str
    reason: str


class ExplainedOut(Schema):
    """A condition with its answer for one person."""

    holds: bool
    says: str
    evidence: list[str]
    parts: list[ExplainedOut]


class WhyOut(Schema):
    """Why a person is in a segment, or not."""

    is_in: bool = Field(description="By the conditions and the gate, now.")
    since: Time | None = Field(description="As the membership is kept; null: it is not.")
    verdicts: list[VerdictOut]
    conditions: ExplainedOut


class SegmentReadingOut(Schema):
    """A datum that a segment reads."""

    kind: Literal["event", "attribute", "measurement"]
    name: str
    collected_for: str
    covered: bool
    needs: str | None = Field(description="A further purpose that each person is asked about.")
    places: list[str] = Field(description="JSON paths.")
