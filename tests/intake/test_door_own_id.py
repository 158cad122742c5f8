"""Commands that name a person by Troth's own id, and identifiers that are taken away."""

from __future__ import annotations

from typing import Any

import pytest

from tests.evidence import GIVEN
from troth.consent.decisions import load_stances
from troth.consent.models import Standing
from troth.intake.commands import (
    ACCEPTED,
    UNKNOWN_PERSON,
    Alias,
    Command,
    Decide,
    Decision,
    Delete,
    Device,
    EditTags,
    Identify,
    Identity,
    Track,
)
from troth.intake.door import apply
from troth.people.lookup import PersonNotFound, find_people, find_person, load_person
from troth.people.models import Identifier, IdentifierIndex, Person
from troth.workspaces.registry import create_workspace

NOW = 1_700_000_000_000


class Door:
    """One workspace, spoken to as the console does."""

    def __init__(self, workspace: Any) -> None:
        self.pk = workspace.pk
        self.common: dict[str, Any] = {"workspace_id": workspace.pk, "source": "console", "received_at": NOW}

    def send(self, *commands: Command) -> list[str]:
        return [outcome.status for outcome in apply(commands, now=NOW)]

    def made(self, **identity: Any) -> int:
        return apply([Identify(identity=Identity(**identity), **self.common)], now=NOW)[0].person_id

    def held(self, person_id: int) -> set[tuple[str, str]]:
        return set(Identifier.objects.filter(person_id=person_id).values_list("kind", "value"))


@pytest.fixture
def door(workspace: Any) -> Door:
    return Door(workspace)


def every_command(person_id: int, common: dict[str, Any]) -> list[Command]:
    who = Identity(person_id=person_id)
    return [
        Identify(identity=who, attributes={"a": 1}, **common),
        Track(identity=who, name="seen", ts=NOW, **common),
        EditTags(identity=who, add=("t",), **common),
        Decide(identity=who, decision=Decision.WITHDRAW, **common),
        Decide(identity=who, decision=Decision.GRANT, purpose="marketing_email", evidence={**GIVEN, "artefact": "letter 7"}, **common),
        Alias(identity=who, previous=Identity(external_id="nobody"), **common),
        Alias(identity=Identity(external_id="nobody else"), previous=who, **common),
        Identify(identity=Identity(person_id=person_id, external_id="x", anonymous_id="y", email="n@example.com"), **common),
        Delete(identity=who, **common),
    ]


def test_every_command_reaches_the_person_that_it_names(door: Door) -> None:
    person_id = door.made(email="shared@example.com")
    other = door.made(external_id="other", email="shared@example.com")
    assert set(door.send(*every_command(person_id, door.common)[:-1])) == {ACCEPTED}

    person = load_person(find_person(door.pk, f"person:{person_id}"))
    assert (person.attributes, person.tags) == ({"a": 1}, ["t"])
    assert load_stances([person_id])[person_id]["marketing_email"] == Standing.GRANTED
    assert ("email", "n@example.com") in door.held(person_id)
    assert find_people(door.pk, "nobody")[0].person_id == person_id
    assert other not in load_stances([other])
    assert door.send(Delete(identity=Identity(person_id=person_id), **door.common)) == [ACCEPTED]
    with pytest.raises(PersonNotFound):
        find_person(door.pk, f"person:{person_id}")


@pytest.mark.parametrize("nobody", [0, -1, 1, 2**63, 2**70])
def test_an_id_that_nobody_has_creates_nobody(door: Door, nobody: int) -> None:
    assert set(door.send(*every_command(nobody, door.common))) == {UNKNOWN_PERSON}
    assert not Person.objects.exists()


def test_a_person_of_another_workspace_or_one_being_erased_is_unknown(door: Door) -> None:
    strangers = Door(create_workspace("Another").workspace)
    theirs = strangers.made(external_id="1")
    gone = door.made(external_id="2")
    door.send(Delete(identity=Identity(external_id="2"), **door.common))
    before = Person.objects.count()

    assert set(door.send(*every_command(theirs, door.common))) == {UNKNOWN_PERSON}
    assert set(door.send(*every_command(gone, door.common))) == {UNKNOWN_PERSON}
    assert load_person(find_person(strangers.pk, "1")).attributes == {}
    assert Person.objects.count() == before


def test_identifiers_can_be_taken_away_and_lead_nowhere_then(door: Door) -> None:
    phone = Device(token="token", platform="ios")
    person_id = door.made(external_id="1", email="d@example.com", phone="+33612345678", devices=(phone,))
    other = door.made(external_id="2", email="d@example.com")
    gone = Identity(email="D@example.com", phone="+33612345678", devices=(phone,), external_id="2")

    assert door.send(Identify(identity=Identity(person_id=person_id), remove_identifiers=gone, **door.common)) == [ACCEPTED]
    assert door.held(person_id) == {("external_id", "1")}
    assert [s.person_id for s in find_people(door.pk, "d@example.com")] == [other]
    assert find_people(door.pk, "+33612345678") == find_people(door.pk, "token") == []
    assert {(r.person_id, bytes(r.tag)) for r in Identifier.objects.all()} == {
        (r.person_id, bytes(r.tag)) for r in IdentifierIndex.objects.all()
    }


def test_an_identifier_taken_away_can_be_given_back_in_the_same_batch(door: Door) -> None:
    who = Identity(person_id=door.made(email="d@example.com"))
    assert who.person_id
    back = Identity(person_id=who.person_id, email="d@example.com")
    door.send(
        Identify(identity=who, remove_identifiers=Identity(email="d@example.com"), **door.common),
        Track(identity=Identity(email="d@example.com"), name="seen", ts=NOW, **door.common),
        Identify(identity=back, attributes={"a": 1}, **door.common),
    )
    assert door.held(who.person_id) == {("email", "d@example.com")}
    assert len(find_people(door.pk, "d@example.com")) == 2
