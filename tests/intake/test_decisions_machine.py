"""Whatever happens in whatever order: nothing is written and nothing leaves against a standing decision (a state machine against a naive model)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.evidence import proof_of
from troth.campaigns.editing import create_campaign
from troth.campaigns.publishing import publish_campaign
from troth.consent.catalog import forget_catalogs
from troth.consent.models import Standing
from troth.consent.purposes import assign
from troth.intake.actor import fold_inbox
from troth.intake.commands import Alias, Decide, Decision, Delete, Identify, Identity, Restrict, Track
from troth.intake.door import apply
from troth.intake.models import InboxItem
from troth.kernel.clock import now_ms
from troth.messages.models import Message
from troth.messages.sending import send_due
from troth.people.lookup import find_people
from troth.people.models import Event, Person
from troth.privacy.erasure.orders import carry_out_orders
from troth.workspaces.registry import create_workspace

NAMES = st.sampled_from(["ann", "ben", "cleo"])
PURPOSES = st.sampled_from(["marketing_email", "behavioural_profiling"])


class Model:
    """One person as a naive reader of the rules would keep them."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.stands: dict[str, int] = {}
        self.events: list[int] = []
        self.profiled: list[int] = []
        self.seen: int | None = None
        self.restricted = False


class Decisions(RuleBasedStateMachine):
    number = 0

    @initialize()
    def begin(self) -> None:
        Decisions.number += 1
        forget_catalogs()
        self.workspace = create_workspace(f"Machine {Decisions.number} {now_ms()}").workspace.pk
        assign(self.workspace, "event", "scrolled", "behavioural_profiling")
        publish_campaign(
            create_campaign(self.workspace, name="M", trigger_event="bought", purpose="marketing_email", subject="s", html="<p>h</p>")
        )
        self.people: dict[str, Model] = {}
        self.erased: set[str] = set()
        self.next_event = 0
        self.may_be_sent: set[int] = set()
        self.common: dict[str, Any] = {"workspace_id": self.workspace, "source": "api", "received_at": now_ms()}

    def model(self, name: str) -> Model | None:
        """The person of a name, made if need be; None for an erased one."""
        if name in self.erased:
            return None
        if name not in self.people:
            self.people[name] = Model()
            self.people[name].names.add(name)
        return self.people[name]

    def send(self, *commands: Any) -> None:
        apply(list(commands), now=now_ms())

    @rule(name=NAMES)
    def identify(self, name: str) -> None:
        self.next_event += 1
        self.send(Identify(identity=Identity(external_id=name), attributes={"seen": self.next_event}, **self.common))
        person = self.model(name)
        if person is not None and not person.restricted:
            person.seen = self.next_event

    @rule(name=NAMES)
    def rectify(self, name: str) -> None:
        self.next_event += 1
        facts = {"seen": self.next_event}
        self.send(Identify(identity=Identity(external_id=name), attributes=facts, rectifies=True, create=False, **self.common))
        if name in self.people:
            self.people[name].seen = self.next_event

    @rule(name=NAMES, lift=st.booleans())
    def restrict(self, name: str, lift: bool) -> None:
        self.send(Restrict(identity=Identity(external_id=name), lift=lift, **self.common))
        if name in self.people:
            self.people[name].restricted = not lift

    @rule(name=NAMES)
    def restrict_in_the_midst_of_a_batch(self, name: str) -> None:
        who = Identity(external_id=name)
        late = Track(identity=who, name="bought", ts=now_ms(), properties={"number": 0}, **self.common)
        if name in self.people:
            self.send(Restrict(identity=who, **self.common), late, Alias(identity=who, previous=who, **self.common), late)
            self.people[name].restricted = True

    @rule(name=NAMES, kind=st.sampled_from(["bought", "scrolled"]))
    def event(self, name: str, kind: str) -> None:
        self.next_event += 1
        properties = {"number": self.next_event}
        self.send(Track(identity=Identity(external_id=name), name=kind, ts=now_ms(), properties=properties, **self.common))
        known = self.people.get(name)
        if known is not None and known.restricted:
            return
        if kind == "scrolled" and (known is None or known.stands.get("behavioural_profiling") != Standing.GRANTED):
            return  # what may not be collected leaves nothing behind, not even somebody new
        person = self.model(name)
        if person is not None:
            (person.events if kind == "bought" else person.profiled).append(self.next_event)

    @rule(name=NAMES, purpose=PURPOSES, grant=st.booleans())
    def decide(self, name: str, purpose: str, grant: bool) -> None:
        known = name in self.people
        decision = Decision.GRANT if grant else Decision.WITHDRAW
        self.send(
            Decide(identity=Identity(external_id=name), decision=decision, purpose=purpose, evidence=proof_of(decision), **self.common)
        )
        if grant and not known:
            return
        person = self.model(name)
        if person is not None:
            person.stands[purpose] = Standing.GRANTED if grant else Standing.REFUSED

    @rule(name=NAMES)
    def unsubscribe(self, name: str) -> None:
        self.send(Decide(identity=Identity(external_id=name), decision=Decision.WITHDRAW, **self.common))
        person = self.model(name)
        if person is not None:
            person.stands["marketing_email"] = Standing.REFUSED

    @rule(old=NAMES, new=NAMES)
    def alias(self, old: str, new: str) -> None:
        self.send(Alias(identity=Identity(external_id=new), previous=Identity(external_id=old), **self.common))
        if old == new or {old, new} & self.erased:
            return
        source, target = self.people.get(old), self.people.get(new)
        if source is None and target is None:
            return
        kept = target or source
        assert kept is not None
        if source is not None and target is not None and source is not target:
            for purpose, standing in source.stands.items():
                target.stands[purpose] = min(standing, target.stands.get(purpose, 1))
            target.restricted = target.restricted or source.restricted
            target.seen = source.seen if target.seen is None else target.seen
            target.events += source.events
            target.profiled += source.profiled
            for name in source.names:
                self.people[name] = target
            target.names |= source.names
        for name in (old, new):
            self.people[name] = kept
            kept.names.add(name)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        self.send(Delete(identity=Identity(external_id=name), **self.common))
        person = self.people.get(name)
        if person is not None and name not in self.erased:
            self.erased |= person.names
            for other in person.names:
                self.people.pop(other, None)

    @rule()
    def fold(self) -> None:
        while fold_inbox(now_ms()):
            pass

    @rule()
    def hand_over(self) -> None:
        before = set(Message.objects.filter(workspace_id=self.workspace, state="sent").values_list("message_id", flat=True))
        while send_due(now_ms()):
            pass
        for message in Message.objects.filter(workspace_id=self.workspace, state="sent").exclude(message_id__in=before):
            owner = [p for p in self.people.values() if message.person_id in self.ids(p)]
            assert owner, "a message left for somebody who is erased"
            assert not owner[0].restricted
            stands = owner[0].stands
            assert stands.get("marketing_email") == stands.get("behavioural_profiling") == Standing.GRANTED

    @rule()
    def erase(self) -> None:
        while carry_out_orders(now_ms()):
            pass

    def ids(self, person: Model) -> set[int]:
        return {subject.person_id for name in person.names for subject in find_people(self.workspace, name)}

    @invariant()
    def every_event_is_kept_once_and_none_of_the_erased(self) -> None:
        if not hasattr(self, "people"):
            return
        for name in self.erased:
            assert find_people(self.workspace, name) == []
        for person in set(self.people.values()):
            ids = self.ids(person)
            assert len(ids) == 1
            kept = [e.properties["number"] for e in Event.objects.filter(person_id__in=ids)]
            waiting = [int(i.properties.split(":")[1].rstrip("}")) for i in InboxItem.objects.filter(person_id__in=ids)]
            (row,) = Person.objects.filter(person_id__in=ids)
            assert row.attributes.get("seen") == person.seen
            assert sorted(kept + waiting) == sorted(person.events + person.profiled)
        living = Person.objects.filter(workspace_id=self.workspace, state=0).count()
        assert living == len(set(self.people.values()))


@pytest.fixture(autouse=True)
def no_erasures_left_behind(data_dir: Path) -> Iterator[None]:
    """The ledger outlives the database's content, as it should; the next test begins without one."""
    yield
    shutil.rmtree(data_dir / "ledger", ignore_errors=True)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_written_and_nothing_leaves_against_a_decision() -> None:
    run_state_machine_as_test(
        Decisions,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
