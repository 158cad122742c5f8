"""The door: who is who, what is one event, what is dropped."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError

from tests.evidence import proof_of
from troth.consent.decisions import load_stances
from troth.consent.models import Record, Standing, SuppressionCount
from troth.consent.purposes import assign
from troth.intake.actor import fold_inbox
from troth.intake.commands import (
    ACCEPTED,
    DROPPED,
    UNKNOWN_PERSON,
    Alias,
    Decide,
    Decision,
    Delete,
    Device,
    EditTags,
    Identify,
    Identity,
    Outcome,
    Track,
)
from troth.intake.door import apply
from troth.intake.models import InboxItem
from troth.kernel.clock import DAY, HOUR, MINUTE, now_ms
from troth.people.lookup import PersonNotFound, find_people, find_person, latest_events, load_person
from troth.people.models import IdentifierIndex, Person
from troth.workspaces import registry

NOW = now_ms()


class Door:
    """Speaks to one workspace."""

    def __init__(self, workspace: Any, source: str = "api") -> None:
        self.workspace = workspace
        self.common: dict[str, Any] = {"workspace_id": workspace.pk, "source": source, "received_at": NOW}

    def __call__(self, *commands: Any, now: int = NOW) -> list[Outcome]:
        return apply(list(commands), now=now)

    def identify(self, **identity: Any) -> Identify:
        attributes = identity.pop("attributes", {})
        create = identity.pop("create", True)
        return Identify(identity=Identity(**identity), attributes=attributes, create=create, **self.common)

    def track(
        self, name: str = "seen", *, at: int = NOW, received: int = NOW, key: str | None = None, window: int = 0, **identity: Any
    ) -> Track:
        common = {**self.common, "received_at": received}
        properties = identity.pop("properties", {})
        return Track(identity=Identity(**identity), name=name, ts=at, properties=properties, dedupe=key, dedupe_ms=window, **common)

    def decide(self, decision: Decision, purpose: str | None = None, *, proven: bool = True, **identity: Any) -> Decide:
        evidence = proof_of(decision) if proven else {}
        return Decide(identity=Identity(**identity), decision=decision, purpose=purpose, evidence=evidence, **self.common)

    def names(self, identifier: str) -> list[str]:
        while fold_inbox(NOW):
            pass
        return sorted(event.name for event in latest_events(find_person(self.workspace.pk, identifier)))

    def standing(self, identifier: str) -> dict[str, int]:
        person = find_person(self.workspace.pk, identifier)
        return load_stances([person.person_id]).get(person.person_id, {})


@pytest.fixture
def door(workspace: Any) -> Door:
    return Door(workspace)


def test_attributes_merge_the_newest_wins_and_null_removes(door: Door) -> None:
    door(door.identify(external_id="1", attributes={"plan": "free", "city": "Lyon", "age": 30}))
    door(door.identify(external_id="1", attributes={"plan": "pro", "city": None}), door.identify(external_id="1", attributes={"age": 31}))
    assert load_person(find_person(door.workspace.pk, "1")).attributes == {"plan": "pro", "age": 31}


def test_editing_somebody_unknown_creates_nobody(door: Door) -> None:
    assert door(door.identify(external_id="9", attributes={"a": 1}, create=False))[0].status == UNKNOWN_PERSON
    assert door(EditTags(identity=Identity(external_id="9"), add=("x",), **door.common))[0].status == UNKNOWN_PERSON
    assert not Person.objects.exists()


def test_an_event_creates_its_person_and_names_are_folded(door: Door) -> None:
    door(door.track("Purchased-item", external_id="1"), door.track("purchased item", external_id="1"))
    assert door.names("1") == ["purchased_item", "purchased_item"]


def test_a_person_is_found_by_each_identifier_in_any_spelling(door: Door) -> None:
    device = Device(token="token-1", platform="ios")
    door(door.identify(external_id="1", anonymous_id="anon", email="Dana@Example.COM ", phone="+33 6 12 34 56 78", devices=(device,)))
    ids = {find_person(door.workspace.pk, spelt).person_id for spelt in ("1", "anon", " dana@example.com", "0033612345678", "token-1")}
    assert len(ids) == 1


def test_two_people_with_one_address_stay_two(door: Door) -> None:
    door(door.identify(external_id="1", email="a@example.com"), door.identify(external_id="2", email="a@example.com"))
    assert len(find_people(door.workspace.pk, "a@example.com")) == 2


def test_they_are_one_where_the_workspace_matches_on_the_address(door: Door) -> None:
    door.workspace.match_on_email = True
    door.workspace.save()
    registry._matching.clear()
    door(door.identify(external_id="1", email="a@example.com"), door.identify(external_id="2", email="A@example.com"))
    assert find_person(door.workspace.pk, "1") == find_person(door.workspace.pk, "2")


def test_a_new_address_replaces_the_old_which_leads_nowhere_any_more(door: Door) -> None:
    door(door.identify(external_id="1", email="old@example.com"))
    door(door.identify(external_id="1", email="newer@example.com"), door.identify(external_id="1", email="new@example.com"))
    assert find_people(door.workspace.pk, "old@example.com") == find_people(door.workspace.pk, "newer@example.com") == []
    assert find_person(door.workspace.pk, "new@example.com") == find_person(door.workspace.pk, "1")
    assert IdentifierIndex.objects.count() == 2


def test_vero_takes_a_lone_address_for_the_id(workspace: Any) -> None:
    door = Door(workspace, "vero")
    door(door.identify(email="a@example.com", attributes={"n": 1}))
    door(Alias(identity=Identity(external_id="42"), previous=Identity(external_id="a@example.com"), **door.common))
    assert find_person(workspace.pk, "42") == find_person(workspace.pk, "a@example.com")


def test_an_anonymous_history_joins_the_known_person(door: Door) -> None:
    door(door.track("anonymous visit", anonymous_id="a"), door.track("known visit", external_id="1"))
    door(door.identify(external_id="1", anonymous_id="a"))
    assert door.names("1") == ["anonymous_visit", "known_visit"]
    assert Person.objects.count() == 1


def test_a_shared_device_does_not_merge_two_known_people(door: Door) -> None:
    door(door.identify(external_id="1", anonymous_id="a"))
    door(door.identify(external_id="2", anonymous_id="a"))
    assert find_person(door.workspace.pk, "1") != find_person(door.workspace.pk, "2")
    assert find_person(door.workspace.pk, "a") == find_person(door.workspace.pk, "1")


def test_a_late_event_under_the_old_id_reaches_the_reidentified_person(door: Door) -> None:
    door(door.track("before", external_id="old"))
    door(Alias(identity=Identity(external_id="new"), previous=Identity(external_id="old"), **door.common))
    door(door.track("late", external_id="old"))
    assert door.names("new") == ["before", "late"]


@pytest.mark.parametrize("refuser", ["1", "2"])
def test_on_a_merge_a_refusal_beats_a_grant(door: Door, refuser: str) -> None:
    granter = {"1": "2", "2": "1"}[refuser]
    door(door.identify(external_id="1"), door.identify(external_id="2"))
    door(
        door.decide(Decision.WITHDRAW, "marketing_email", external_id=refuser),
        door.decide(Decision.GRANT, "marketing_email", external_id=granter),
    )
    door(Alias(identity=Identity(external_id="2"), previous=Identity(external_id="1"), **door.common))
    assert door.standing("1") == {"marketing_email": Standing.REFUSED}
    assert Record.objects.count() == 2


def test_an_opt_out_by_address_reaches_everybody_who_has_it(door: Door) -> None:
    door(door.identify(external_id="1", email="a@example.com"), door.identify(external_id="2", email="a@example.com"))
    door(door.decide(Decision.WITHDRAW, email="a@example.com"))
    assert door.standing("1") == door.standing("2") == {"marketing_email": Standing.REFUSED}


def test_an_opt_out_of_somebody_unknown_is_remembered(door: Door) -> None:
    assert door(door.decide(Decision.WITHDRAW, email="early@example.com"))[0].status == ACCEPTED
    door(door.identify(email="early@example.com", attributes={"n": 1}))
    assert door.standing("early@example.com") == {"marketing_email": Standing.REFUSED}


def test_a_bare_resubscribe_is_recorded_and_permits_nothing(door: Door) -> None:
    door(door.identify(external_id="1"), door.decide(Decision.WITHDRAW, external_id="1"))
    door(door.decide(Decision.GRANT, proven=False, external_id="1"))
    assert door.standing("1") == {"marketing_email": Standing.REFUSED}
    assert [record.valid for record in Record.objects.order_by("record_id")] == [True, False]


def test_what_is_assigned_to_a_consent_is_collected_only_with_it(door: Door) -> None:
    assign(door.workspace.pk, "event", "scrolled", "behavioural_profiling")
    assign(door.workspace.pk, "attribute", "mood", "behavioural_profiling")
    outcomes = door(door.track("Scrolled", external_id="1"), door.identify(external_id="1", attributes={"mood": "good", "plan": "pro"}))
    assert outcomes[0].status == DROPPED
    assert load_person(find_person(door.workspace.pk, "1")).attributes == {"plan": "pro"}
    grant = door.decide(Decision.GRANT, "behavioural_profiling", external_id="1")
    door(grant, door.track("Scrolled", external_id="1"), door.identify(external_id="1", attributes={"mood": "good"}))
    door(door.decide(Decision.WITHDRAW, "behavioural_profiling", external_id="1"), door.track("Scrolled", external_id="1"))
    assert door.names("1") == ["scrolled"]
    assert load_person(find_person(door.workspace.pk, "1")).attributes["mood"] == "good"


def test_the_same_event_within_its_window_is_one_across_folds(door: Door) -> None:
    for minute in (0, 1, 4):
        at = NOW + minute * MINUTE
        door(door.track(external_id="1", key="k", window=5 * MINUTE, at=at, received=at), now=at)
        fold_inbox(at)
    later = NOW + 6 * MINUTE
    door(door.track(external_id="1", key="k", window=5 * MINUTE, at=later, received=later), now=later)
    assert len(door.names("1")) == 2


def test_a_message_id_counts_once_in_a_workspace_whoever_it_is_about(door: Door) -> None:
    door(door.track(external_id="1", key="m", window=48 * HOUR), door.track(external_id="2", key="m", window=48 * HOUR))
    assert len(door.names("1")) + len(door.names("2")) == 1


def test_another_workspace_may_use_the_same_ids(door: Door) -> None:
    other = Door(registry.create_workspace("Other").workspace)
    door(door.track("mine", external_id="1", key="m", window=DAY))
    other(other.track("theirs", external_id="1", key="m", window=DAY))
    assert (door.names("1"), other.names("1")) == (["mine"], ["theirs"])


def test_late_and_out_of_order_events_keep_their_own_times(door: Door) -> None:
    door(door.track("now", external_id="1"), door.track("last year", external_id="1", at=NOW - 365 * DAY))
    door.names("1")
    events = list(latest_events(find_person(door.workspace.pk, "1")))
    assert {event.name: event.ts for event in events} == {"now": NOW, "last_year": NOW - 365 * DAY}


@pytest.mark.parametrize(
    "identity",
    [
        {"external_id": "dana-1"},
        {"email": "JANEDOE@gmail.com"},
        {"email": "j.a.n.e.doe+shop@googlemail.com"},
        {"email": "janedoe@\uff47mail.com"},
        {"external_id": "fresh", "email": "Jane.Doe+news@GoogleMail.com"},
        {"phone": "+33 6 12 34 56 78"},
        {"anonymous_id": "anon-1"},
        {"external_id": "fresh", "devices": (Device(token="token-1", platform="ios"),)},
        {"external_id": "janedoe@gmail.com"},
        {"anonymous_id": "+33612345678"},
        {"external_id": "anon-1"},
        {"anonymous_id": "token-1"},
    ],
)
def test_whatever_leads_to_an_erased_person_is_dropped_and_counted(door: Door, identity: dict[str, Any]) -> None:
    device = Device(token="token-1", platform="ios")
    email, phone = "Jane.Doe+news@GoogleMail.com", "+33612345678"
    door(door.identify(external_id="dana-1", anonymous_id="anon-1", email=email, phone=phone, devices=(device,)))
    door(Delete(identity=Identity(external_id="dana-1"), **door.common))
    outcomes = door(door.track(**identity), door.identify(**identity, attributes={"a": 1}))
    assert [outcome.status for outcome in outcomes] == [DROPPED, DROPPED]
    assert not InboxItem.objects.exists()
    assert sum(SuppressionCount.objects.values_list("dropped", flat=True)) == 2
    with pytest.raises(PersonNotFound):
        find_person(door.workspace.pk, "dana-1")


@pytest.mark.parametrize("other", ["janedoe@outlook.com", "jane@gmail.com"])
def test_a_similar_address_of_somebody_else_passes(door: Door, other: str) -> None:
    door(door.identify(email="Jane.Doe+news@GoogleMail.com"))
    door(Delete(identity=Identity(email="jane.doe+news@googlemail.com"), **door.common))
    assert door(door.identify(email=other))[0].status == ACCEPTED


def test_an_erased_address_inside_somebody_elses_data_is_dropped(door: Door) -> None:
    door(door.identify(email="dana@example.com"), Delete(identity=Identity(email="dana@example.com"), **door.common))
    outcomes = door(
        door.track(external_id="2", properties={"note": "ask <Dana@Example.com> first"}),
        door.identify(external_id="2", attributes={"referrer": {"mail": "dana@example.com"}}),
        door.track(external_id="2", properties={"note": "ask somebody@example.com first"}),
    )
    assert [outcome.status for outcome in outcomes] == [DROPPED, DROPPED, ACCEPTED]


def test_without_an_answer_about_suppressions_nothing_is_accepted(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(tags: Any) -> set[bytes]:
        raise DatabaseError("no such table")

    monkeypatch.setattr("troth.intake.screening.find_suppressed", unreadable)
    with pytest.raises(DatabaseError):
        door(door.identify(external_id="1", email="a@example.com"))
    assert not Person.objects.exists()


def test_what_is_said_along_with_every_event_is_a_decision_only_when_it_changes_something(door: Door) -> None:
    def said(decision: Decision) -> Decide:
        who = Identity(external_id="1")
        return Decide(identity=who, decision=decision, purpose="marketing_email", method="context", **door.common)

    door(door.identify(external_id="1"))
    for decision in (Decision.GRANT, Decision.GRANT, Decision.WITHDRAW, Decision.WITHDRAW, Decision.GRANT):
        door(said(decision), said(decision))
    assert [record.decision for record in Record.objects.order_by("record_id")] == ["grant", "withdraw"]
    assert door.standing("1") == {"marketing_email": Standing.REFUSED}


def test_on_a_merge_a_mere_claim_takes_nothing_away_from_a_consent(door: Door) -> None:
    door(door.identify(external_id="1"), door.identify(external_id="2"))
    door(
        door.decide(Decision.GRANT, "marketing_email", proven=False, external_id="1"),
        door.decide(Decision.GRANT, "marketing_email", external_id="2"),
    )
    door(Alias(identity=Identity(external_id="2"), previous=Identity(external_id="1"), **door.common))
    assert door.standing("1") == {"marketing_email": Standing.GRANTED}
