"""Global Privacy Control at the doors of browsers: what is sold or shared is not collected, and the objection is recorded once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.evidence import GIVEN
from troth.consent.models import Record
from troth.consent.purposes import PurposeTerms, assign, create_purpose
from troth.intake.commands import DROPPED, Command, Decide, Decision, Identify, Identity, Track
from troth.intake.door import apply
from troth.intake.gpc import mark_gpc
from troth.kernel.clock import now_ms
from troth.people.lookup import find_people
from troth.people.models import Person

VIEW, BUY = "partner_view", "buy"


@pytest.fixture
def shared(workspace: Any) -> Any:
    terms = PurposeTerms(name="Share with partners", legal_basis="legitimate_interest", sharing=True)
    create_purpose(workspace.pk, "partners", terms, now=1)
    assign(workspace.pk, "event", VIEW, "partners")
    assign(workspace.pk, "attribute", "segment_of_partner", "partners")
    return workspace


def about(workspace: Any) -> dict[str, Any]:
    return {"workspace_id": workspace.pk, "source": "segment", "received_at": now_ms(), "identity": Identity(external_id="dana")}


def event(workspace: Any, name: str) -> Track:
    return Track(name=name, ts=now_ms(), **about(workspace))


def agree(workspace: Any) -> Decide:
    return Decide(decision=Decision.GRANT, purpose="partners", evidence=GIVEN, **about(workspace))


def say(*commands: Command, gpc: bool = True) -> list[str]:
    return [outcome.status for outcome in apply(mark_gpc(commands) if gpc else list(commands), now=now_ms())]


def signals() -> list[tuple[str, str, str]]:
    return list(Record.objects.filter(method="gpc").values_list("purpose", "decision", "source"))


def test_of_somebody_unknown_nothing_is_stored_for_what_is_shared(shared: Any) -> None:
    assert say(event(shared, VIEW)) == [DROPPED]
    assert not Person.objects.filter(workspace_id=shared.pk).exists()
    assert say(event(shared, VIEW), gpc=False) == ["accepted"]


def test_of_somebody_known_the_objection_is_recorded_once_and_the_rest_goes_on(shared: Any) -> None:
    assert say(event(shared, BUY), event(shared, VIEW), event(shared, BUY)) == ["accepted", DROPPED, "accepted"]
    say(event(shared, BUY))
    assert signals() == [("partners", "object", "segment")]
    assert say(event(shared, VIEW), gpc=False) == [DROPPED], "it was an objection: it stands in every browser"


def test_attributes_that_are_shared_are_left_out_of_a_new_person_too(shared: Any) -> None:
    say(Identify(attributes={"segment_of_partner": "a", "plan": "pro"}, **about(shared)))
    (subject,) = find_people(shared.pk, "dana")
    assert Person.objects.get(bucket=subject.bucket, person_id=subject.person_id).attributes == {"plan": "pro"}


def test_a_consent_given_before_the_signal_ends_and_one_given_after_stands(shared: Any) -> None:
    say(event(shared, BUY), agree(shared), gpc=False)
    assert say(event(shared, VIEW)) == [DROPPED]
    say(agree(shared), gpc=False)
    assert say(event(shared, VIEW), event(shared, VIEW)) == ["accepted", "accepted"]
    assert len(signals()) == 1


def test_without_anything_shared_the_signal_records_nothing(workspace: Any) -> None:
    assert say(event(workspace, BUY)) == ["accepted"]
    assert signals() == []
