"""The shapes of privacy requests in the control API."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field, StringConstraints

from troth.api.schemas import Input, PurposeKey, RequestOut, Time
from troth.privacy.desk.carrying_out import Ground
from troth.privacy.desk.identity import Means
from troth.privacy.desk.steps import How, Step
from troth.privacy.models import RequestType

Text = Annotated[str, StringConstraints(max_length=20_000)]
Told = Annotated[str, StringConstraints(min_length=1, max_length=320)]
Line = Annotated[str, StringConstraints(max_length=500)]


class RequestIn(Input):
    """A request that a person made of the company."""

    type: RequestType
    received_at: Annotated[int, Field(gt=0, lt=2**53)] | None = Field(
        None, description="Milliseconds; when it came, if that was before now."
    )
    language: Annotated[str, StringConstraints(max_length=10)] = Field("", description="In which the person is answered, e.g. `de`.")
    words: Text = Field("", description="What the person said; kept with the person and erased with them.")
    identity: Means | None = Field(None, description="`login` or `mandate`, where it is known who asks.")
    purposes: Annotated[list[PurposeKey], Field(min_length=1, max_length=100)] | None = Field(
        None,
        description="Of an objection: what the person names. It stands still until the objection is decided; not said: all that one can object to.",
    )


class UnknownRequestIn(Input):
    """A request of whoever it may be: what they told to be found by, and where they can be answered."""

    type: RequestType
    told: Annotated[dict[Literal["email", "phone", "external_id"], Told], Field(max_length=3)] = Field(
        {}, description="By what they can be looked for; compared and not kept."
    )
    address: Annotated[str, StringConstraints(max_length=320)] = Field(
        "", description="The e-mail address that it came from: kept in the request's own file, for the answer that nothing is found."
    )
    received_at: Annotated[int, Field(gt=0, lt=2**53)] | None = None
    language: Annotated[str, StringConstraints(max_length=10)] = ""
    words: Text = ""
    purposes: Annotated[list[PurposeKey], Field(min_length=1, max_length=100)] | None = Field(
        None, description="Of an objection: what the person names, as above."
    )


class LookIn(Input):
    """One datum more of somebody who is not on file."""

    told: Annotated[dict[Literal["email", "phone", "external_id"], Told], Field(min_length=1, max_length=3)]


class IdentityIn(Input):
    """What shows who is asking: a code that was mailed, values that are on file, or how else it is known."""

    code: Annotated[str, StringConstraints(max_length=20)] | None = None
    values: Annotated[dict[str, Annotated[str, StringConstraints(min_length=1, max_length=320)]], Field(max_length=5)] | None = Field(
        None, description="By kind of identifier (`phone`, `external_id`, …) or name of an attribute; two of different kinds are stronger."
    )
    means: Means | None = Field(None, description="`login`: your product knows; `mandate`: you have read an agent's mandate.")


class DetailsIn(Input):
    """What the person wants exactly, for `carry_out`."""

    purposes: Annotated[list[PurposeKey], Field(min_length=1, max_length=100)] | None = Field(
        None, description="Objected to, weighed, or withdrawn; without them direct marketing, or all that was agreed to."
    )
    attributes: Annotated[dict[str, Any], Field(max_length=100)] = Field({}, description="A correction; null removes.")
    email: Annotated[str, StringConstraints(max_length=320)] = ""
    phone: Annotated[str, StringConstraints(max_length=40)] = ""
    by_hand: bool = Field(False, description="The correction was made already.")
    finding: Text = Field(
        "", description="Of who looked at a decision again (Art. 22(3)), of who weighed an objection, or what a disputed value said before."
    )
    disputed: bool = Field(False, description="A rectification: what the values said before is kept in the request's file alone.")
    ground: Ground = Field(Ground.NONE, description="Why it is refused, or a fee asked for (Art. 12(5)): `unfounded` or `excessive`.")
    fee: Annotated[str, StringConstraints(max_length=20)] = Field("", description="For `ask_fee`, e.g. `12.50 EUR`.")
    prevails: bool = Field(False, description="For `weigh`: compelling legitimate grounds prevail over the objection (Art. 21(1)).")


class StepIn(Input):
    """A step of a request, and what the person is told of it."""

    step: Step
    text: Text = Field("", description="The reasons, the question, the answer, or the note; mailed as it stands where `tell` is `mail`.")
    subject: Line = ""
    tell: How = Field(How.OTHERWISE, description="`mail`: to the address on file; `otherwise`: you told the person yourself.")
    details: DetailsIn | None = None


class ClockOut(Schema):
    """The legal clock (Art. 12(3))."""

    due_at: Time
    first_due_at: Time = Field(description="Until then an extension can be told.")
    is_paused: bool
    is_extended: bool
    is_overdue: bool


class StepOut(Schema):
    """One step of the history."""

    at: Time
    step: str
    door: str
    role: str
    state: str
    facts: dict[str, Any]
    subject: str | None = Field(description="Of the mail; null once the person is gone.")
    text: str | None


class ForwardingOut(Schema):
    """That a request is passed on to the controller, within 48 hours (Art. 28)."""

    due_at: str
    forwarded_at: str | None
    how: str = Field(description="`mail`, or `otherwise`; empty: not yet.")


class RequestDetail(RequestOut):
    """A privacy request with its clock, its history, what was done and, for an erasure, its signed certificate."""

    language: str
    identity: str = Field(description="By what means it is known who asks; empty: it is not.")
    identity_is_enough: bool = Field(description="Whether that is in proportion to the right.")
    clock: ClockOut
    forwarding: ForwardingOut | None = Field(
        description="Of a processor: whether the controller knows of it; null where nothing is to be passed on."
    )
    frozen: list[str] = Field(
        description="Of an objection: the purposes that stand still for the person until it is decided (Art. 18(1)(d))."
    )
    possible: list[str] = Field(description="The acts that can move it.")
    history: list[StepOut]
    steps: dict[str, Any]
    certificate: dict[str, Any] | None


class DraftOut(Schema):
    """A mail to the person as it may be sent; change it as you like."""

    language: str
    subject: str
    text: str


class RequestsPage(Schema):
    """Some requests, the newest first."""

    items: list[RequestOut]
    next_cursor: str | None


class BulkIn(Input):
    """The same step for many requests."""

    requests: Annotated[list[UUID], Field(min_length=1, max_length=200)]
    step: Step
    text: Text = ""


class BulkOut(Schema):
    """What became of each."""

    done: list[UUID]
    refused: dict[str, str] = Field(description="By request, why not.")
