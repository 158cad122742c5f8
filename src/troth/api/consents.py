"""Consents: where a person stands, recording what they decided, and the purposes that data is collected for."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Status

from troth.api.access import READ_PEOPLE, WRITE_CONSENT, workspace_of
from troth.api.errors import ConsentRefused, Suppressed
from troth.api.persons import resolve
from troth.api.schemas import (
    AssignmentIn,
    ConsentsOut,
    DecisionIn,
    PersonRef,
    PurposeOut,
    RecordOut,
    StandingOut,
    SuppressionAnswer,
    SuppressionQuery,
    problems,
)
from troth.consent.catalog import assign, load_catalog
from troth.consent.decisions import is_restricted, load_stances
from troth.consent.gate import Facts, Operation, reason_against
from troth.consent.models import Record, Standing
from troth.consent.suppression import is_suppressed
from troth.intake.addressing import identity_of
from troth.intake.commands import DROPPED, Decide, Decision
from troth.intake.door import apply
from troth.kernel.clock import iso, now_ms
from troth.kernel.personal_data import Subject
from troth.people.event_names import fold_event_name

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
    load_catalog(workspace_id).require(said.purpose)
    if said.decision == "grant":
        check_grant(said)
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
    stances = load_stances([subject.person_id]).get(subject.person_id, {})
    restricted = is_restricted(stances)
    standing = []
    for rule in catalog.purposes.values():
        stance = stances.get(rule.key, Standing.NONE)
        facts = Facts(basis=rule.basis, is_marketing=rule.is_marketing, standing=stance, restricted=restricted)
        reason = reason_against(facts, Operation.PROFILE)
        standing.append(
            StandingOut(
                purpose=rule.key, name=rule.name, legal_basis=rule.basis, standing=WORDS[stance], permitted=not reason, reason=reason
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


@router.get("/purposes", auth=READ_PEOPLE, response={200: list[PurposeOut], **problems()})
def list_purposes(request: HttpRequest) -> list[PurposeOut]:
    """The purposes of the workspace with their legal bases."""
    return [
        PurposeOut(key=rule.key, name=rule.name, legal_basis=rule.basis, is_marketing=rule.is_marketing)
        for rule in load_catalog(workspace_of(request)).purposes.values()
    ]


@router.put("/purposes/assignments", auth=WRITE_CONSENT, response={200: AssignmentIn, **problems()})
def assign_purpose(request: HttpRequest, assignment: AssignmentIn) -> AssignmentIn:
    """Have an event name or attribute collected for a purpose from now on; within a second at every door."""
    name = fold_event_name(assignment.name) if assignment.kind == "event" else assignment.name
    assign(workspace_of(request), assignment.kind, name, assignment.purpose)
    return AssignmentIn(kind=assignment.kind, name=name, purpose=assignment.purpose)


@router.post("/suppressions/check", auth=READ_PEOPLE, response={200: SuppressionAnswer, **problems()})
def check_suppression(request: HttpRequest, query: SuppressionQuery) -> SuppressionAnswer:
    """Whether an identifier belongs to somebody who was erased; nothing about it is stored or logged."""
    return SuppressionAnswer(suppressed=is_suppressed(workspace_of(request), query.value))
