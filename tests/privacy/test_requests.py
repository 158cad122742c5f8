"""Rights that are honoured at once: carried out and recorded together, or neither."""

from __future__ import annotations

import json
from typing import Any

import pytest
from planted import DANA, SECRET

from troth.consent.decisions import is_restricted, load_stances
from troth.consent.models import Purpose, Record, Standing
from troth.intake.commands import Identity
from troth.intake.json_values import ValueRefused
from troth.kernel.personal_data import Subject
from troth.people.lookup import PersonNotFound, find_people, load_person
from troth.privacy.erasure.erasing import erase_person
from troth.privacy.models import PrivacyRequest, RequestState, RequestType
from troth.privacy.requests import (
    ContactInvalid,
    CorrectionSuppressed,
    ObjectionImpossible,
    object_for_person,
    rectify_person,
    restrict_person,
)
from troth.project.cli import main

NOW = 1_800_000_000_000
WS = "Test workspace"


def stances(subject: Subject) -> dict[str, int]:
    return load_stances([subject.person_id]).get(subject.person_id, {})


def requests_of(subject: Subject) -> list[PrivacyRequest]:
    done = PrivacyRequest.objects.filter(workspace_id=subject.workspace_id, person_id=subject.person_id, state=RequestState.DONE)
    return list(done.order_by("received_at"))


def test_a_restriction_and_its_lifting_are_carried_out_and_recorded(dana: Subject) -> None:
    made = restrict_person(dana, lift=False, source="console", reason=SECRET, now=NOW)
    assert (made.type, made.state, made.closed_at, made.steps) == (RequestType.RESTRICTION, "done", NOW, {"processing": "restricted"})
    assert is_restricted(stances(dana))
    lifted = restrict_person(dana, lift=True, source="console", reason="", now=NOW + 1, told=True)
    assert lifted.steps == {"processing": "restriction lifted", "person_told_before": True}
    assert not is_restricted(stances(dana))
    assert [request.pk for request in requests_of(dana)] == [made.pk, lifted.pk]
    assert Record.objects.get(person_id=dana.person_id, decision="restrict").evidence == {"reason": SECRET}


def test_an_objection_names_what_it_reached(dana: Subject) -> None:
    made = object_for_person(dana, purposes=None, source="console", now=NOW)
    assert (made.type, made.steps) == (RequestType.OBJECTION, {"purposes": ["behavioural_profiling", "marketing_email"]})
    assert stances(dana)["marketing_email"] == stances(dana)["behavioural_profiling"] == Standing.REFUSED
    assert object_for_person(dana, purposes=["open_tracking"], source="cli", now=NOW + 1).steps == {"purposes": ["open_tracking"]}
    said = Record.objects.filter(person_id=dana.person_id, decision="object")
    assert {record.evidence["right"] for record in said} == {"objection (Art. 21)"}


def test_nobody_can_object_to_what_a_contract_needs_and_nothing_is_recorded_then(dana: Subject) -> None:
    with pytest.raises(ObjectionImpossible):
        object_for_person(dana, purposes=["marketing_email", "service"], source="cli", now=NOW)
    assert "behavioural_profiling" not in stances(dana)
    assert requests_of(dana) == []
    assert Purpose.objects.filter(workspace_id=dana.workspace_id, key="service", legal_basis="contract").exists()


def test_a_correction_reaches_somebody_restricted_and_keeps_no_past_value_in_the_request(dana: Subject) -> None:
    restrict_person(dana, lift=False, source="console", reason="wrong data", now=NOW)
    made = rectify_person(
        dana,
        attributes={"city": "Paris", "name": None},
        source="console",
        now=NOW + 1,
        email="right@example.com",
        remove_identifiers=Identity(phone=DANA["phone"]),
    )
    assert made.steps == {"attributes": 2, "identifiers": ["email"], "identifiers_removed": True}
    assert load_person(dana).attributes == {"city": "Paris"}
    assert load_person(dana).origins == {"city": ["console", NOW + 1]}
    assert find_people(dana.workspace_id, "right@example.com") == [dana]
    assert find_people(dana.workspace_id, DANA["email"]) == find_people(dana.workspace_id, DANA["phone"]) == []


def test_what_cannot_be_carried_out_is_not_recorded(dana: Subject) -> None:
    bob = find_people(dana.workspace_id, "bob@example.com")[0]
    erase_person(bob, now=NOW, source="cli")
    for refused, changes in (
        (CorrectionSuppressed, {"email": "bob@example.com"}),
        (CorrectionSuppressed, {"attributes": {"friend": "bob@example.com"}}),
        (ContactInvalid, {"email": "nobody"}),
        (ContactInvalid, {"phone": "030 123"}),
        (ValueRefused, {"attributes": {"city": "\0"}}),
    ):
        with pytest.raises(refused):
            rectify_person(dana, **{"attributes": {}, "source": "console", "now": NOW, **changes})
    for gone in (bob, Subject(dana.workspace_id, 1), Subject(dana.workspace_id + 1, dana.person_id)):
        for attempt in (
            lambda gone=gone: restrict_person(gone, lift=False, source="cli", reason="", now=NOW),
            lambda gone=gone: object_for_person(gone, purposes=None, source="cli", now=NOW),
            lambda gone=gone: rectify_person(gone, attributes={"a": 1}, source="cli", now=NOW),
        ):
            with pytest.raises(PersonNotFound):
                attempt()
    assert requests_of(dana) == requests_of(bob) == []


def test_what_remains_of_the_requests_after_an_erasure_says_nothing_about_the_person(dana: Subject) -> None:
    restrict_person(dana, lift=False, source="console", reason=SECRET, now=NOW)
    rectify_person(dana, attributes={SECRET: SECRET}, source="console", now=NOW, email="right@example.com")
    erase_person(dana, now=NOW, source="cli")
    left = list(PrivacyRequest.objects.filter(workspace_id=dana.workspace_id, type__in=["restriction", "rectification"]).values())
    assert [row["person_id"] for row in left] == [None, None]
    assert SECRET not in json.dumps(left, default=str) and "right@" not in json.dumps(left, default=str)


def test_restriction_and_objection_at_the_command_line(dana: Subject, capsys: pytest.CaptureFixture[str]) -> None:
    def troth(*words: str) -> tuple[int, str]:
        code = main(["privacy", *words])
        told: Any = capsys.readouterr()
        return code, told.out + told.err

    assert "restricted." in troth("restrict", WS, DANA["email"], "--reason", "contested")[1]
    assert is_restricted(stances(dana))
    code, told = troth("restrict", WS, DANA["email"], "--reason", "settled", "--lift")
    assert code == 1 and "--told" in told
    assert "restriction lifted." in troth("restrict", WS, DANA["email"], "--reason", "settled", "--lift", "--told")[1]
    assert "objects to behavioural_profiling, marketing_email." in troth("object", WS, DANA["email"])[1]
    assert "objects to open_tracking." in troth("object", WS, DANA["email"], "--purpose", "open_tracking")[1]
    assert troth("object", WS, DANA["email"], "--purpose", "service")[0] == 1
