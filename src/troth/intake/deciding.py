"""What persons decide, and restrictions of processing: recorded, and standing from the next command on."""

from __future__ import annotations

from troth.consent.catalog import Catalog, PurposeRule
from troth.consent.claims import STATES, Judgement, judge
from troth.consent.decisions import NO_DECISION, DecisionRow, Said, find_earlier, find_frozen
from troth.consent.evidence import Finding
from troth.consent.models import EVERYTHING, Standing
from troth.intake.commands import ACCEPTED, CLAIMS, REFUSALS, UNKNOWN_PERSON, VOID_CLAIM, Decide, Decision, Outcome, Restrict
from troth.intake.identities import find_all_known
from troth.intake.plan import Plan
from troth.kernel.personal_data import Subject
from troth.people.identifiers import Handle

SAID_ALONG = "context"
"""The method of a decision that comes along with every event."""
AMBIGUOUS = "ambiguous"


def apply_decision(plan: Plan, command: Decide, handles: list[Handle]) -> Outcome:
    """Record a decision for everybody the identifier leads to. An opt-out of somebody unknown creates them, so that it is not forgotten."""
    people = find_all_known(plan, command.workspace_id, command.identity, handles)
    refuses = command.decision in REFUSALS
    if not people:
        if not (refuses and handles) or command.identity.person_id is not None:
            return Outcome(status=UNKNOWN_PERSON)
        people = [plan.create_person(command.workspace_id, handles, command.source)]
    purposes = _purposes(plan.catalog(command.workspace_id), command)
    findings: list[Finding] = []
    recorded = 0
    for person_id in people:
        for purpose, rule in purposes.items():
            if command.method == SAID_ALONG and not plan.would_change(person_id, purpose, refuses=refuses):
                recorded += 1
                continue
            subject = Subject(command.workspace_id, person_id)
            if command.decision in CLAIMS:
                judgement = _judge(plan, command, rule, person_id)
                findings += judgement.findings
                if not judgement.state:
                    plan.void_claims.update((command.workspace_id, command.source, code) for code in judgement.codes)
                    continue
                plan.add_decision(_claim_row(command, rule, subject, judgement))
            else:
                plan.add_decision(_answer_row(command, rule, subject))
            recorded += 1
    found = tuple({finding.code: finding for finding in findings}.values())
    if purposes and not recorded:
        return Outcome(status=VOID_CLAIM, person_id=people[0], reason=" ".join(finding.code for finding in found), findings=found)
    return Outcome(status=ACCEPTED, person_id=people[0], reason="" if purposes else "unknown_purpose", findings=found)


def _judge(plan: Plan, command: Decide, rule: PurposeRule, person_id: int) -> Judgement:
    stood = plan.stood(person_id, rule.key) or NO_DECISION
    return judge(
        plan.catalog(command.workspace_id),
        rule,
        command.evidence,
        texts=plan.texts(command.workspace_id),
        source=command.source,
        at=command.received_at,
        now=plan.now,
        standing=stood.standing,
        decided_at=stood.decided_at,
        is_soft=command.decision is Decision.SOFT_OPT_IN,
    )


def _claim_row(command: Decide, rule: PurposeRule, subject: Subject, judgement: Judgement) -> DecisionRow:
    return DecisionRow(
        subject=subject,
        purpose=rule.key,
        said=Said(command.decision.value),
        valid=not judgement.findings,
        at=judgement.at,
        method=command.method,
        source=command.source,
        evidence=judgement.evidence,
        purpose_version=rule.version,
        valid_until=judgement.valid_until,
        state=judgement.state,
        notice=judgement.notice,
        notice_version=judgement.notice_version,
        notice_hash=judgement.notice_hash,
        language=judgement.language,
        rules=judgement.codes,
    )


def _answer_row(command: Decide, rule: PurposeRule, subject: Subject) -> DecisionRow:
    """A withdrawal, refusal or objection counts whatever it brings along, from the moment it reached us (Art. 7(3))."""
    said = Said(command.decision.value)
    return DecisionRow(
        subject=subject,
        purpose=rule.key,
        said=said,
        at=command.received_at,
        method=command.method,
        source=command.source,
        evidence=command.evidence,
        purpose_version=rule.version,
        state=STATES.get(said.value, ""),
    )


def _purposes(catalog: Catalog, command: Decide) -> dict[str, PurposeRule]:
    """What a decision is on. To an archived purpose nobody can agree any more, but a refusal is heard."""
    if command.purpose is None:
        keys = catalog.direct_marketing if command.decision is Decision.OBJECT else catalog.marketing
        return {key: catalog.purposes[key] for key in keys}
    rule = catalog.rule(command.purpose)
    return {} if rule is None or (rule.archived and command.decision in CLAIMS) else {rule.key: rule}


def apply_restriction(plan: Plan, command: Restrict, handles: list[Handle]) -> Outcome:
    """Restrict everybody the identifier leads to (Art. 18); lift only from the one person it leads to, for a lifting can harm."""
    people = find_all_known(plan, command.workspace_id, command.identity, handles)
    if not people:
        return Outcome(status=UNKNOWN_PERSON)
    if command.lift and len(people) > 1:
        return Outcome(status=UNKNOWN_PERSON, reason=AMBIGUOUS)
    for person_id in people:
        subject = Subject(command.workspace_id, person_id)
        for purpose in _restricted_purposes(plan, command, subject):
            plan.add_decision(_restriction_row(plan, command, subject, purpose))
    return Outcome(status=ACCEPTED, person_id=people[0])


def _restricted_purposes(plan: Plan, command: Restrict, subject: Subject) -> list[str]:
    """What a restriction changes: of single purposes none that the person stopped themselves, and of its lifting those alone that it stopped."""
    if not command.purposes:
        return [EVERYTHING]
    if command.lift:
        return find_frozen(subject, command.purposes)
    return [key for key in command.purposes if (plan.stood(subject.person_id, key) or NO_DECISION).standing != Standing.REFUSED]


def _restriction_row(plan: Plan, command: Restrict, subject: Subject, purpose: str) -> DecisionRow:
    is_all = purpose == EVERYTHING
    rule = None if is_all else plan.catalog(subject.workspace_id).rule(purpose)
    return DecisionRow(
        subject=subject,
        purpose=purpose,
        said=Said.LIFT if command.lift else Said.RESTRICT,
        at=command.received_at,
        method=command.method,
        source=command.source,
        evidence={**command.evidence, **({"reason": command.reason} if command.reason else {})},
        purpose_version=rule.version if rule else 0,
        back_to=find_earlier(subject, purpose) if command.lift and not is_all else None,
    )
