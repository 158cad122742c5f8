"""Webhooks of a workspace: where news is told, what became of it, and telling it again."""

from __future__ import annotations

from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field, StringConstraints

from troth.api.access import WRITE_WEBHOOKS, workspace_of
from troth.api.cursors import read_cursor, write_cursor
from troth.api.errors import NotFound, Unprocessable
from troth.api.schemas import Cursor, Input, Limit, PurposeKey, Time, problems, show_time
from troth.kernel.clock import iso, now_ms
from troth.webhooks.editing import create_webhook, delete_webhook, find_webhook, list_webhooks, replace_secret, revise_webhook
from troth.webhooks.errors import WebhookInvalid, WebhookNotFound
from troth.webhooks.models import Webhook
from troth.webhooks.posting import Answer
from troth.webhooks.testing import try_webhook
from troth.webhooks.waiting import Filter, Told, count_by_state, list_deliveries, replay

router = Router(tags=["webhooks"])
Url = Annotated[str, StringConstraints(max_length=2_000)]
Name = Annotated[str, StringConstraints(max_length=100)]
Type = Annotated[str, StringConstraints(max_length=30)]
Types = Annotated[list[Type], Field(min_length=1, max_length=50, description="What it is told of, see docs/webhooks.md.")]
FormatName = Annotated[Literal["vero", "troth"], Field(description="In whose shape. What Vero has no type for has Troth's everywhere.")]
StateName = Annotated[Literal["on", "paused", "off"], Field(description="Paused: news is taken in and waits. Off: none is taken in.")]
DeliveryName = Annotated[str, StringConstraints(pattern=r"^msg_[0-9]{1,19}$")]
DeliveryStateName = Literal["waiting", "delivered", "dead"]


class WebhookIn(Input):
    """A webhook to set up."""

    name: Name = ""
    url: Url = Field(description="https; http only to this machine.")
    types: Types
    purpose: PurposeKey = Field(description="Why data is handed on: the gate is asked about it for each person.")
    format: FormatName = "troth"


class WebhookPatch(Input):
    """What to change; what is not given stays."""

    name: Name | None = None
    url: Url | None = None
    types: Types | None = None
    purpose: PurposeKey | None = None
    format: FormatName | None = None
    state: StateName | None = None


class HealthOut(Schema):
    """How its address answered lately."""

    failures: int = Field(description="In a row.")
    status: int = Field(description="The last answer's HTTP code; 0: there was none.")
    trouble: str
    at: Time | None
    taken_at: Time | None = Field(description="When it last took something.")
    resting_until: Time | None = Field(description="Until then nothing is tried there.")


class WebhookOut(Schema):
    """A webhook, without its secret."""

    id: int
    name: str
    url: str
    types: list[str]
    purpose: str
    format: str
    state: str
    off_because: str = Field(description="`gone`: the address answered 410.")
    deliveries: dict[str, int] = Field(description="How many are in each state.")
    health: HealthOut
    created_at: Time


class WebhookMade(WebhookOut):
    """A webhook with the secret that its deliveries are signed with: shown this once."""

    secret: str


class SecretOut(Schema):
    """A new secret: shown this once. For a day deliveries are signed with the old one, too."""

    secret: str


class AnswerOut(Schema):
    """What the address said to a made-up piece of news."""

    taken: bool
    status: int
    trouble: str


class DeliveryOut(Schema):
    """One piece of news on its way to a webhook, or told."""

    id: str = Field(description="`webhook-id`: the same however often it is tried.")
    type: str
    person_id: str = Field(description="Whom it is about; empty: nobody.")
    state: str
    attempts: int
    status: int
    trouble: str
    at: Time
    due_at: Time | None
    settled_at: Time | None


class DeliveryPage(Schema):
    """Deliveries, the newest first."""

    items: list[DeliveryOut]
    next_cursor: str | None


class ReplayIn(Input):
    """What to tell again: some by their ids, or all that match. Dead letters, unless something else is said."""

    ids: Annotated[list[DeliveryName], Field(max_length=1_000)] | None = None
    state: Literal["delivered", "dead"] = "dead"
    type: Type = ""


class ReplayOut(Schema):
    """How many are told again."""

    replayed: int


@router.get("/webhooks", auth=WRITE_WEBHOOKS, response={200: list[WebhookOut], **problems()})
def list_all(request: HttpRequest) -> list[WebhookOut]:
    """All webhooks of the workspace."""
    return [_show(row) for row in list_webhooks(workspace_of(request))]


@router.post("/webhooks", auth=WRITE_WEBHOOKS, response={201: WebhookMade, **problems(422)})
def create(request: HttpRequest, webhook: WebhookIn) -> Status[WebhookMade]:
    """Set one up; it is told of what happens from now on."""
    try:
        row, secret = create_webhook(
            workspace_of(request),
            url=webhook.url,
            types=webhook.types,
            purpose=webhook.purpose,
            name=webhook.name,
            form=webhook.format,
            now=now_ms(),
        )
    except WebhookInvalid as error:
        raise Unprocessable(str(error), path=f"$.{error.field}") from None
    return Status(201, WebhookMade(**_show(row).dict(), secret=secret))


