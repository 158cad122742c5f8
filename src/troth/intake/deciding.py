"""What persons decide, and restrictions of processing: recorded, and standing from the next command on."""

from __future__ import annotations

from troth.consent.catalog import Catalog, PurposeRule
from troth.consent.decisions import DecisionRow, Said
from troth.consent.durations import add_duration
from troth.consent.models import EVERYTHING
from troth.intake.commands import ACCEPTED, UNKNOWN_PERSON, Decide, Decision, Outcome, Restrict
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
    refuses = command.decision is not Decision.GRANT
    if not people:
        if not (refuses and handles) or command.identity.person_id is not None:
            return Outcome(status=UNKNOWN_PERSON)
        people = [plan.create_person(command.workspace_id, handles, command.source)]
    catalog = plan.catalog(command.workspace_id)
    purposes = _purposes(catalog, command)
    for person_id in people:
        for purpose, rule in purposes.items():
            if command.method == SAID_ALONG and not plan.would_change(person_id, purpose, refuses=refuses):
                continue
            plan.add_decision(
                DecisionRow(
                    subject=Subject(command.workspace_id, person_id),
                    purpose=purpose,
                    said=Said(command.decision.value),
                    valid=command.valid,
                    at=command.received_at,
                    method=command.method,
                    source=command.source,
                    evidence=command.evidence,
                    purpose_version=rule.version,
                    valid_until=None if refuses else add_duration(command.received_at, rule.consent_lasts),
                )
            )
    return Outcome(status=ACCEPTED, person_id=people[0], reason="" if purposes else "unknown_purpose")


def _purposes(catalog: Catalog, command: Decide) -> dict[str, PurposeRule]:
    """What a decision is on. To an archived purpose nobody can agree any more, but a refusal is heard."""
    if command.purpose is None:
        keys = catalog.direct_marketing if command.decision is Decision.OBJECT else catalog.marketing
        return {key: catalog.purposes[key] for key in keys}
    rule = catalog.purposes.get(command.purpose) if command.decision is Decision.GRANT else catalog.rule(command.purpose)
    return {rule.key: rule} if rule else {}


def apply_restriction(plan: Plan, command: Restrict, handles: list[Handle]) -> Outcome:
    """Restrict everybody the identifier leads to (Art. 18); lift only from the one person it leads to, for a lifting can harm."""
    people = find_all_known(plan, command.workspace_id, command.identity, handles)
    if not people:
        return Outcome(status=UNKNOWN_PERSON)
    if command.lift and len(people) > 1:
        return Outcome(status=UNKNOWN_PERSON, reason=AMBIGUOUS)
    for person_id in people:
        plan.add_decision(
            DecisionRow(
                subject=Subject(command.workspace_id, person_id),
                purpose=EVERYTHING,
                said=Said.LIFT if command.lift else Said.RESTRICT,
                at=command.received_at,
                method=command.method,
                source=command.source,
                evidence={**command.evidence, **({"reason": command.reason} if command.reason else {})},
            )
        )
    return Outcome(status=ACCEPTED, person_id=people[0])
