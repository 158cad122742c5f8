"""Privacy requests: each exercise of a right is recorded with its legal term (Art. 12(3), 5(2) GDPR).

Erasure is opened here and carried out elsewhere. Correction, restriction and objection are honoured at once: carried out through the one door and
recorded, in one transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from troth.consent.catalog import load_catalog
from troth.consent.decisions import load_stances
from troth.consent.gate import CONSENT_FREE
from troth.consent.models import LegalBasis, Standing
from troth.intake.addressing import identity_of
from troth.intake.commands import DROPPED, UNKNOWN_PERSON, Command, Decide, Decision, Identify, Identity, Restrict
from troth.intake.door import apply
from troth.intake.json_values import check_value
from troth.intake.wire.values import is_email
from troth.kernel.errors import TrothError
from troth.kernel.personal_data import Subject
from troth.people.identifiers import normalise_phone
from troth.people.lookup import PersonNotFound
from troth.privacy.downstream.opening import LIFTED, find_known, open_notices
from troth.privacy.history import CLOSE, OPEN, By, write_step
from troth.privacy.legal_clock import Seat, due_at
from troth.privacy.models import PrivacyRequest, RequestState, RequestType
from troth.privacy.seats import load_seat, pack_seat

ASSERTED = "asserted"
"""Of a right that is honoured at once: whoever called knows who asked (`desk.identity.Means`)."""


class CorrectionSuppressed(TrothError):
    """A correction that would bring back an identifier of somebody who was erased."""

    def __init__(self) -> None:
        super().__init__("Not accepted: it carries an identifier of somebody who was erased and must stay erased.")


class ContactInvalid(TrothError):
    """An address or number that can be none."""


class NotTold(TrothError):
    """A restriction that would be lifted without a word to the person."""

    def __init__(self) -> None:
        super().__init__(
            "Tell the person before the restriction is lifted (Art. 18(3)), and say that you did (`told`, --told); or lift it at the desk."
        )


class ObjectionImpossible(TrothError):
    """An objection to processing that does not rest on a ground one can object to."""


def check_contact(email: str) -> None:
    """Raises ContactInvalid."""
    if email and not is_email(email):
        raise ContactInvalid("Not an e-mail address: check the spelling.")


def open_erasure(workspace_id: int, *, source: str, received_at: int, seat: Seat | None = None) -> PrivacyRequest:
    """A new request for erasure, not yet saved: the erasing transaction saves it."""
    return new_request(workspace_id, RequestType.ERASURE, source=source, received_at=received_at, seat=seat)


def new_request(workspace_id: int, right: RequestType, *, source: str, received_at: int, seat: Seat | None = None) -> PrivacyRequest:
    """A request as it is received, with its term; not yet saved. `seat`: the workspace's, where it was loaded already."""
    seat = seat or load_seat(workspace_id)
    return PrivacyRequest(
        id=uuid.uuid4(),
        workspace_id=workspace_id,
        type=right,
        source=source,
        received_at=received_at,
        due_at=due_at(received_at, seat),
        seat=pack_seat(seat),
    )


def find_awaiting(subjects: Sequence[Subject]) -> dict[Subject, PrivacyRequest]:
    """The persons' requests for erasure that wait for confirmation."""
    waiting = PrivacyRequest.objects.filter(
        workspace_id__in={subject.workspace_id for subject in subjects},
        person_id__in=[subject.person_id for subject in subjects],
        type=RequestType.ERASURE,
        state=RequestState.AWAITING_CONFIRMATION,
    )
    return {Subject(request.workspace_id, request.person_id): request for request in waiting if request.person_id is not None}


def ask_for_confirmation(subject: Subject, *, source: str, received_at: int) -> PrivacyRequest:
    """Record a deletion that somebody must confirm first; one per person, however often it is asked for."""
    if found := find_awaiting([subject]).get(subject):
        return found
    request = open_erasure(subject.workspace_id, source=source, received_at=received_at)
    request.person_id = subject.person_id
    request.state = RequestState.AWAITING_CONFIRMATION
    request.tell_at = received_at
    with transaction.atomic():
        request.save(force_insert=True)
        write_step(request, OPEN, By(source), received_at)
    return request


def record_export(subject: Subject, *, source: str, now: int) -> PrivacyRequest:
    """Record that everything held on a person was handed out (Art. 15, 20)."""
    return record_done(subject, RequestType.ACCESS, source=source, now=now, steps={})


def record_done(subject: Subject, right: RequestType, *, source: str, now: int, steps: dict[str, Any]) -> PrivacyRequest:
    """Record a right that was exercised and honoured at once. `steps` outlive the person: numbers and fixed names, no word of theirs."""
    request = new_request(subject.workspace_id, right, source=source, received_at=now)
    request.state, request.closed_at, request.person_id, request.steps = RequestState.DONE, now, subject.person_id, steps
    request.identity, request.identified_at = ASSERTED, now
    with transaction.atomic():
        request.save(force_insert=True)
        write_step(request, CLOSE, By(source), now)
    return request


def restrict_person(subject: Subject, *, lift: bool, source: str, reason: str, now: int, told: bool = False) -> PrivacyRequest:
    """Restrict the processing of a person's data (Art. 18), or lift the restriction; it reaches what is queued already.

    `told`: whoever lifts says that the person was informed before (Art. 18(3)); Troth records that, and sends nothing itself. The reason is kept
    with the person's record and goes with it. Raises PersonNotFound, NotTold.
    """
    if lift and not told:
        raise NotTold
    with transaction.atomic():
        known = find_known([subject])
        steps = carry_restriction(subject, lift=lift, source=source, reason=reason, now=now, told=told)
        request = record_done(subject, RequestType.RESTRICTION, source=source, now=now, steps=steps)
        open_notices(request, known, now, right=LIFTED if lift else "")
        return request