@router.get("/webhooks/{webhook_id}", auth=WRITE_WEBHOOKS, response={200: WebhookOut, **problems(404)})
def get_webhook(request: HttpRequest, webhook_id: int) -> WebhookOut:
    """One webhook, and how its address answers."""
    return _show(_find(request, webhook_id))


@router.patch("/webhooks/{webhook_id}", auth=WRITE_WEBHOOKS, response={200: WebhookOut, **problems(404, 422)})
def update(request: HttpRequest, webhook_id: int, webhook: WebhookPatch) -> WebhookOut:
    """Change it, pause it, switch it off or on. What waits goes to the new address."""
    try:
        return _show(revise_webhook(_find(request, webhook_id), webhook.dict(exclude_none=True), now=now_ms()))
    except WebhookInvalid as error:
        raise Unprocessable(str(error), path=f"$.{error.field}") from None


@router.delete("/webhooks/{webhook_id}", auth=WRITE_WEBHOOKS, response={204: None, **problems(404)})
def remove(request: HttpRequest, webhook_id: int) -> Status[None]:
    """Delete it with everything that waits for it and was told to it."""
    delete_webhook(_find(request, webhook_id))
    return Status(204, None)


@router.post("/webhooks/{webhook_id}/secret", auth=WRITE_WEBHOOKS, response={200: SecretOut, **problems(404)})
def renew_secret(request: HttpRequest, webhook_id: int) -> SecretOut:
    """Sign with a new secret."""
    return SecretOut(secret=replace_secret(_find(request, webhook_id), now=now_ms()))


@router.post("/webhooks/{webhook_id}/test", auth=WRITE_WEBHOOKS, response={200: AnswerOut, **problems(404)})
def test(request: HttpRequest, webhook_id: int) -> AnswerOut:
    """Tell it a made-up piece of news at once, and what it answered."""
    answer: Answer = try_webhook(_find(request, webhook_id), now_ms())
    return AnswerOut(taken=answer.is_taken, status=answer.status, trouble=answer.trouble)


@router.get("/webhooks/{webhook_id}/deliveries", auth=WRITE_WEBHOOKS, response={200: DeliveryPage, **problems(404)})
def deliveries(
    request: HttpRequest,
    webhook_id: int,
    state: Annotated[DeliveryStateName | None, Query(description="Only those in this state; `dead`: dead letters.")] = None,
    type: Annotated[str | None, Query(max_length=30, description="Only those of this type.")] = None,  # noqa: A002 -- the parameter's name
    cursor: Cursor = None,
    limit: Limit = 50,
) -> DeliveryPage:
    """What waits for it, was told to it, or could not be; kept for 30 days."""
    before = read_cursor(cursor, 1)
    found = list_deliveries(
        _find(request, webhook_id), Filter(state or "", type or ""), before=before[0] if before else None, limit=limit + 1
    )
    page = found[:limit]
    more = write_cursor(page[-1].delivery_id) if len(found) > limit else None
    return DeliveryPage(items=[_tell(one) for one in page], next_cursor=more)


@router.post("/webhooks/{webhook_id}/replay", auth=WRITE_WEBHOOKS, response={200: ReplayOut, **problems(404)})
def replay_deliveries(request: HttpRequest, webhook_id: int, wanted: ReplayIn) -> ReplayOut:
    """Tell again what was told or could not be, under the same `webhook-id`. Of what was told over a week ago nothing is kept to tell."""
    ids = None if wanted.ids is None else [int(name.removeprefix("msg_")) for name in wanted.ids]
    which = Filter("" if ids is not None else wanted.state, wanted.type)
    number = replay(_find(request, webhook_id), which, now_ms(), ids=None if ids is None else [one for one in ids if one < 2**63])
    return ReplayOut(replayed=number)


def _find(request: HttpRequest, webhook_id: int) -> Webhook:
    try:
        return find_webhook(workspace_of(request), webhook_id)
    except WebhookNotFound as error:
        raise NotFound(str(error)) from None


def _show(row: Webhook) -> WebhookOut:
    health = row.health
    return WebhookOut(
        id=row.pk,
        name=row.name,
        url=row.url,
        types=row.types,
        purpose=row.purpose,
        format=row.format,
        state=row.state,
        off_because=row.off_because,
        deliveries=count_by_state(row),
        health=HealthOut(
            failures=health.failures,
            status=health.status,
            trouble=health.trouble,
            at=show_time(health.at),
            taken_at=show_time(health.taken_at),
            resting_until=show_time(health.open_until or None),
        ),
        created_at=iso(row.created_at),
    )


def _tell(one: Told) -> DeliveryOut:
    return DeliveryOut(
        id=one.name,
        type=one.type,
        person_id="" if one.is_about_nobody else str(one.person_id),
        state=one.state,
        attempts=one.attempts,
        status=one.status,
        trouble=one.trouble,
        at=iso(one.at),
        due_at=iso(one.due_at) if one.state == "waiting" else None,
        settled_at=show_time(one.settled_at),
    )
