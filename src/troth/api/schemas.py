"""The shapes of the control API. Ids of people and messages have 63 bits, more than a JavaScript number holds, so they are strings."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from ninja import Path, Query, Schema
from pydantic import ConfigDict, Field, StringConstraints

from troth.kernel.clock import iso

Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]
PurposeKey = Annotated[str, StringConstraints(min_length=1, max_length=64)]
TopicKey = Annotated[str, StringConstraints(max_length=50)]
AlsoFor = Annotated[
    list[PurposeKey],
    Field(
        max_length=20,
        description="Further purposes that the campaign serves: data collected for them may be used, and only who agreed to each of these gets the mail.",
    ),
]
PersonRef = Annotated[
    str,
    Path(
        description="Troth's own id; or `external_id:…`, `anonymous_id:…`, `email:…`, `phone:…`, `device:…`; or any identifier."
        " One that contains a slash is found by GET /people."
    ),
]
Cursor = Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=200)]
Time = Annotated[str, Field(description="RFC 3339, UTC", examples=["2026-03-01T12:00:00.000Z"])]


def show_time(ms: int | None) -> str | None:
    """A moment as `Time` has it; None stays None."""
    return None if ms is None else iso(ms)


class Problem(Schema):
    """Why a call was refused."""

    code: str
    message: str
    path: str | None = Field(None, description="Where the input is at fault: a JSON path, or `query.…`.")


def problems(*statuses: int) -> dict[int, None]:
    """The refusals that an operation declares, beside those that any may answer.

    Each is a `Problem`, written by one place for all operations (`troth.api.errors`); the description says so once (`troth.api.control`). A
    model for each refusal of each operation would take a second at every start.
    """
    return dict.fromkeys((400, 401, 403, *statuses, 422))


class Input(Schema):
    """A body in which unknown fields are refused: a misspelt field must not be lost silently."""

    model_config = ConfigDict(extra="forbid")


class IdentifierOut(Schema):
    """One identifier of a person, in its normal form."""

    kind: str
    value: str
    detail: str = ""


class OriginOut(Schema):
    """Where the value of an attribute came from: the door, and when it was first said."""

    source: str
    at: Time


class PersonOut(Schema):
    """A person. `restricted`: processing is restricted (Art. 18). `origins`: by attribute, where that is known."""

    id: str
    created_at: Time
    updated_at: Time
    identifiers: list[IdentifierOut]
    attributes: dict[str, Any]
    origins: dict[str, OriginOut]
    tags: list[str]
    restricted: bool


class PeoplePage(Schema):
    """Some people, and where the next page begins."""

    items: list[PersonOut]
    next_cursor: str | None


class IdentifierChanges(Input):
    """New contact data; each replaces the old, which is not kept. `null` removes it, and what is left out stays."""

    email: Annotated[str, StringConstraints(min_length=3, max_length=320)] | None = None
    phone: Annotated[str, StringConstraints(min_length=4, max_length=40)] | None = None
    remove_devices: list[Annotated[str, StringConstraints(min_length=1, max_length=4096)]] = Field(
        default_factory=list, max_length=100, description="Push tokens that are the person's no more."
    )


class PersonChanges(Input):
    """Attributes merge and `null` removes one (Art. 16 GDPR)."""

    attributes: dict[str, Any] = Field(default_factory=dict, max_length=1000)
    identifiers: IdentifierChanges = Field(default_factory=IdentifierChanges)
    on_request: bool = Field(False, description="The person asked for the correction: it is recorded as a privacy request.")


class EventOut(Schema):
    """An event. `pending`: accepted and durable, not yet processed, so without a number."""

    seq: int | None
    name: str
    ts: Time
    received_at: Time
    source: str
    purpose: str
    properties: dict[str, Any]
    pending: bool


class EventsPage(Schema):
    """Some events, the newest first."""

    items: list[EventOut]
    next_cursor: str | None


class MessageOut(Schema):
    """A message in the outbox."""

    id: str
    person_id: str
    source: str
    channel: str
    purpose: str
    is_marketing: bool
    state: str
    reason: str
    subject: str
    created_at: Time
    due_at: Time | None = Field(description="Null while the better variant of its newsletter is waited for.")
    settled_at: Time | None


class MessagesPage(Schema):
    """Some messages, the newest first."""

    items: list[MessageOut]
    next_cursor: str | None


class ToldOut(Schema):
    """One thing that a provider told of a message: `told` is delivered, hard_bounce, soft_bounce, complaint or unsubscribe."""

    told: str
    at: Time
    provider: str
    status: str
    diagnostic: str


class MessageDetail(MessageOut):
    """A message with its body as handed over (null before, and after the retention of bodies) and the gate's decisions."""

    recipient: str
    html: str | None
    text: str | None
    headers: list[tuple[str, str]] | None
    attempts: int
    provider_id: str
    decisions: list[dict[str, Any]]
    told: list[ToldOut] = Field(description="What came back of it, the oldest first.")


class RequestOut(Schema):
    """A privacy request."""

    id: UUID
    type: str
    state: str
    source: str
    person_id: str | None = Field(description="Null once the person is deleted.")
    received_at: Time
    due_at: Time
    deleted_at: Time | None
    closed_at: Time | None


