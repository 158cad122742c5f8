"""The shapes of consents in the control API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field, StringConstraints

from troth.api.schemas import Input, PurposeKey, Time

Text = Annotated[str, StringConstraints(max_length=2000)]
MOST_AT_ONCE = 500


class StandingOut(Schema):
    """Where a person stands on a purpose, and whether the gate lets it be used now."""

    purpose: str
    name: str
    legal_basis: str
    standing: Literal["granted", "refused", "none"]
    permitted: bool
    reason: str = Field(description="Why it is not permitted; empty when it is.")
    valid_until: Time | None = Field(None, description="When the consent ends by itself; null: it does not.")


class EvidenceFindingOut(Schema):
    """A fault of a claimed consent."""

    code: str = Field(examples=["C01"])
    why: str
    mend: str = Field(description="What would make it a consent.")
    ground: str = Field(description="The rule of law.")


class RecordOut(Schema):
    """One recorded decision."""

    id: str
    purpose: str
    purpose_version: int
    decision: str
    state: str = Field(description="As the DPV calls it, e.g. `ConsentGiven`; empty for what answers no request for consent.")
    valid: bool = Field(description="False: recorded, but it permits nothing.")
    rules: list[str] = Field(description="The rules that it failed.")
    at: Time
    valid_until: Time | None
    method: str
    source: str
    notice: str
    notice_version: str
    notice_hash: str
    language: str
    evidence: dict[str, Any]
    leaf: int | None = Field(description="Its number in the ledger; null: it is appended within seconds.")


class ConsentsOut(Schema):
    """Where a person stands, and the decisions that led there, the newest first."""

    restricted: bool = Field(description="Processing is restricted (Art. 18): nothing is permitted, whatever was decided.")
    standing: list[StandingOut]
    records: list[RecordOut]
    findings: list[EvidenceFindingOut] = Field([], description="Why what was just recorded permits nothing.")


class DecisionIn(Input):
    """A decision of the person. A grant brings along what the person was shown and did: what cannot be proven is recorded and permits nothing."""

    purpose: PurposeKey
    decision: Literal["grant", "soft_opt_in", "withdraw", "refuse", "defer", "object"]
    notice: Annotated[str, StringConstraints(max_length=20_000)] | None = Field(None, description="The text shown, word for word.")
    notice_key: Annotated[str, StringConstraints(max_length=64)] | None = Field(None, description="In its place: a published notice.")
    notice_version: Annotated[str, StringConstraints(max_length=100)] | int | None = None
    notice_hash: Annotated[str, StringConstraints(max_length=64)] | None = Field(None, description="SHA-256 of the text, in hexadecimal.")
    language: Annotated[str, StringConstraints(max_length=35)] | None = Field(None, description="Of what was shown; BCP 47, e.g. `de`.")
    source_url: Text | None = Field(None, description="Where it was shown.")
    default_state: Literal["unchecked", "checked"] | None = Field(None, description="How the box stood before the person acted.")
    control_kind: Annotated[str, StringConstraints(max_length=40)] | None = Field(None, description="`checkbox`, `button`, `signature`, …")
    decided_at: Annotated[str, StringConstraints(max_length=40)] | None = Field(
        None, description="RFC 3339, where it was before this call."
    )
    evidence: dict[str, Any] | None = Field(None, description="Whatever else proves it; see docs/consent.md for what is understood.")


class DecisionOfIn(DecisionIn):
    """A decision, and whose it is."""

    person: Annotated[str, StringConstraints(max_length=512)] = Field(description="As in a path: an id, or `email:…` and the like.")


class DecisionsIn(Input):
    """Many decisions at once."""

    decisions: list[DecisionOfIn] = Field(max_length=MOST_AT_ONCE)


class DecisionOut(Schema):
    """What became of one of many.

    `recorded` (also where it permits nothing: see `findings`), `refused` (void), `unknown_person`, `ambiguous`, `unknown_purpose` or `suppressed`.
    """

    status: str
    findings: list[EvidenceFindingOut]


class ProblemOut(Schema):
    """Why a row permits nothing, or was not recorded."""

    line: int
    why: str


class ImportOut(Schema):
    """What became of a file."""

    rows: int
    counts: dict[str, int] = Field(
        description="By outcome: `recorded`, `unproven` (recorded, permits nothing), `repeated`, `void`, `bad`, `unknown_person`, `unknown_purpose`,"
        " `ambiguous`, `suppressed`."
    )
    problems: list[ProblemOut] = Field(description="By line, the first thousand.")
    dry_run: bool


class DecisionsOut(Schema):
    """What became of each, in the order they came."""

    results: list[DecisionOut]
