"""Sending over the control API: why it stands still, stopping, holding, cancelling, and numbers that add up; each in its own workspace."""

from __future__ import annotations

from typing import Any


def test_it_says_why_mail_does_not_move_and_what_ends_that(alice: Any) -> None:
    alice.api.json("POST", "/sending/stop", {"note": "wrong price", "marketing_only": True})
    told = alice.api.json("GET", "/sending")
    assert told["sentences"][0]["code"] == "stopped:by_hand"
    assert "wrong price" in told["sentences"][0]["says"]
    assert alice.api.json("POST", "/sending/go", {}) == {"changed": True}
    assert alice.api.json("POST", "/sending/go", {}) == {"changed": False}


def test_a_source_is_held_counted_and_cancelled(alice: Any, charlie: Any) -> None:
    message = alice.api.json("GET", "/messages")["items"][0]
    before = alice.api.json("GET", f"/sending/sources/{message['source']}")
    assert before["audience"] == sum(before["by_state"].values()) > 0
    charlie.api.json("GET", "/sending/sources/campaign:999999", status=404)
    assert alice.api.json("PUT", "/sending/hold", {"source": message["source"], "minutes": 5}) == {"changed": True}
    told = alice.api.json("POST", f"/sending/sources/{message['source']}/cancel")
    after = alice.api.json("GET", f"/sending/sources/{message['source']}")
    assert after["is_over"]
    assert after["audience"] == before["audience"]
    assert told["cancelled"] == after["by_state"].get("cancelled", 0)


def test_what_is_wrong_is_told(alice: Any) -> None:
    assert alice.api("PUT", "/sending/hold", {"minutes": -1}).status_code == 422
    assert alice.api("POST", "/sending/stop", {"source": "everything"}).status_code == 422
    assert alice.api("GET", "/sending/sources/Campaign-7").status_code == 422
    assert alice.api("POST", "/sending/stop", {"sauce": "x"}).status_code == 422
