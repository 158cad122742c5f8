"""Topics over the control API, and what a person wants of them."""

from __future__ import annotations

from typing import Any

OFFERS = {"key": "offers", "name": {"en": "Offers"}, "purpose": "marketing_email"}


def test_a_topic_is_made_renamed_archived_and_taken_up_again(alice: Any) -> None:
    assert alice.api.json("POST", "/topics", OFFERS, status=201) == {**OFFERS, "archived": False}
    assert alice.api.json("PUT", "/topics/offers", {"name": {"en": "Bargains"}})["name"] == {"en": "Bargains"}
    assert alice.api.json("POST", "/topics/offers/archive")["archived"]
    assert not alice.api.json("POST", "/topics/offers/restore")["archived"]
    assert [topic["key"] for topic in alice.api.json("GET", "/topics")] == ["news-of-alice", "offers"]


def test_what_is_wrong_is_told(alice: Any) -> None:
    alice.api.json("POST", "/topics", OFFERS, status=201)
    assert alice.api("POST", "/topics", OFFERS).status_code == 400
    assert alice.api("POST", "/topics", {**OFFERS, "key": "x", "purpose": "nonsense"}).status_code == 400
    assert alice.api("POST", "/topics", {**OFFERS, "key": "x", "name": {}}).status_code == 400
    assert alice.api("PUT", "/topics/none", {"name": {"en": "x"}}).status_code == 404


def test_a_campaign_names_a_topic_of_its_purpose(alice: Any) -> None:
    alice.api.json("POST", "/topics", OFFERS, status=201)
    draft = {"name": "S", "trigger_event": "e", "purpose": "marketing_email", "subject": "s", "html": "<p>h</p>", "topic": "offers"}
    assert alice.api.json("POST", "/campaigns", draft, status=201)["topic"] == "offers"
    assert alice.api.json("POST", "/campaigns", {**draft, "purpose": "service"}, status=400)["path"] == "$.topic"


def test_a_wish_is_recorded_as_a_decision_and_taking_it_back_needs_proof(alice: Any) -> None:
    alice.api.json("POST", "/topics", OFFERS, status=201)
    for key in ("topic:offers", "channel:email", "pace:7"):
        told = alice.api.json("POST", f"/people/{alice.person_id}/consents", {"purpose": key, "decision": "object"}, status=201)
        assert told["records"][0]["purpose"] == key
        bare = alice.api.json("POST", f"/people/{alice.person_id}/consents", {"purpose": key, "decision": "grant"}, status=201)
        assert bare["records"][0]["valid"] is False
    assert alice.api("POST", f"/people/{alice.person_id}/consents", {"purpose": "topic:none", "decision": "object"}).status_code == 400
