"""Consents: where a person stands, and recording what they decided."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Status

from troth.api.access import READ_PEOPLE, WRITE_CONSENT, workspace_of
from troth.api.errors import ConsentRefused, Suppressed
from troth.api.persons import resolve
from troth.api.schemas import (
    ConsentsOut,
    DecisionIn,
    PersonRef,
    RecordOut,
    StandingOut,
    SuppressionAnswer,
    SuppressionQuery,
    problems,
)
from troth.consent.catalog import load_catalog
from troth.consent.decisions import NO_DECISION, load_decisions, make_facts
from troth.consent.gate import Operation, reason_against
from troth.consent.models import EVERYTHING, Record, Standing
from troth.consent.suppression import is_suppressed
from troth.intake.addressing import identity_of
from troth.intake.commands import DROPPED, Decide, Decision
from troth.intake.door import apply
from troth.kernel.clock import iso, now_ms
from troth.kernel.personal_data import Subject

router = Router(tags=["consents"])
MOST_RECORDS = 500
WORDS: dict[int, Literal["granted", "refused", "none"]] = {
    Standing.GRANTED: "granted",
    Standing.REFUSED: "refused",
    Standing.NONE: "none",
}


@router.get("/people/{person}/consents", auth=READ_PEOPLE, response={200: ConsentsOut, **problems(404, 409)})
def list_consents(request: HttpRequest, person: PersonRef) -> ConsentsOut:
    """Where a person stands on each purpose, and their latest 500 decisions."""
    return _show(resolve(workspace_of(request), person))


@router.post("/people/{person}/consents", auth=WRITE_CONSENT, response={201: ConsentsOut, **problems(404, 409)})
def record_decision(request: HttpRequest, said: DecisionIn, person: PersonRef) -> Status[ConsentsOut]:
    """Record what a person decided. A grant without the text shown, or from a box ticked beforehand, is void and refused (Art. 4(11), 7(1))."""
    workspace_id = workspace_of(request)
    subject = resolve(workspace_id, person)
    catalog = load_catalog(workspace_id)
    if said.decision == "grant":
        catalog.require(said.purpose)
        check_grant(said)
    elif catalog.rule(said.purpose) is None:
        catalog.require(said.purpose)
    now = now_ms()
    command = Decide(
        workspace_id=workspace_id,
        identity=identity_of(subject),
        source="api",
        received_at=now,
        decision=Decision(said.decision),
        purpose=said.purpose,
        method="api",
        evidence=_evidence(said),
    )
    if apply([command], now=now)[0].status == DROPPED:
        raise Suppressed
    return Status(201, _show(subject))


def check_grant(said: DecisionIn) -> None:
    """Refuse a consent that would be void. Raises ConsentRefused."""
    if not (said.notice or "").strip():
        raise ConsentRefused(
            "consent_without_text", "A consent needs the text that the person was shown: without it nothing is proven.", path="$.notice"
        )
    if said.default_state != "unchecked":
        raise ConsentRefused(
            "consent_pre_ticked", "A box ticked beforehand is no consent: ask again with an empty one.", path="$.default_state"
        )


def _evidence(said: DecisionIn) -> dict[str, Any]:
    told = said.dict(exclude={"purpose", "decision"}, exclude_none=True)
    return told if said.decision == "grant" else {name: value for name, value in told.items() if name != "default_state"}


def _show(subject: Subject) -> ConsentsOut:
    catalog = load_catalog(subject.workspace_id)
    said = load_decisions([subject.person_id]).get(subject.person_id, {})
    restricted = said.get(EVERYTHING, NO_DECISION).standing == Standing.REFUSED
    now = now_ms()
    standing = []
    for rule in catalog.purposes.values():
        stood = said.get(rule.key, NO_DECISION)
        reason = reason_against(make_facts(rule, stood, restricted=restricted), Operation.PROFILE, now)
        standing.append(
            StandingOut(
                purpose=rule.key,
                name=rule.name,
                legal_basis=rule.basis,
                standing=WORDS[stood.standing],
                permitted=not reason,
                reason=reason,
                valid_until=None if stood.valid_until is None else iso(stood.valid_until),
            )
        )
    records = Record.objects.filter(bucket=subject.bucket, person_id=subject.person_id).order_by("-record_id")[:MOST_RECORDS]
    return ConsentsOut(restricted=restricted, standing=standing, records=[_show_record(record) for record in records])


def _show_record(record: Record) -> RecordOut:
    return RecordOut(
        purpose=record.purpose,
        decision=record.decision,
        valid=record.valid,
        at=iso(record.at),
        method=record.method,
        source=record.source,
        evidence=record.evidence,
    )


@router.post("/suppressions/check", auth=READ_PEOPLE, response={200: SuppressionAnswer, **problems()})
def check_suppression(request: HttpRequest, query: SuppressionQuery) -> SuppressionAnswer:
    """Whether an identifier belongs to somebody who was erased; nothing about it is stored or logged."""
    return SuppressionAnswer(suppressed=is_suppressed(workspace_of(request), query.value))
