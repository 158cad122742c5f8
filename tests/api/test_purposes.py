"""Purposes over the control API: versions, what belongs to them, and what a change does to the consents given before."""

from __future__ import annotations

from typing import Any

import pytest

NEWS = {
    "key": "news-weekly",
    "name": "Weekly news",
    "is_marketing": True,
    "description": {"en": "One mail a week.", "de": "Eine Mail pro Woche."},
    "data_categories": ["e-mail address"],
    "retention": "P24M",
    "consent_lasts": "P12M",
    "recipients": ["Mailhaus GmbH"],
}


def test_a_purpose_is_made_revised_and_remembered(alice: Any) -> None:
    made = alice.api.json("POST", "/purposes", NEWS, status=201)
    assert made == {**made, **NEWS, "version": 1, "legal_basis": "consent", "on_change": "invalidate", "material_since": None}
    renamed = alice.api.json("PATCH", "/purposes/news-weekly", {"name": "News, weekly"})
    assert (renamed["version"], renamed["material_since"]) == (2, None)
    assert alice.api.json("PATCH", "/purposes/news-weekly", {"name": "News, weekly"})["version"] == 2
    widened = alice.api.json("PATCH", "/purposes/news-weekly", {"recipients": ["Mailhaus GmbH", "Adhaus Inc."]})
    assert widened["version"] == 3
    assert widened["material_since"]
    versions = alice.api.json("GET", "/purposes/news-weekly/versions")
    assert [(v["version"], v["material"], v["terms"]["name"]) for v in versions] == [
        (3, True, "News, weekly"),
        (2, False, "News, weekly"),
        (1, False, "Weekly news"),
    ]


def test_a_purpose_that_every_workspace_has_keeps_its_first_version(alice: Any) -> None:
    alice.api.json("PATCH", "/purposes/open_tracking", {"name": "Count who opens"})
    versions = alice.api.json("GET", "/purposes/open_tracking/versions")
    assert [(v["version"], v["at"] is None, v["terms"]["name"]) for v in versions] == [
        (2, False, "Count who opens"),
        (1, True, "Measure who opens mail"),
    ]


@pytest.mark.parametrize("key", ["*", "", "a b", "é", "-x", "x" * 65, "a/b"])
def test_keys_are_plain_words_and_never_the_sign_for_everything(alice: Any, key: str) -> None:
    assert alice.api("POST", "/purposes", {**NEWS, "key": key}).status_code in (400, 422)
    assert key not in {p["key"] for p in alice.api.json("GET", "/purposes?archived=true")}


@pytest.mark.parametrize("wrong", [{"retention": "24 months"}, {"consent_lasts": "P"}, {"consent_lasts": "P0D"}, {"name": " "}])
def test_terms_that_cannot_be_are_refused(alice: Any, wrong: dict[str, Any]) -> None:
    assert alice.api("POST", "/purposes", {**NEWS, **wrong}).status_code == 400


def test_a_key_is_used_once(alice: Any) -> None:
    alice.api.json("POST", "/purposes", NEWS, status=201)
    assert alice.api.json("POST", "/purposes", NEWS, status=400)["code"] == "purpose_invalid"


@pytest.mark.parametrize(("on_change", "reason"), [("invalidate", "purpose_changed"), ("ask_again", "")])
def test_a_material_change_ends_the_consents_given_before_or_asks_again(alice: Any, on_change: str, reason: str) -> None:
    alice.api.json("POST", "/purposes", {**NEWS, "on_change": on_change}, status=201)
    consents = f"/people/{alice.person_id}/consents"
    grant = {"purpose": "news-weekly", "decision": "grant", "notice": "One mail a week?", "default_state": "unchecked"}
    given = {s["purpose"]: s for s in alice.api.json("POST", consents, grant, status=201)["standing"]}["news-weekly"]
    assert given["permitted"]
    assert given["valid_until"]
    alice.api.json("PATCH", "/purposes/news-weekly", {"material": True})
    stands = {s["purpose"]: s for s in alice.api.json("GET", consents)["standing"]}["news-weekly"]
    assert (stands["standing"], stands["reason"]) == ("granted", reason)


def test_an_archived_purpose_permits_nothing_and_hears_a_withdrawal(alice: Any) -> None:
    alice.api.json("POST", "/purposes", NEWS, status=201)
    alice.api.json("PUT", "/purposes/assignments", {"kind": "topic", "name": "News", "purpose": "news-weekly"})
    assert "assigned" in alice.api.json("POST", "/purposes/news-weekly/archive", {}, status=400)["message"]
    alice.api.json("PUT", "/purposes/assignments", {"kind": "topic", "name": "News", "purpose": "marketing_email"})
    assert alice.api.json("POST", "/purposes/news-weekly/archive", {})["archived"]
    assert "news-weekly" not in {p["key"] for p in alice.api.json("GET", "/purposes")}
    consents = f"/people/{alice.person_id}/consents"
    assert alice.api("POST", consents, {"purpose": "news-weekly", "decision": "grant", "notice": "?"}).status_code == 400
    said = alice.api.json("POST", consents, {"purpose": "news-weekly", "decision": "withdraw"}, status=201)
    assert said["records"][0]["purpose"] == "news-weekly"
    assert not alice.api.json("POST", "/purposes/news-weekly/restore", {})["archived"]
    assert alice.api("POST", "/purposes/service/archive", {}).status_code == 400


def test_what_nobody_assigned_is_shown(alice: Any) -> None:
    assert alice.api.json("GET", "/purposes/unassigned") == {"events": ["bought"], "attributes": ["name", "plan"], "campaigns": []}
    for kind, name in (("event", "Bought"), ("attribute", "plan")):
        alice.api.json("PUT", "/purposes/assignments", {"kind": kind, "name": name, "purpose": "service"})
    assert alice.api.json("GET", "/purposes/unassigned") == {"events": [], "attributes": ["name"], "campaigns": []}
