"""Restriction of processing (Art. 18) and objection (Art. 21), from the door to what waits in the outbox."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from troth.campaigns.editing import create_campaign
from troth.campaigns.publishing import publish_campaign
from troth.consent.catalog import forget_catalogs
from troth.consent.decisions import load_facts, load_stances
from troth.consent.gate import Operation, reason_against
from troth.consent.models import EVERYTHING, Purpose, Record, Stance, Standing, SuppressionCount
from troth.intake.commands import (
    ACCEPTED,
    DROPPED,
    UNKNOWN_PERSON,
    Alias,
    Command,
    Decide,
    Decision,
    Delete,
    EditTags,
    Identify,
    Identity,
    Outcome,
    Restrict,
    Track,
)
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.kernel.worker import drain
from troth.messages.models import Message
from troth.people.lookup import find_people, find_person, latest_events, load_person
from troth.privacy.exporting.export import export_person

NOW = now_ms()
DANA = Identity(external_id="dana")


class Door:
    """One workspace, spoken to by a tracking door."""

    def __init__(self, workspace: Any) -> None:
        self.pk = workspace.pk
        self.common: dict[str, Any] = {"workspace_id": workspace.pk, "source": "segment", "received_at": NOW}

    def send(self, *commands: Command) -> list[Outcome]:
        return apply(commands, now=NOW)

    def restrict(self, who: Identity = DANA, **more: Any) -> Outcome:
        return self.send(Restrict(identity=who, **{"reason": "disputed", **more}, **self.common))[0]

    def identify(self, who: Identity = DANA, **more: Any) -> Identify:
        return Identify(identity=who, **more, **self.common)

    def bought(self, who: Identity = DANA) -> Track:
        return Track(identity=who, name="bought", ts=NOW, attributes={"late": True}, **self.common)


@pytest.fixture
def door(workspace: Any) -> Door:
    made = Door(workspace)
    made.send(made.identify(Identity(external_id="dana", email="dana@example.com"), attributes={"plan": "pro"}))
    return made


def test_what_tracking_says_of_somebody_restricted_is_dropped_and_counted(door: Door) -> None:
    assert door.restrict().status == ACCEPTED
    outcomes = door.send(
        door.bought(),
        door.identify(attributes={"plan": "free"}),
        door.identify(Identity(external_id="dana", email="other@example.com")),
        EditTags(identity=DANA, add=("vip",), **door.common),
    )
    assert {(outcome.status, outcome.reason) for outcome in outcomes} == {(DROPPED, "restricted")}
    drain(NOW)
    subject = find_person(door.pk, "dana")
    person = load_person(subject)
    assert (person.attributes, person.tags, list(latest_events(subject))) == ({"plan": "pro"}, [], [])
    assert find_people(door.pk, "other@example.com") == []
    assert SuppressionCount.objects.get(workspace_id=door.pk).dropped == 4


def test_a_lifted_restriction_lets_everything_in_again_and_both_are_on_record(door: Door) -> None:
    door.restrict()
    door.restrict(lift=True, reason="settled")
    assert door.send(door.bought())[0].status == ACCEPTED
    records = Record.objects.filter(workspace_id=door.pk).order_by("record_id").values_list("purpose", "decision", "evidence")
    assert list(records) == [(EVERYTHING, "restrict", {"reason": "disputed"}), (EVERYTHING, "lift", {"reason": "settled"})]


def test_decisions_corrections_export_and_erasure_stay_possible(door: Door) -> None:
    door.restrict()
    said = Decide(identity=DANA, decision=Decision.WITHDRAW, **door.common)
    correction = door.identify(Identity(external_id="dana", email="right@example.com"), attributes={"plan": "free"}, rectifies=True)
    assert [outcome.status for outcome in door.send(said, correction)] == [ACCEPTED, ACCEPTED]
    subject = find_person(door.pk, "right@example.com")
    assert load_person(subject).attributes == {"plan": "free"}
    assert b'"restricted"' in b"".join(export_person(subject))
    assert door.send(Delete(identity=DANA, **door.common))[0].status == ACCEPTED


def test_nobody_is_created_to_be_restricted_and_a_shared_address_lifts_nothing(door: Door) -> None:
    assert door.restrict(Identity(external_id="nobody")).status == UNKNOWN_PERSON
    assert find_people(door.pk, "nobody") == []
    door.send(door.identify(Identity(external_id="ben", email="dana@example.com")))
    shared = Identity(email="dana@example.com")
    assert door.restrict(shared).status == ACCEPTED
    assert Stance.objects.filter(workspace_id=door.pk, purpose=EVERYTHING, standing=Standing.REFUSED).count() == 2
    assert door.restrict(shared, lift=True) == Outcome(status=UNKNOWN_PERSON, reason="ambiguous")
    assert door.send(door.bought(), door.bought(Identity(external_id="ben"))) == [
        Outcome(status=DROPPED, person_id=find_person(door.pk, name).person_id, reason="restricted") for name in ("dana", "ben")
    ]


@pytest.mark.parametrize("restricted", ["dana", "other"])
def test_the_restriction_follows_when_persons_become_one(door: Door, restricted: str) -> None:
    other = Identity(external_id="other")
    door.send(door.identify(other))
    door.restrict(Identity(external_id="other" if restricted == "dana" else "dana"))
    door.restrict(Identity(external_id="other" if restricted == "dana" else "dana"), lift=True)
    door.restrict(Identity(external_id=restricted))
    door.send(Alias(identity=other, previous=DANA, **door.common))
    assert {outcome.status for outcome in door.send(door.bought(other), door.bought())} == {DROPPED}


def test_an_anonymous_history_that_joins_somebody_restricted_is_restricted_too(door: Door) -> None:
    browser = Identity(anonymous_id="browser")
    door.send(door.bought(browser))
    door.restrict()
    joined = door.send(
        door.identify(Identity(external_id="dana", anonymous_id="browser"), attributes={"plan": "free"}), door.bought(browser)
    )
    assert [outcome.status for outcome in joined] == [DROPPED, DROPPED]
    assert find_person(door.pk, "browser") == find_person(door.pk, "dana")
    assert load_person(find_person(door.pk, "dana")).attributes == {"late": True, "plan": "pro"}


def test_a_restriction_reaches_what_is_queued_already(door: Door) -> None:
    publish_campaign(create_campaign(door.pk, name="R", trigger_event="bought", purpose="service", subject="s", html="<p>h</p>"))
    from troth.intake.actor import fold_inbox

    door.send(door.bought())
    fold_inbox(NOW)
    assert Message.objects.get(workspace_id=door.pk).state == "queued"
    door.restrict()
    drain(now_ms())
    message = Message.objects.get(workspace_id=door.pk)
    assert (message.state, message.reason) == ("skipped", "service:restricted")


def test_what_waits_in_the_inbox_is_kept_but_triggers_nothing(door: Door) -> None:
    publish_campaign(create_campaign(door.pk, name="R", trigger_event="bought", purpose="service", subject="s", html="<p>h</p>"))
    door.send(door.bought())
    door.restrict()
    drain(now_ms())
    assert len(list(latest_events(find_person(door.pk, "dana")))) == 1
    message = Message.objects.get(workspace_id=door.pk)
    assert (message.state, message.reason) == ("skipped", "service:restricted")


def test_the_door_asks_nothing_more_while_nobody_is_restricted(door: Door) -> None:
    def statements() -> int:
        count = 0

        def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            nonlocal count
            count += "JOIN consent_stance" in sql
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            door.send(door.identify(attributes={"plan": "pro"}))
        return count

    assert statements() == 0
    door.restrict()
    assert statements() == 1
    door.restrict(lift=True)
    assert statements() == 0


def test_an_objection_to_direct_marketing_ends_all_of_it_and_profiling_for_it(door: Door) -> None:
    Purpose.objects.create(workspace_id=door.pk, key="post", name="Letters", legal_basis="contract", is_marketing=True)
    forget_catalogs()
    evidence = {"letter": "of 3 March"}
    door.send(Decide(identity=DANA, decision=Decision.OBJECT, method="console", evidence=evidence, **door.common))
    stances = load_stances([person_id := find_person(door.pk, "dana").person_id])[person_id]
    assert stances == {"marketing_email": Standing.REFUSED, "post": Standing.REFUSED, "behavioural_profiling": Standing.REFUSED}
    facts = load_facts(door.pk, [person_id], "post")[person_id]
    assert reason_against(facts, Operation.HAND_OVER, 1) == "objected"
    records = Record.objects.filter(workspace_id=door.pk)
    assert {(r.decision, r.method, r.evidence["letter"]) for r in records} == {("object", "console", "of 3 March")}


def test_an_objection_of_somebody_unknown_is_not_forgotten(door: Door) -> None:
    door.send(Decide(identity=Identity(email="new@example.com"), decision=Decision.OBJECT, purpose="marketing_email", **door.common))
    subject = find_person(door.pk, "new@example.com")
    assert load_stances([subject.person_id])[subject.person_id] == {"marketing_email": Standing.REFUSED}
