"""Reading and correcting people."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_person_is_found_by_every_name_they_have(alice: Any) -> None:
    dana = alice.api.json("GET", f"/people/{alice.person_id}")
    assert dana["attributes"] == {"name": "Dana", "plan": "pro"}
    assert {"kind": "email", "value": alice.email, "detail": ""} in dana["identifiers"]
    for name in (
        f"person:{alice.person_id}",
        f"external_id:{alice.external_id}",
        f"email:{alice.email.upper()}",
        alice.external_id,
        alice.email,
    ):
        assert alice.api.json("GET", f"/people/{name}")["id"] == alice.person_id
    assert [person["id"] for person in alice.api.json("GET", f"/people?identifier={alice.email}")["items"]] == [alice.person_id]
    assert alice.api.json("GET", "/people?identifier=nobody")["items"] == []


@pytest.mark.parametrize("name", ["nobody", "email:nobody@example.com", "0", "99999999999999999999", "person:x", "1" * 19, "%00", "é" * 50])
def test_nobody_is_found_under_a_name_that_nobody_has(alice: Any, name: str) -> None:
    assert alice.api("GET", f"/people/{name}").status_code == 404


def test_a_correction_merges_removes_and_replaces(alice: Any) -> None:
    changes = {"attributes": {"plan": None, "city": "Köln"}, "identifiers": {"email": "New@Example.com", "phone": "+49 30 123456"}}
    dana = alice.api.json("PATCH", f"/people/{alice.person_id}", changes)
    assert dana["attributes"] == {"name": "Dana", "city": "Köln"}
    assert {(i["kind"], i["value"]) for i in dana["identifiers"]} == {
        ("external_id", alice.external_id),
        ("email", "new@example.com"),
        ("phone", "+4930123456"),
    }
    assert alice.api("GET", f"/people/email:{alice.email}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"identifiers": {"email": "no address"}}, "$.identifiers.email"),
        ({"identifiers": {"phone": "030 123"}}, "$.identifiers.phone"),
        ({"attributes": {"email": "x@example.com"}}, "$.attributes.email"),
        ({"attributes": []}, "$.attributes"),
        ({"atributes": {}}, "$.atributes"),
    ],
)
def test_a_fault_is_named_by_its_json_path(alice: Any, changes: Any, path: str) -> None:
    refusal = alice.api.json("PATCH", f"/people/{alice.person_id}", changes, status=422)
    assert refusal["path"] == path
    assert "x@example.com" not in refusal["message"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"{", "$"),
        (b'{"attributes": {"a": NaN}}', "$"),
        (b"[" * 100_000, "$"),
        (b'{"attributes": {"a": "\\u0000"}}', "$.attributes.a"),
        (b'{"attributes": {"a": 99999999999999999999}}', "$.attributes.a"),
        (b'{"attributes": {"a": "\\ud800"}}', "$"),
        (b'{"attributes": {"a": "\xff"}}', "$"),
    ],
)
def test_hostile_json_is_refused_and_never_breaks(alice: Any, body: bytes, path: str) -> None:
    assert alice.api.json("PATCH", f"/people/{alice.person_id}", body, status=400)["path"] == path


def test_a_body_that_is_too_large_is_refused(alice: Any) -> None:
    assert alice.api("PATCH", f"/people/{alice.person_id}", b'{"attributes": {"a": "' + b"x" * 5_000_000 + b'"}}').status_code == 413


def test_an_identifier_that_two_people_share_is_ambiguous_but_can_be_listed(alice: Any) -> None:
    from troth.intake.commands import Identify, Identity
    from troth.intake.door import apply

    apply(
        [Identify(identity=Identity(external_id="frank", email=alice.email), workspace_id=alice.workspace.pk, source="api", received_at=1)],
        now=1,
    )
    assert alice.api.json("GET", f"/people/{alice.email}", status=409)["code"] == "ambiguous"
    assert len(alice.api.json("GET", f"/people?identifier={alice.email}")["items"]) == 2


def test_an_address_that_somebody_else_has_too_does_not_lead_a_correction_astray(alice: Any) -> None:
    from troth.intake.commands import Identify, Identity
    from troth.intake.door import apply

    apply(
        [Identify(identity=Identity(phone="+4930999999"), workspace_id=alice.workspace.pk, source="api", received_at=1)],
        now=1,
    )
    changes = {"identifiers": {"email": alice.email}, "attributes": {"name": "F"}}
    corrected = alice.api.json("PATCH", "/people/phone:+4930999999", changes)
    assert corrected["attributes"] == {"name": "F"}
    assert alice.api.json("GET", f"/people/{alice.person_id}")["attributes"]["name"] == "Dana"


def test_contact_data_of_somebody_known_by_nothing_else_can_be_corrected_and_removed(alice: Any) -> None:
    from troth.intake.commands import Device, Identify, Identity
    from troth.intake.door import apply

    tablet = Device(token="tablet", platform="ios")
    apply(
        [
            Identify(
                identity=Identity(email="old@example.com", devices=(tablet,)), workspace_id=alice.workspace.pk, source="api", received_at=1
            )
        ],
        now=1,
    )
    path = "/people/" + alice.api.json("GET", "/people/email:old@example.com")["id"]

    def patched(**identifiers: Any) -> list[tuple[str, str]]:
        person = alice.api.json("PATCH", path, {"identifiers": identifiers})
        return [(i["kind"], i["value"]) for i in person["identifiers"]]

    assert patched(email="new@example.com") == [("email", "new@example.com"), ("device", "tablet")]
    assert patched(phone="+4930123456", email=None) == [("phone", "+4930123456"), ("device", "tablet")]
    assert patched(phone=None, remove_devices=["tablet", "never held"]) == []
    assert alice.api("GET", "/people/email:new@example.com").status_code == 404
    assert alice.api.json("GET", path)["identifiers"] == []


def test_events_show_the_newest_first_and_what_is_still_waiting_as_pending(alice: Any) -> None:
    from troth.intake.commands import Identity, Track
    from troth.intake.door import apply
    from troth.kernel.worker import drain

    who = Identity(external_id=alice.external_id)
    about = {"workspace_id": alice.workspace.pk, "source": "api", "received_at": 1_700_000_000_000}
    apply(
        [Track(identity=who, name=f"Step {n}", ts=1_700_000_000_000, properties={"n": n}, **about) for n in range(3)], now=1_700_000_000_000
    )
    events = alice.api.json("GET", f"/people/{alice.person_id}/events")["items"]
    assert [(e["name"], e["pending"], e["seq"]) for e in events] == [
        ("step_2", True, None),
        ("step_1", True, None),
        ("step_0", True, None),
        ("bought", False, 1),
    ]
    assert alice.api.walk(f"/people/{alice.person_id}/events", 1) == alice.api.walk(f"/people/{alice.person_id}/events", 200)
    drain(1_700_000_000_000)
    events = alice.api.json("GET", f"/people/{alice.person_id}/events")["items"]
    assert [e["seq"] for e in events] == [4, 3, 2, 1]
    assert not any(e["pending"] for e in events)


def test_pages_of_any_size_show_everybody_once_and_in_order(alice: Any) -> None:
    from troth.intake.commands import Identify, Identity
    from troth.intake.door import apply

    for moment in (5, 5, 7):  # people of one instant are told apart by their keys
        apply(
            [
                Identify(
                    identity=Identity(external_id=f"p{moment}-{n}-{id(moment)}"),
                    workspace_id=alice.workspace.pk,
                    source="api",
                    received_at=moment,
                )
                for n in range(5)
            ],
            now=moment,
        )
    everybody = alice.api.walk("/people", 200)
    assert len({person["id"] for person in everybody}) == len(everybody) >= 12
    for size in (1, 2, 3, 7):
        assert alice.api.walk("/people", size) == everybody


@pytest.mark.parametrize("cursor", ["x", "W10", "e30", "WzEsMl0", "%00", "WzEsMiwzLDRd", "WzFlOTksMSwxXQ"])
def test_an_invented_cursor_is_refused(alice: Any, cursor: str) -> None:
    assert alice.api.json("GET", f"/people?cursor={cursor}", status=400)["code"] == "cursor_invalid"