def carry_restriction(
    subject: Subject, *, lift: bool, source: str, reason: str, now: int, told: bool = False, purposes: Sequence[str] = ()
) -> dict[str, Any]:
    """Restrict or lift without recording a request of its own, of everything or of single purposes; says what was done. Raises PersonNotFound."""
    evidence = {"person_told_before": told} if lift else {}
    command = Restrict(
        **_said_by(subject, source, now),
        identity=identity_of(subject),
        purposes=tuple(purposes),
        lift=lift,
        reason=reason,
        method=source,
        evidence=evidence,
    )
    _carry_out(command, now)
    return {"processing": "restriction lifted" if lift else "restricted", **evidence}


def object_for_person(
    subject: Subject, *, purposes: Sequence[str] | None, source: str, now: int, evidence: dict[str, Any] | None = None
) -> PrivacyRequest:
    """Record that a person objects (Art. 21) to purposes, or, `purposes` None, to direct marketing: all of it, and profiling for it.

    Raises PersonNotFound, PurposeUnknown, ObjectionImpossible.
    """
    with transaction.atomic():
        known = find_known([subject])
        steps = carry_objection(subject, purposes=purposes, source=source, now=now, evidence=evidence)
        request = record_done(subject, RequestType.OBJECTION, source=source, now=now, steps=steps)
        open_notices(request, known, now, purposes=steps["purposes"])
        return request


def carry_objection(
    subject: Subject, *, purposes: Sequence[str] | None, source: str, now: int, evidence: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Object without recording a request of its own; says what it reached. In a transaction. Raises as `object_for_person` does."""
    catalog = load_catalog(subject.workspace_id)
    for key in purposes or ():
        rule = catalog.require(key)
        if rule.basis in CONSENT_FREE and not rule.is_marketing:
            raise ObjectionImpossible(f"Processing for {key} rests on {rule.basis}, to which nobody can object (Art. 21(1)).")
    said: Sequence[str | None] = [None] if purposes is None else purposes
    for purpose in said:
        command = Decide(
            **_said_by(subject, source, now),
            identity=identity_of(subject),
            decision=Decision.OBJECT,
            purpose=purpose,
            method=source,
            evidence={"right": "objection (Art. 21)", **(evidence or {})},
        )
        _carry_out(command, now)
    return {"purposes": catalog.direct_marketing if purposes is None else list(purposes)}


def carry_withdrawal(subject: Subject, *, purposes: Sequence[str] | None, source: str, now: int) -> dict[str, Any]:
    """Withdraw consents (Art. 7(3)): to purposes, or, `purposes` None, all that were given; says which. In a transaction.

    Raises PersonNotFound, PurposeUnknown.
    """
    catalog = load_catalog(subject.workspace_id)
    stances = load_stances([subject.person_id]).get(subject.person_id, {})
    given = [
        rule.key for rule in catalog.purposes.values() if rule.basis == LegalBasis.CONSENT and stances.get(rule.key) == Standing.GRANTED
    ]
    wanted = given if purposes is None else [catalog.require(key).key for key in purposes]
    for key in wanted:
        about = _said_by(subject, source, now)
        _carry_out(Decide(**about, identity=identity_of(subject), decision=Decision.WITHDRAW, purpose=key, method=source, evidence={}), now)
    return {"purposes": wanted}


def rectify_person(
    subject: Subject,
    *,
    attributes: dict[str, Any],
    source: str,
    now: int,
    email: str | None = None,
    phone: str | None = None,
    remove_identifiers: Identity | None = None,
) -> PrivacyRequest:
    """Correct a person as they asked (Art. 16), as `correct_person` does, and record the request. Raises what that raises."""
    with transaction.atomic():
        known = find_known([subject])
        changed = correct_person(
            subject, attributes=attributes, source=source, now=now, email=email, phone=phone, remove_identifiers=remove_identifiers
        )
        request = record_done(subject, RequestType.RECTIFICATION, source=source, now=now, steps=changed)
        open_notices(request, known, now, corrected=attributes)
        return request


def correct_person(
    subject: Subject,
    *,
    attributes: dict[str, Any],
    source: str,
    now: int,
    email: str | None = None,
    phone: str | None = None,
    remove_identifiers: Identity | None = None,
) -> dict[str, Any]:
    """Correct what is held, also of somebody restricted: None removes an attribute, a new address or number replaces the old. Says what changed.

    Raises PersonNotFound, CorrectionSuppressed, ContactInvalid, ValueRefused (an attribute that cannot be kept).
    """
    check_value(attributes, "$.attributes")
    check_contact(email or "")
    if phone and not normalise_phone(phone):
        raise ContactInvalid("Not a phone number with country code, e.g. +4930123456.")
    command = Identify(
        **_said_by(subject, source, now),
        identity=Identity(person_id=subject.person_id, email=email or None, phone=phone or None),
        attributes=attributes,
        remove_identifiers=remove_identifiers,
        create=False,
        rectifies=True,
    )
    _carry_out(command, now)
    return {
        "attributes": len(attributes),
        "identifiers": [kind for kind, value in (("email", email), ("phone", phone)) if value],
        "identifiers_removed": remove_identifiers is not None,
    }


def _said_by(subject: Subject, source: str, now: int) -> dict[str, Any]:
    return {"workspace_id": subject.workspace_id, "source": source, "received_at": now}


def _carry_out(command: Command, now: int) -> None:
    """Through the one door. Raises PersonNotFound, CorrectionSuppressed."""
    outcome = apply([command], now=now)[0]
    if outcome.status == UNKNOWN_PERSON:
        raise PersonNotFound
    if outcome.status == DROPPED:
        raise CorrectionSuppressed
