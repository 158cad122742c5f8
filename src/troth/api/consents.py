"""Consents: where a person stands, and recording what they decided, one by one or many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from django.http import HttpRequest
from ninja import Router, Status

from troth.api.access import READ_PEOPLE, WRITE_CONSENT, workspace_of
from troth.api.consent_schemas import (
    ConsentsOut,
    DecisionIn,
    DecisionOut,
    DecisionsIn,
    DecisionsOut,
    EvidenceFindingOut,
    ImportOut,
    ProblemOut,
    RecordOut,
    StandingOut,
)
from troth.api.errors import Ambiguous, ConsentRefused, NotFound, Suppressed, Unprocessable
from troth.api.persons import resolve
from troth.api.schemas import PersonRef, SuppressionAnswer, SuppressionQuery, problems, show_time
from troth.consent.catalog import Catalog, load_catalog
from troth.consent.claims import in_words
from troth.consent.decisions import NO_DECISION, load_decisions, make_facts
from troth.consent.evidence import Evidence, Finding
from troth.consent.gate import Operation, reason_against
from troth.consent.models import EVERYTHING, Record, Standing
from troth.consent.receipts import RecordUnknown, find_record, make_receipt
from troth.consent.suppression import is_suppressed
from troth.intake.addressing import identity_of
from troth.intake.commands import ACCEPTED, CLAIMS, DROPPED, VOID_CLAIM, Decide, Decision, Outcome
from troth.intake.decision_import import Report, import_decisions
from troth.intake.door import apply
from troth.kernel.clock import iso, now_ms
from troth.kernel.personal_data import Subject
from troth.people.lookup import PersonNotFound

router = Router(tags=["consents"])
MOST_RECORDS = 500
WORDS: dict[int, Literal["granted", "refused", "none"]] = {
    Standing.GRANTED: "granted",
    Standing.REFUSED: "refused",
    Standing.NONE: "none",
}
CSV_BODY = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}}
NOT_EVIDENCE = {"purpose", "decision", "person", "evidence"}


@router.get("/people/{person}/consents", auth=READ_PEOPLE, response={200: ConsentsOut, **problems(404, 409)})
def list_consents(request: HttpRequest, person: PersonRef) -> ConsentsOut:
    """Where a person stands on each purpose, and their latest 500 decisions."""
    return _show(resolve(workspace_of(request), person))


@router.post("/people/{person}/consents", auth=WRITE_CONSENT, response={201: ConsentsOut, **problems(404, 409)})
def record_decision(request: HttpRequest, said: DecisionIn, person: PersonRef) -> Status[ConsentsOut]:
    """Record what a person decided.

    A grant that lacks proof is recorded and permits nothing; `findings` says what it lacks. One that shows a fault, such as a box ticked beforehand,
    is void and refused (Art. 4(11), 7).
    """
    workspace_id = workspace_of(request)
    subject = resolve(workspace_id, person)
    _check_purpose(load_catalog(workspace_id), said)
    now = now_ms()
    outcome = apply([_command(subject, said, now)], now=now)[0]
    if outcome.status == DROPPED:
        raise Suppressed
    if outcome.status == VOID_CLAIM:
        raise ConsentRefused(in_words(outcome.findings))
    return Status(201, _show(subject, outcome.findings))


@router.get("/people/{person}/consents/{record_id}/receipt", auth=READ_PEOPLE, response={200: dict[str, Any], **problems(404, 409)})
def get_receipt(request: HttpRequest, person: PersonRef, record_id: int) -> dict[str, Any]:
    """The signed receipt of a decision, as JSON-LD; anybody can verify it with the public key at `/ledger/key`."""
    subject = resolve(workspace_of(request), person)
    try:
        record = find_record(subject.workspace_id, subject.person_id, subject.bucket, record_id)
    except RecordUnknown as unknown:
        raise NotFound(str(unknown)) from None
    return make_receipt(record, now_ms())


@router.post("/consents", auth=WRITE_CONSENT, response={200: DecisionsOut, **problems()})
def record_decisions(request: HttpRequest, many: DecisionsIn) -> DecisionsOut:
    """Record up to 500 decisions; each is judged by itself, and the answer says what became of each, in order."""
    workspace_id = workspace_of(request)
    catalog = load_catalog(workspace_id)
    now = now_ms()
    commands: list[Decide] = []
    results: list[DecisionOut | int] = []
    for place, said in enumerate(many.decisions):
        _check_evidence(said, f"$.decisions[{place}].evidence")
        fault = _find_fault(catalog, said)
        found = fault or _find_subject(workspace_id, said.person)
        if isinstance(found, str):
            results.append(DecisionOut(status=found, findings=[]))
        else:
            results.append(len(commands))
            commands.append(_command(found, said, now))
    outcomes = apply(commands, now=now) if commands else []
    return DecisionsOut(results=[_tell(outcomes[result]) if isinstance(result, int) else result for result in results])


@router.post("/consents/import", auth=WRITE_CONSENT, response={200: ImportOut, **problems()}, openapi_extra=CSV_BODY)
def import_csv(request: HttpRequest, dry_run: bool = False) -> ImportOut:
    """Record the decisions of a CSV file in UTF-8 (up to 4 MiB), each judged by its evidence columns. Sent again, it adds nothing."""
    try:
        lines = request.body.decode("utf-8-sig").splitlines(keepends=True)
    except UnicodeDecodeError:
        raise Unprocessable("The file is not in UTF-8: save it as UTF-8 and send it again.") from None
    report = import_decisions(workspace_of(request), lines, Report(), now=now_ms(), is_trial=dry_run)
    found = [ProblemOut(line=line, why=why) for line, why in report.problems]
    return ImportOut(rows=report.rows, counts=dict(report.counts), problems=found, dry_run=dry_run)


def _check_purpose(catalog: Catalog, said: DecisionIn) -> None:
    """To an archived purpose nobody can agree any more, but a refusal is heard. Raises PurposeUnknown."""
    if _find_fault(catalog, said):
        catalog.require(said.purpose)
    _check_evidence(said, "$.evidence")


def _find_fault(catalog: Catalog, said: DecisionIn) -> str:
    rule = catalog.rule(said.purpose)
    return "unknown_purpose" if rule is None or (rule.archived and said.decision in CLAIMS) else ""


def _check_evidence(said: DecisionIn, path: str) -> None:
    """Doors for machines read evidence leniently; here a field of a wrong type is told. Raises Unprocessable."""
    try:
        msgspec.convert(said.evidence or {}, Evidence)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        raise Unprocessable(f"{reason}.", path=f"{path}{place.rstrip('`')}") from None


def _find_subject(workspace_id: int, person: str) -> Subject | str:
    try:
        return resolve(workspace_id, person)
    except PersonNotFound:
        return "unknown_person"
    except Ambiguous:
        return "ambiguous"


def _tell(outcome: Outcome) -> DecisionOut:
    words = {ACCEPTED: "recorded", VOID_CLAIM: "refused", DROPPED: "suppressed"}
    return DecisionOut(status=words.get(outcome.status, outcome.status), findings=_show_findings(outcome.findings))


def _command(subject: Subject, said: DecisionIn, now: int) -> Decide:
    told: dict[str, Any] = {**(said.evidence or {}), **said.dict(exclude=NOT_EVIDENCE, exclude_none=True)}
    return Decide(
        workspace_id=subject.workspace_id,
        identity=identity_of(subject),
        source="api",
        received_at=now,
        decision=Decision(said.decision),
        purpose=said.purpose,
        method="api",
        evidence=told,
    )


def _show(subject: Subject, findings: Sequence[Finding] = ()) -> ConsentsOut:
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
                valid_until=show_time(stood.valid_until),
            )
        )
    records = Record.objects.filter(bucket=subject.bucket, person_id=subject.person_id).order_by("-record_id")[:MOST_RECORDS]
    shown = [_show_record(record) for record in records]
    return ConsentsOut(restricted=restricted, standing=standing, records=shown, findings=_show_findings(findings))


def _show_findings(findings: Sequence[Finding]) -> list[EvidenceFindingOut]:
    return [EvidenceFindingOut(code=found.code, why=found.why, mend=found.mend, ground=found.ground) for found in findings]


def _show_record(record: Record) -> RecordOut:
    return RecordOut(
        id=str(record.record_id),
        purpose=record.purpose,
        purpose_version=record.purpose_version,
        decision=record.decision,
        state=record.state,
        valid=record.valid,
        rules=record.rules,
        at=iso(record.at),
        valid_until=show_time(record.valid_until),
        method=record.method,
        source=record.source,
        notice=record.notice,
        notice_version=record.notice_version,
        notice_hash=record.notice_hash,
        language=record.language,
        evidence=record.evidence,
        leaf=record.leaf,
    )


@router.post("/suppressions/check", auth=READ_PEOPLE, response={200: SuppressionAnswer, **problems()})
def check_suppression(request: HttpRequest, query: SuppressionQuery) -> SuppressionAnswer:
    """Whether an identifier belongs to somebody who was erased; nothing about it is stored or logged."""
    return SuppressionAnswer(suppressed=is_suppressed(workspace_of(request), query.value))
