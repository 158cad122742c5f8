"""The shapes of purposes in the control API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field, StringConstraints

from troth.api.schemas import Input, Name, PurposeKey, Time

Short = Annotated[str, StringConstraints(max_length=200)]
Long = Annotated[str, StringConstraints(max_length=4000)]
Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
Duration = Annotated[str, StringConstraints(max_length=32)]
Basis = Literal["consent", "contract", "legal_obligation", "vital_interest", "public_task", "legitimate_interest"]
Kind = Literal["event", "attribute", "segment", "campaign", "topic"]


class PurposeIn(Input):
    """What a purpose is; what is left out of a revision stays as it is."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    legal_basis: Basis | None = Field(None, description="Art. 6(1) GDPR; `consent` when left out of a new one.")
    is_marketing: bool | None = Field(None, description="Withdrawn by a global unsubscribe; its mail carries the unsubscribe headers.")
    description: dict[Language, Long] | None = Field(
        None, description="What is done, in plain words, by language (BCP 47).", max_length=100
    )
    data_categories: list[Short] | None = Field(None, max_length=200)
    retention: Duration | None = Field(None, description="ISO 8601, e.g. `P36M`; empty: as long as the person is known.")
    recipients: list[Short] | None = Field(None, max_length=200)
    transfers: Long | None = Field(None, description="Third countries and the safeguard (Art. 13(1)(f)); empty: none.")
    automated_decision: Long | None = Field(None, description="Its logic and what follows (Art. 22); empty: none.")
    on_change: Literal["invalidate", "ask_again"] | None = Field(None, description="What a material change does to consents given before.")
    consent_lasts: Duration | None = Field(None, description="ISO 8601, e.g. `P24M`; empty: until withdrawn.")
    double_opt_in: bool | None = None
    special_category: bool | None = Field(None, description="Data of Art. 9: the consent must be explicit.")
    soft_opt_in: bool | None = Field(
        None, description="Marketing to customers on a legitimate interest: only who bought and could object (2002/58/EC, Art. 13(2))."
    )
    sharing: bool | None = Field(
        None,
        description="Data goes to others for purposes of their own, or is joined across sites: what Global Privacy Control objects to.",
    )


class NewPurpose(PurposeIn):
    """A purpose to create."""

    key: PurposeKey
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Revision(PurposeIn):
    """A purpose's next version."""

    material: bool = Field(False, description="A person may have decided otherwise, had they known. Widening the processing always is.")


class PurposeOut(Schema):
    """Why data is processed, and on what basis."""

    key: str
    version: int
    archived: bool
    name: str
    legal_basis: str
    is_marketing: bool
    description: dict[str, str]
    data_categories: list[str]
    retention: str
    recipients: list[str]
    transfers: str
    automated_decision: str
    on_change: str
    consent_lasts: str
    double_opt_in: bool
    special_category: bool
    soft_opt_in: bool
    sharing: bool
    material_since: Time | None = Field(description="Consents given before count no more; null: all count.")


class PurposeVersionOut(Schema):
    """A purpose as it was."""

    version: int
    at: Time | None = Field(description="Since when; null: since the workspace was made.")
    material: bool
    terms: dict[str, Any]


class UnassignedOut(Schema):
    """Names in use that no assignment names, 500 of each at most; their data is collected for `service`."""

    events: list[str]
    attributes: list[str]
    campaigns: list[str] = Field(description="Campaigns whose purpose does not exist or is archived: they send nothing.")


class AssignmentIn(Input):
    """Have something belong to a purpose; an event name or attribute is collected for it."""

    kind: Kind
    name: Name
    purpose: PurposeKey
