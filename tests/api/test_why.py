"""Why somebody got a campaign's message, over the API; and the limits that all marketing keeps to."""

from __future__ import annotations

from typing import Any


def test_why_is_answered_for_a_person_and_a_campaign_and_never_across_workspaces(alice: Any, charlie: Any) -> None:
    campaign = alice.api.json("GET", "/campaigns")[0]["id"]
    stories = alice.api.json("GET", f"/people/{alice.person_id}/why?campaign={campaign}")
    assert stories[-1]["about"] == "now"
    assert all(link["says"] for story in stories for link in story["links"])
    assert charlie.api("GET", f"/people/{alice.person_id}/why?campaign={campaign}").status_code == 404
    told = alice.api.json("GET", f"/people/{alice.person_id}/why?message={alice.message_id}")
    assert [(story["about"], story["state"]) for story in told] == [("message", "sent")]
    assert alice.api.json("GET", f"/people/{alice.person_id}/why?message={charlie.message_id}") == []
    theirs = charlie.api.json("GET", "/campaigns")[0]["id"]
    assert alice.api("GET", f"/people/{alice.person_id}/why?campaign={theirs}").status_code == 404


def test_a_campaign_has_rules_that_are_checked_where_they_are_written(alice: Any) -> None:
    body = {"name": "Cart", "trigger_event": "cart", "purpose": "service", "subject": "s", "html": "<p>x</p>"}
    rules = {"delay": "PT1H", "unless": {"event": "Bought it"}, "priority": 50}
    made = alice.api.json("POST", "/campaigns", {**body, "rules": rules}, status=201)
    assert made["rules"] == {"delay": "PT1H", "unless": [{"event": "bought_it"}]}
    assert made["says"] == "Whoever causes an event “cart” gets it 1 hour later. Not if “bought_it” happens meanwhile."
    assert made["trigger"] is None
    refused = alice.api.json("POST", "/campaigns", {**body, "rules": {"delay": "soon"}}, status=400)
    assert refused["path"] == "$.rules.delay"
    refused = alice.api.json("PATCH", f"/campaigns/{made['id']}", {"rules": {"hours": {"from": "09:00", "until": "nine"}}}, status=400)
    assert (refused["path"], "nine" in refused["message"]) == ("$.rules.hours.until", False)


def test_limits_are_set_and_read_and_each_workspace_has_its_own(alice: Any, charlie: Any) -> None:
    wanted = {
        "zone": "Europe/Berlin",
        "quiet_hours": {"from": "22:00", "until": "08:00"},
        "caps": [{"messages": 2, "per": "P7D", "scope": "workspace"}],
    }
    assert alice.api.json("PUT", "/limits", wanted) == wanted
    assert alice.api.json("GET", "/limits") == wanted
    assert charlie.api.json("GET", "/limits") == {"zone": "UTC", "quiet_hours": None, "caps": []}
    assert alice.api.json("PUT", "/limits", {**wanted, "zone": "Mars"}, status=400)["path"] == "$.zone"
    assert alice.api.json("PUT", "/limits", {"quiet_hours": {"from": "22:00", "until": "22:00"}}, status=400)["path"] == "$.quiet_hours"


def test_a_draft_is_rehearsed_over_the_api(alice: Any) -> None:
    body = {"name": "Again", "trigger_event": "bought", "purpose": "service", "subject": "s", "html": "<p>x</p>"}
    made = alice.api.json("POST", "/campaigns", body, status=201)
    told = alice.api.json("POST", f"/campaigns/{made['id']}/rehearsal", {"days": 7})
    assert (told["occasions"], told["outcomes"][0]["outcome"], told["is_whole"]) == (1, "sent", True)
    assert told["outcomes"][0]["samples"][0]["person_id"] == alice.person_id
    assert alice.api.json("GET", "/campaigns")[-1]["state"] == "draft"
