"""The shapes of newsletters in the control API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field, StringConstraints

from troth.api.schemas import AlsoFor, GoalJson, Input, PurposeKey, Time, TopicKey

Title = Annotated[str, StringConstraints(min_length=1, max_length=200)]
ScheduleJson = Annotated[
    dict[str, Any],
    Field(
        description='`{"kind": "now"}`, `{"kind": "at", "at": RFC 3339}`, `{"kind": "local", "day", "time", "zone"}` (each person\'s own clock; `zone` where'
        ' theirs is not known), or `{"kind": "recurring", "cron", "zone"}`.'
    ),
]


class VariantJson(Input):
    """A mail (a stored template, or Liquid written here), and its part of the people."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    share: Annotated[int, Field(ge=1, le=100)] = 1
    template: Annotated[str, StringConstraints(max_length=64)] = Field(
        "", description="The key of a stored template, else the mail stands here."
    )
    subject: Annotated[str, StringConstraints(max_length=2000)] = ""
    html: str = ""
    text: str = ""


class TestJson(Input):
    """A test among some people first; the better variant goes to all others."""

    model_config = ConfigDict(extra="forbid")
    share: Annotated[int, Field(ge=1, le=99, description="Per cent of people in the test.")]
    metric: Literal["opened", "clicked", "converted"] = "clicked"
    hours: Annotated[int, Field(ge=1, le=168)] = 4
    decide: Literal["significance", "highest", "hand"] = "significance"


class NewsletterIn(Input):
    """A newsletter: one mail, or several that are tried against each other, to a segment or to everybody."""

    name: Title
    purpose: PurposeKey
    variants: Annotated[list[VariantJson], Field(min_length=1, max_length=5)]
    segment_id: int | None = Field(None, description="null: everybody.")
    audience: Literal["frozen", "live"] = Field(
        "frozen", description="`live`: whoever left the segment by the time their mail is due gets none."
    )
    also_for: AlsoFor = Field(default_factory=list)
    topic: TopicKey = ""
    medium: Literal["email", "push", "sms", "webhook"] = Field("email", description="What is no e-mail is made of stored short messages.")
    schedule: ScheduleJson = Field(default_factory=lambda: {"kind": "now"})
    per_hour: Annotated[int, Field(ge=1, le=10_000_000)] | None = Field(None, description="At most so many an hour.")
    test: TestJson | None = None
    holdout: Annotated[int, Field(ge=0, le=50)] = Field(0, description="Per cent of people who get nothing, always the same.")
    goal: GoalJson | None = None
    hold_minutes: Annotated[int, Field(ge=0, le=1440)] = Field(
        0, description="How long all waits after the start, so that it can be taken back."
    )
    expires_hours: Annotated[int, Field(ge=1, le=720)] = Field(24, description="Whose mail is so late gets none.")
    fresh_minutes: Annotated[int, Field(ge=1, le=10_080)] | None = Field(
        None,
        description="How far the segment may lag behind when it begins. If it lags more it is waited for, `expires_hours` at most; then the newsletter"
        " is paused, and `trouble` says why.",
    )


class NewsletterPatch(NewsletterIn):
    """Changes of a draft, or of one that waits for its time (which is a draft again then); what is left out stays."""

    name: Title = ""
    purpose: PurposeKey = ""
    variants: Annotated[list[VariantJson], Field(min_length=1, max_length=5)] = Field(default_factory=list)


class NewsletterOut(Schema):
    """A newsletter. `next_at`: when it begins next."""

    id: int
    name: str
    state: str
    purpose: str
    also_for: list[str]
    topic: str
    segment_id: int | None
    audience: str
    medium: str
    schedule: dict[str, Any]
    per_hour: int | None
    variants: list[dict[str, Any]]
    test: dict[str, Any] | None
    holdout: int
    goal: dict[str, Any] | None
    hold_minutes: int
    expires_hours: int
    fresh_minutes: int | None
    next_at: Time | None
    waits_for: str = Field(description="What it waits for though its time has come; empty: nothing.")
    trouble: str = Field(description="Why it was paused by itself; empty: it was not.")


class StateCount(Schema):
    """So many messages of a variant in a state for a reason."""

    variant: str
    state: str
    reason: str
    messages: int


class OutcomeOut(Schema):
    """How a variant did, of those who may be counted. `p_value` and the bounds (95 %) may be read at any time."""

    variant: str
    happened: int
    among: int
    better_by: float = Field(description="Its rate less that of the best of the others.")
    lowest: float
    highest: float
    p_value: float


class RunOut(Schema):
    """One sending. The counts add up to the audience."""

    number: int
    state: str
    starts_at: Time
    begun_at: Time
    gathered_at: Time | None
    ended_at: Time | None
    decide_at: Time | None
    winner: str
    decided_by: str
    audience: int = Field(description="People looked at so far.")
    counts: list[StateCount]
    outcomes: list[OutcomeOut]


class WinnerIn(Input):
    """The variant that all who wait get."""

    winner: Annotated[str, StringConstraints(min_length=1, max_length=20)]
