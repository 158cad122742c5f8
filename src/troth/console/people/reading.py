"""All that the page of one person shows beside their history. Values in, values out; no HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troth.consent.catalog import load_catalog
from troth.consent.decisions import NO_DECISION, load_decisions, make_facts
from troth.consent.gate import Operation, reason_against
from troth.consent.models import EVERYTHING, LegalBasis, Standing
from troth.console.naming import name_of
from troth.kernel.personal_data import Subject
from troth.messages.feedback.stops import KINDS as STOPPABLE
from troth.messages.feedback.stops import list_stops
from troth.messages.models import StoppedAddress
from troth.people.identifiers import DEVICE, KINDS
from troth.people.lookup import load_person
from troth.people.models import Identifier, Person

STANDING_WORDS = {int(Standing.GRANTED): "granted", int(Standing.REFUSED): "refused"}


@dataclass(frozen=True)
class AttributeRow:
    """An attribute with where it came from."""

    name: str
    value: Any
    source: str
    at: int | None


@dataclass(frozen=True)
class StandingRow:
    """Where a person stands on a purpose, and what the gate says about using their data for it."""

    key: str
    name: str
    basis: str
    standing: str
    reason: str
    """Why it may not be used; empty when it may."""
    decided_at: int

    @property
    def can_withdraw(self) -> bool:
        """Whether there is anything to withdraw."""
        return self.standing == "granted" and self.basis == "consent"


@dataclass(frozen=True)
class IdentifierRow:
    """An identifier; `stop`: nothing is sent to it any more, and why."""

    held: Identifier
    stop: StoppedAddress | None


@dataclass(frozen=True)
class PersonDetail:
    """A person, whole."""

    person: Person
    name: str
    identifiers: list[IdentifierRow]
    devices: list[Identifier]
    attributes: list[AttributeRow]
    standing: list[StandingRow]
    restricted_at: int | None


def read_person(subject: Subject, now: int) -> PersonDetail:
    """Everything but the history. Raises PersonNotFound."""
    person = load_person(subject)
    held = list(Identifier.objects.filter(bucket=subject.bucket, person_id=subject.person_id))
    held.sort(key=lambda one: (KINDS.index(one.kind), one.value))
    by_kind = {one.kind: one.value for one in reversed(held)}
    said = load_decisions([subject.person_id]).get(subject.person_id, {})
    restriction = said.get(EVERYTHING, NO_DECISION)
    restricted = restriction.standing == Standing.REFUSED
    return PersonDetail(
        person=person,
        name=next(
            (by_kind[kind] for kind in ("email", "external_id", "phone", "anonymous_id") if kind in by_kind), name_of(subject.person_id, [])
        ),
        identifiers=_with_stops(subject.workspace_id, [one for one in held if one.kind != DEVICE]),
        devices=[one for one in held if one.kind == DEVICE],
        attributes=[_attribute(name, value, person.origins) for name, value in sorted(person.attributes.items())],
        standing=[
            _standing(rule, said.get(rule.key), now, restricted=restricted) for rule in load_catalog(subject.workspace_id).purposes.values()
        ],
        restricted_at=restriction.decided_at if restricted else None,
    )


def _with_stops(workspace_id: int, held: list[Identifier]) -> list[IdentifierRow]:
    stops = list_stops(workspace_id, [bytes(one.tag) for one in held if one.kind in STOPPABLE])
    return [IdentifierRow(one, stops.get(bytes(one.tag))) for one in held]


def _attribute(name: str, value: Any, origins: dict[str, Any]) -> AttributeRow:
    source, at = origins.get(name, ("", None))
    return AttributeRow(name, value, source, at)


def _standing(rule: Any, stood: Any, now: int, *, restricted: bool) -> StandingRow:
    facts = make_facts(rule, stood, restricted=restricted)
    return StandingRow(
        key=rule.key,
        name=rule.name,
        basis=rule.basis,
        standing=STANDING_WORDS.get(facts.standing, "" if rule.basis == LegalBasis.CONSENT else "not_needed"),
        reason=reason_against(facts, Operation.PROFILE, now),
        decided_at=facts.decided_at,
    )