class RestrictionIn(Input):
    """Why processing is restricted, e.g. that the person contests the data (Art. 18(1)); kept with the person's records."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class ObjectionIn(Input):
    """What the person objects to; without `purposes` direct marketing, all of it and profiling for it (Art. 21(2))."""

    purposes: Annotated[list[PurposeKey], Field(min_length=1, max_length=100)] | None = None
    note: Annotated[str, StringConstraints(max_length=2000)] | None = Field(None, description="How the person said it.")


class SuppressionQuery(Input):
    """Any identifier, e.g. an e-mail address."""

    value: Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class SuppressionAnswer(Schema):
    """Whether it belongs to somebody who was erased."""

    suppressed: bool


CampaignTrigger = Annotated[
    dict[str, Any] | None,
    Field(
        description="What triggers it where no event does: `{kind: segment, segment: ID, on: entry | exit}` or"
        " `{kind: date, attribute, days, at: HH:MM, yearly}`; null: the event `trigger_event`.",
        examples=[{"kind": "date", "attribute": "renews_on", "days": -7, "at": "09:00"}],
    ),
]
CampaignRules = Annotated[
    dict[str, Any],
    Field(
        description="When and how often it goes out: `delay`, `unless`, `only_if_in`, `reentry`, `hours`, `expires_after`, `oldest_event`, `cap`,"
        " `keeps_caps`, `keeps_quiet_hours`, `priority`, `medium` (`email`, `push`, `sms`, `webhook`); spans of time as ISO 8601. What is left out has its default; see docs/campaigns.md.",
        examples=[{"delay": "PT1H", "unless": [{"event": "bought"}], "reentry": {"rule": "once_per_span", "span": "P7D"}}],
    ),
]
TemplateKey = Annotated[
    str,
    StringConstraints(max_length=64),
    Field(description="The key of a stored template, of which the last version is sent; empty: what `subject`, `html` and `text` say."),
]


class GoalJson(Input):
    """What people are hoped to do, and within how many days."""

    event: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    days: Annotated[int, Field(ge=1, le=90)] = 7
    revenue: Annotated[str, StringConstraints(max_length=255)] = Field("", description="The property of the event that holds an amount.")
    currency: Annotated[str, StringConstraints(max_length=255)] = Field("", description="The property that holds the currency.")


class CampaignIn(Input):
    """A triggered campaign: an event, a segment or a date leads to an e-mail (Liquid)."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    trigger_event: Annotated[str, StringConstraints(max_length=255)] = Field(
        "", description="Empty where `trigger` says what else triggers it."
    )
    trigger: CampaignTrigger = None
    rules: CampaignRules = Field(default_factory=dict)
    purpose: PurposeKey
    template_key: TemplateKey = ""
    subject: Annotated[str, StringConstraints(max_length=2000)] = ""
    html: str = ""
    text: str = ""
    conditions: dict[str, Any] | None = None
    also_for: AlsoFor = Field(default_factory=list)
    topic: TopicKey = Field("", description="A topic of the purpose: who left it gets none of this; empty: none.")
    goal: GoalJson | None = Field(None, description="What its reports count as converted; it takes effect at once.")


class CampaignPatch(Input):
    """Changes of a draft; what is left out stays. A published campaign goes on as it was published until it is published again."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] = ""
    trigger_event: Annotated[str, StringConstraints(max_length=255)] = ""
    trigger: CampaignTrigger = None
    rules: CampaignRules = Field(default_factory=dict)
    purpose: PurposeKey = ""
    template_key: TemplateKey = ""
    subject: Annotated[str, StringConstraints(max_length=2000)] = ""
    html: str = ""
    text: str = ""
    conditions: dict[str, Any] | None = None
    also_for: AlsoFor = Field(default_factory=list)
    topic: TopicKey = Field("", description="A topic of the purpose: who left it gets none of this; empty: none.")
    goal: GoalJson | None = Field(None, description="What its reports count as converted; it takes effect at once.")


class CampaignOut(Schema):
    """A campaign: its fields are the draft."""

    id: int
    name: str
    state: str
    trigger_event: str
    conditions: dict[str, Any] | None
    trigger: dict[str, Any] | None
    rules: dict[str, Any] = Field(description="What differs from the defaults.")
    purpose: str
    also_for: list[str]
    topic: str
    goal: dict[str, Any] | None
    template_key: str
    subject: str
    html: str
    text: str
    has_changes: bool = Field(description="Whether the draft differs from what was published.")
    says: str = Field(description="What the draft does, in plain words.")


class PlaceOut(Schema):
    """Where a campaign reads something: `part` is `trigger`, `conditions`, `subject`, `html` or `text`."""

    part: str
    spelled: str
    path: str = Field(description="In conditions: the JSON path.")
    line: int = Field(description="In the mail, from 1.")
    column: int = Field(description="In the mail, from 1.")


class ReadingOut(Schema):
    """An event or attribute that a campaign reads, and whether its purposes cover it."""

    kind: str
    name: str
    collected_for: str
    covered: bool
    fault: str | None = Field(description="Why it may not be used, when it is not covered.")
    needs: str | None = Field(description="The further purpose that each person is asked about because of it.")
    places: list[PlaceOut]
