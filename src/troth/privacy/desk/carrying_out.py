"""Carrying a right out: what is done, by type, once it is known well enough who asks; with its step, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import msgspec
from django.db import transaction

from troth.kernel.errors import TrothError
from troth.people.lookup import load_person
from troth.people.models import Identifier
from troth.privacy.contested import check_request
from troth.privacy.desk.cases import carried_out, subject_of
from troth.privacy.desk.freezing import named_purposes
from troth.privacy.desk.identity import check_identity
from troth.privacy.downstream.opening import find_known, open_notices
from troth.privacy.erasure.erasing import Erasure, erase_one
from troth.privacy.history import By
from troth.privacy.models import PrivacyRequest, RequestType
from troth.privacy.requests import carry_objection, carry_restriction, carry_withdrawal, correct_person
from troth.privacy.states import Act, next_state


class DetailMissing(TrothError):
    """What is to be done was not said."""


class Ground(StrEnum):
    """Why a controller may refuse, or ask for a fee (Art. 12(5)); it has to show that it is so."""

    NONE = ""
    UNFOUNDED = "unfounded"
    EXCESSIVE = "excessive"


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What the person wants exactly; each type reads its own."""

    purposes: tuple[str, ...] | None = None
    """Objected to, or withdrawn; None: what the person named when they objected, else direct marketing; or all that was agreed to."""
    attributes: Mapping[str, Any] = {}
    email: str = ""
    phone: str = ""
    by_hand: bool = False
    """A rectification that a member made on the person's page."""
    finding: str = ""
    """Of who looked at a decision again; of whoever weighed an objection; or what a disputed value said before. Kept with the person."""
    disputed: bool = False
    """A rectification about which there were two opinions: what the values said before is kept in the request's file, and goes with it."""
    ground: Ground = Ground.NONE
    """Why a request is refused without being looked at, or a fee asked for (Art. 12(5))."""
    fee: str = ""
    """What is asked for, e.g. `12.50 EUR`."""
    prevails: bool = False
    """Whether compelling legitimate grounds prevail over an objection (Art. 21(1))."""


def carry_out(request: PrivacyRequest, details: Details, *, by: By, now: int, facts: Mapping[str, Any] | None = None) -> None:
    """Do what was asked, and write it down; an erased person's request goes on by itself. Never in a transaction.

    Raises StepImpossible, IdentityLacking, PersonGone, PersonNotFound, DetailMissing, and what the right itself raises.
    """
    check_carrying_out(request)
    if request.type == RequestType.ERASURE:
        erase_one(erasure_of(request, by=by, facts=facts), now=now)
        return
    with transaction.atomic():
        past, known = _past_values(request, details), find_known([subject_of(request)])
        steps = WAYS[RequestType(request.type)](request, details, by.door, now)
        carried_out(request, steps, by=by, now=now, words="\n\n".join(text for text in (details.finding.strip(), past) if text))
        open_notices(request, known, now, corrected=details.attributes, purposes=steps.get("purposes"))


def check_carrying_out(request: PrivacyRequest) -> None:
    """Raises StepImpossible, Contested, IdentityLacking, PersonGone: what stands against it."""
    check_request(request.pk)
    next_state(request.state, Act.DELETE if request.type == RequestType.ERASURE else Act.CARRY_OUT)
    subject_of(request)
    check_identity(request.type, request.identity)


def erasure_of(request: PrivacyRequest, *, by: By, facts: Mapping[str, Any] | None = None) -> Erasure:
    """What carries out a request for erasure. Raises PersonGone."""
    told = {**_told_of(request), **(facts or {})}
    return Erasure(subjects=[subject_of(request)], source=request.source, request=request, by=by, facts=told)


def _told_of(request: PrivacyRequest) -> dict[str, Any]:
    """By what means it was known who asked, for the proof that outlives the person."""
    return {"means": request.identity}


def _hand_out(request: PrivacyRequest, details: Details, source: str, now: int) -> dict[str, Any]:
    """Access and portability: the data is made when it is fetched, whole and as of then."""
    return {"handed_out": "access" if request.type == RequestType.ACCESS else "portability"}


def _past_values(request: PrivacyRequest, details: Details) -> str:
    """What disputed values say before they are corrected, for the request's own file."""
    if request.type != RequestType.RECTIFICATION or not details.disputed:
        return ""
    subject = subject_of(request)
    held = load_person(subject).attributes
    lines = [f"{name}: {held.get(name, '–')} → {'–' if value is None else value}" for name, value in details.attributes.items()]
    contacts = {"email": details.email, "phone": details.phone}
    own = Identifier.objects.filter(bucket=subject.bucket, person_id=subject.person_id, kind__in=[k for k, v in contacts.items() if v])
    lines += [f"{kind}: {value} → {contacts[kind]}" for kind, value in own.values_list("kind", "value")]
    return "\n".join(lines)


def _rectify(request: PrivacyRequest, details: Details, source: str, now: int) -> dict[str, Any]:
    disputed = {"disputed": True} if details.disputed else {}
    if details.by_hand:
        if details.disputed and not details.finding.strip():
            raise DetailMissing(
                "Write what the disputed value said before, and what each side says: it is kept in the request's file alone."
            )
        return {"corrected": "by hand", **disputed}
    if not (details.attributes or details.email or details.phone):
        raise DetailMissing("Say what is to be corrected: attributes, an e-mail address or a phone number; or that it was done by hand.")
    changed = correct_person(
        subject_of(request),
        attributes=dict(details.attributes),
        source=source,
        now=now,
        email=details.email or None,
        phone=details.phone or None,
    )
    return {**changed, **disputed}


def _restrict(request: PrivacyRequest, details: Details, source: str, now: int) -> dict[str, Any]:
    named = named_purposes(request) or ()
    done = carry_restriction(subject_of(request), lift=False, source=source, reason="request of the person", now=now, purposes=named)
    return {**done, "purposes": named} if named else done


def _object(request: PrivacyRequest, details: Details, source: str, now: int) -> dict[str, Any]:
    purposes = named_purposes(request) if details.purposes is None else details.purposes
    return carry_objection(subject_of(request), purposes=purposes, source=source, now=now)


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
