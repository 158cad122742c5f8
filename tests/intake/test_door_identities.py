"""Who is who, where it is easy to get wrong: one batch, merges, shared devices, shared addresses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.evidence import proof_of
from troth.consent.decisions import load_stances
from troth.consent.models import Standing
from troth.consent.purposes import assign
from troth.intake.actor import fold_inbox, forget_expired_duplicates
from troth.intake.commands import DROPPED, Alias, Command, Decide, Decision, Delete, Device, Identify, Identity, Outcome, Track
from troth.intake.door import apply
from troth.kernel.clock import MINUTE, now_ms
from troth.people.lookup import find_people, find_person, latest_events, load_person
from troth.people.models import Identifier, IdentifierIndex, Person
from troth.workspaces import registry

NOW = now_ms()


class Door:
    """Speaks to one workspace as one source."""

    def __init__(self, workspace: Any, source: str = "segment") -> None:
        self.workspace = workspace
        self.common: dict[str, Any] = {"workspace_id": workspace.pk, "source": source, "received_at": NOW}

    def __call__(self, *commands: Command) -> list[Outcome]:
        return apply(commands, now=NOW)

    def identify(self, attributes: dict[str, Any] | None = None, **identity: Any) -> Identify:
        return Identify(identity=Identity(**identity), attributes=attributes or {}, **self.common)

    def track(self, name: str = "seen", **identity: Any) -> Track:
        return Track(identity=Identity(**identity), name=name, ts=NOW, **self.common)

    def decide(self, decision: Decision, purpose: str | None = None, **identity: Any) -> Decide:
        return Decide(identity=Identity(**identity), decision=decision, purpose=purpose, evidence=proof_of(decision), **self.common)

    def alias(self, previous: Identity, **identity: Any) -> Alias:
        return Alias(identity=Identity(**identity), previous=previous, **self.common)

    def addresses(self, external_id: str) -> list[str]:
        person = find_person(self.workspace.pk, external_id)
        return list(
            Identifier.objects.filter(bucket=person.bucket, person_id=person.person_id, kind="email").values_list("value", flat=True)
        )

    def standing(self, identifier: str, purpose: str = "marketing_email") -> int:
        person = find_person(self.workspace.pk, identifier)
        return load_stances([person.person_id]).get(person.person_id, {}).get(purpose, Standing.NONE)

    def people(self, identifier: str) -> int:
        return len(find_people(self.workspace.pk, identifier))


@pytest.fixture
def door(workspace: Any) -> Door:
    return Door(workspace)


@pytest.fixture
def matching_door(workspace: Any) -> Door:
    workspace.match_on_email = True
    workspace.save()
    registry._matching.clear()
    return Door(workspace)


def every_lookup_leads_to_its_owner() -> bool:
    """Look-ups and identifiers tell the same, in both directions."""
    owned = {(row.person_id, bytes(row.tag)) for row in Identifier.objects.all()}
    return owned == {(row.person_id, bytes(row.tag)) for row in IdentifierIndex.objects.all()}


def test_the_address_said_last_counts_also_when_it_is_the_one_from_before(door: Door) -> None:
    door(door.identify(external_id="1", email="first@example.com"))
    door(door.identify(external_id="1", email="second@example.com"), door.identify(external_id="1", email="first@example.com"))

    assert door.addresses("1") == ["first@example.com"]
    assert door.people("second@example.com") == 0
    assert every_lookup_leads_to_its_owner()


def test_one_batch_and_many_leave_the_same_address(door: Door) -> None:
    spoken = ["a@example.com", "b@example.com", "a@example.com", "c@example.com", "b@example.com"]
    door(*[door.identify(external_id="batch", email=email) for email in spoken])
    for email in spoken:
        door(door.identify(external_id="single", email=email))

    assert door.addresses("batch") == door.addresses("single") == ["b@example.com"]
    assert every_lookup_leads_to_its_owner()


def test_repeating_the_present_address_changes_nothing(door: Door) -> None:
    door(door.identify(external_id="1", email="a@example.com", phone="+33612345678"))
    door(door.identify(external_id="1", email="A@Example.com", phone="+33 6 12 34 56 78"))

    assert door.addresses("1") == ["a@example.com"]
    assert door.people("+33612345678") == 1
    assert every_lookup_leads_to_its_owner()


def test_the_newest_address_counts_when_an_anonymous_reader_logs_in_with_it(door: Door) -> None:
    door(door.identify(external_id="1", email="old@example.com"))
    door(door.identify(anonymous_id="reader", email="new@example.com"))
    door(door.identify(external_id="1", anonymous_id="reader", email="new@example.com"))

    assert door.addresses("1") == ["new@example.com"]
    assert door.people("old@example.com") == 0
    assert every_lookup_leads_to_its_owner()


def test_without_a_newer_one_the_known_person_keeps_their_address_when_histories_join(door: Door) -> None:
    door(door.identify(external_id="1", email="mine@example.com"))
    door(door.identify(anonymous_id="reader", email="other@example.com"))
    door(door.identify(external_id="1", anonymous_id="reader"))

    assert door.addresses("1") == ["mine@example.com"]
    assert door.people("other@example.com") == 0
    assert every_lookup_leads_to_its_owner()


def test_reidentified_under_a_new_address_the_new_one_counts(door: Door) -> None:
    door(door.identify(external_id="1", email="old@example.com"))
    door(door.alias(Identity(external_id="1", email="old@example.com"), external_id="2", email="new@example.com"))

    assert door.addresses("2") == ["new@example.com"]
    assert find_person(door.workspace.pk, "1") == find_person(door.workspace.pk, "2")
    assert every_lookup_leads_to_its_owner()


def test_a_refusal_made_anonymously_holds_in_the_very_command_that_joins(door: Door) -> None:
    assign(door.workspace.pk, "attribute", "mood", "behavioural_profiling")
    door(door.identify(external_id="1"), door.decide(Decision.GRANT, "behavioural_profiling", external_id="1"))
    door(door.track(anonymous_id="a"), door.decide(Decision.WITHDRAW, "behavioural_profiling", anonymous_id="a"))
    door(door.identify({"mood": "good", "plan": "pro"}, external_id="1", anonymous_id="a"))

    assert door.standing("1", "behavioural_profiling") == Standing.REFUSED
    assert load_person(find_person(door.workspace.pk, "1")).attributes == {"plan": "pro"}


def test_what_may_not_be_collected_creates_nobody(door: Door) -> None:
    assign(door.workspace.pk, "event", "scrolled", "behavioural_profiling")
    outcome = door(door.track("Scrolled", anonymous_id="passer-by"))[0]

    assert outcome.status == DROPPED
    assert not Person.objects.exists()
    assert not IdentifierIndex.objects.exists()


def test_what_may_not_be_collected_brings_nothing_else_along(door: Door) -> None:
    assign(door.workspace.pk, "event", "scrolled", "behavioural_profiling")
    door(door.identify(external_id="1"))
    refused = Track(
        identity=Identity(external_id="1", email="dana@example.com"), name="Scrolled", ts=NOW, attributes={"depth": 3}, **door.common
    )
    door(refused)

    assert door.addresses("1") == []
    assert load_person(find_person(door.workspace.pk, "1")).attributes == {}


def test_matching_on_the_address_does_not_match_on_a_shared_device(matching_door: Door) -> None:
    door = matching_door
    tablet = Device(token="family-tablet", platform="ios")
    door(door.identify(external_id="dana", anonymous_id="tablet", email="dana@example.com", phone="+33612345678", devices=(tablet,)))
    door(door.identify(external_id="charlie", anonymous_id="tablet", email="charlie@example.com", devices=(tablet,)))

    assert find_person(door.workspace.pk, "dana") != find_person(door.workspace.pk, "charlie")
    assert door.addresses("dana") == ["dana@example.com"]


def test_matching_on_the_address_a_new_id_finds_the_reader_who_had_only_an_address(matching_door: Door) -> None:
    door = matching_door
    door(door.identify(email="dana@example.com"))
    door(door.identify(external_id="1", email="Dana@example.com"))

    assert find_person(door.workspace.pk, "1") == find_person(door.workspace.pk, "dana@example.com")
    assert Person.objects.count() == 1


def test_an_opt_out_by_address_over_vero_reaches_everybody_who_has_it(workspace: Any) -> None:
    door = Door(workspace, "vero")
    door(door.identify(email="shared@example.com"))
    door(door.identify(external_id="2", email="shared@example.com"), door.identify(external_id="3", email="shared@example.com"))
    door(door.decide(Decision.WITHDRAW, email="shared@example.com"))

    people = find_people(workspace.pk, "shared@example.com", ("email",))
    assert len(people) == 3
    assert {load_stances([p.person_id])[p.person_id]["marketing_email"] for p in people} == {Standing.REFUSED}


def test_an_opt_out_by_id_is_nobody_elses(door: Door) -> None:
    door(door.identify(external_id="1", email="shared@example.com"), door.identify(external_id="2", email="shared@example.com"))
    door(door.decide(Decision.WITHDRAW, external_id="1", email="shared@example.com"))

    assert (door.standing("1"), door.standing("2")) == (Standing.REFUSED, Standing.NONE)


def test_a_chain_of_merges_in_one_batch_ends_as_one_person(door: Door) -> None:
    commands: list[Command] = [door.track(f"event {n}", external_id=str(n)) for n in range(5)]
    commands += [door.alias(Identity(external_id=str(n)), external_id=str(n + 1)) for n in range(4)]
    commands += [door.track("late", external_id="0")]
    door(*commands)
    while fold_inbox(NOW):
        pass

    assert Person.objects.count() == 1
    assert sorted(event.name for event in latest_events(find_person(door.workspace.pk, "4"))) == sorted(
        [*(f"event_{n}" for n in range(5)), "late"]
    )
    assert every_lookup_leads_to_its_owner()


def test_a_delete_in_the_middle_of_a_batch_divides_it(door: Door) -> None:
    outcomes = door(
        door.identify({"plan": "pro"}, external_id="1", email="dana@example.com"),
        door.track(external_id="1"),
        Delete(identity=Identity(external_id="1"), **door.common),
        door.track(external_id="1"),
        door.identify(external_id="2", email="dana@example.com"),
        door.track(external_id="2"),
    )

    assert [outcome.status for outcome in outcomes] == ["accepted", "accepted", "accepted", "dropped", "dropped", "accepted"]
    assert door.people("dana@example.com") == 0


def test_a_repeated_event_is_told_after_any_delay_of_the_worker(door: Door) -> None:
    def said(at: int) -> Track:
        common = {**door.common, "received_at": at}
        return Track(identity=Identity(external_id="1"), name="paid", ts=NOW, dedupe="k", dedupe_ms=5 * MINUTE, **common)

    door(said(NOW))
    fold_inbox(NOW)
    door(said(NOW + 4 * MINUTE))
    much_later = NOW + 30 * MINUTE
    while forget_expired_duplicates(much_later):
        pass
    while fold_inbox(much_later):
        pass

    assert len(list(latest_events(find_person(door.workspace.pk, "1")))) == 1


def test_an_old_address_leads_nowhere_from_the_next_command_of_the_batch_on(door: Door) -> None:
    door(door.identify(external_id="1", email="old@example.com"))
    door(door.identify(external_id="1", email="new@example.com"), door.track("late", email="old@example.com"))

    assert find_person(door.workspace.pk, "old@example.com") != find_person(door.workspace.pk, "1")
    assert door.addresses("1") == ["new@example.com"]
    assert every_lookup_leads_to_its_owner()
