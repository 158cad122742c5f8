"""Carrying a right out: what is done, by type, once it is known well enough who asks; with its step, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from django.db import transaction

from troth.kernel.errors import TrothError
from troth.privacy.desk.cases import carried_out, subject_of
from troth.privacy.desk.identity import check_identity
from troth.privacy.erasure import erase_person
from troth.privacy.history import By
from troth.privacy.models import PrivacyRequest, RequestType
from troth.privacy.requests import carry_objection, carry_restriction, carry_withdrawal, correct_person
from troth.privacy.states import Act, next_state


class DetailMissing(TrothError):
    """What is to be done was not said."""


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What the person wants exactly; each type reads its own."""

    purposes: tuple[str, ...] | None = None
    """Objected to, or withdrawn; None: direct marketing, or all that was agreed to."""
    attributes: Mapping[str, Any] = {}
    email: str = ""
    phone: str = ""
    by_hand: bool = False
    """A rectification that a member made on the person's page."""
    finding: str = ""
    """Of who looked at a decision again; kept with the person."""


def carry_out(request: PrivacyRequest, details: Details, *, by: By, now: int, facts: Mapping[str, Any] | None = None) -> None:
    """Do what was asked, and write it down; an erased person's request goes on by itself. Never in a transaction.

    Raises StepImpossible, IdentityLacking, PersonGone, PersonNotFound, DetailMissing, and what the right itself raises.
    """
    check_carrying_out(request)
    if request.type == RequestType.ERASURE:
        erase_person(
            subject_of(request), now=now, source=request.source, request=request, by=by, facts={**_told_of(request), **(facts or {})}
        )
        return
    with transaction.atomic():
        steps = WAYS[RequestType(request.type)](request, details, by.door, now)
        carried_out(request, steps, by=by, now=now, words=details.finding)


def check_carrying_out(request: PrivacyRequest) -> None:
    """Raises StepImpossible, IdentityLacking, PersonGone: what stands against it."""
    next_state(request.state, Act.DELETE if request.type == RequestType.ERASURE else Act.CARRY_OUT)
    subject_of(request)
    check_identity(request.type, request.identity)


def _told_of(request: PrivacyRequest) -> dict[str, Any]:
    """By what means it was known who asked, for the proof that outlives the person."""
    return {"means": request.identity}


def _hand_out(request: PrivacyRequest, details: Details, source: str, now: int) -> dict[str, Any]:
    """Access and portability: the data is made when it is fetched, whole and as of then."""
    return {"handed_out": "access" if request.type == RequestType.ACCESS else "portability"}


def _rectify(request: PrivacyRequest, details: Details, source: str, now: int) -> dict[str, Any]:
    if details.by_hand:
        return {"corrected": "by hand"}
    if not (details.attributes or details.email or details.phone):
        raise DetailMissing("Say what is to be corrected: attributes, an e-mail address or a phone number; or that it was done by hand.")
    return correct_person(
        subject_of(request),
        attributes=dict(details.attributes),
        source=source,
        now=now,
        email=details.email or None,
        phone=details.phone or None,
    )


def _restrict(request: PrivacyRequest, details: Details, source: str, now: int) -> dict[str, Any]:
    return carry_restriction(subject_of(request), lift=False, source=source, reason="request of the person", now=now)


def _object(request: PrivacyRequest, details: Details, source: str, now: int) -> dict[str, Any]:
    return carry_objection(subject_of(request), purposes=details.purposes, source=source, now=now)


def _withdraw(request: PrivacyRequest, details: Details, source: str, now: int) -> dict[str, Any]:
    return carry_withdrawal(subject_of(request), purposes=details.purposes, source=source, now=now)


def _review(request: PrivacyRequest, details: Details, source: str, now: int) -> dict[str, Any]:
    if not details.finding.strip():
        raise DetailMissing("Write what a person found who looked at the decision again (Art. 22(3)).")
    return {"reviewed": "by a person"}


WAYS: Mapping[RequestType, Callable[[PrivacyRequest, Details, str, int], dict[str, Any]]] = {
    RequestType.ACCESS: _hand_out,
    RequestType.PORTABILITY: _hand_out,
    RequestType.RECTIFICATION: _rectify,
    RequestType.RESTRICTION: _restrict,
    RequestType.OBJECTION: _object,
    RequestType.CONSENT_WITHDRAWAL: _withdraw,
    RequestType.HUMAN_REVIEW: _review,
}
"""Erasure is apart: it goes over several transactions, and by itself."""
