"""Consents, exports, erasures, the outbox and campaigns."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest


def test_a_consent_is_recorded_with_what_was_shown(alice: Any) -> None:
    path = f"/people/{alice.person_id}/consents"
    said = {
        "purpose": "open_tracking",
        "decision": "grant",
        "notice": "May we see whether you read this?",
        "language": "en",
        "source_url": "https://example.com/join",
        "default_state": "unchecked",
    }
    consents = alice.api.json("POST", path, said, status=201)
    standing = {row["purpose"]: row for row in consents["standing"]}
    assert (standing["open_tracking"]["standing"], standing["open_tracking"]["permitted"]) == ("granted", True)
    assert (standing["marketing_email"]["standing"], standing["marketing_email"]["reason"]) == ("refused", "withdrawn")
    assert (standing["click_tracking"]["standing"], standing["click_tracking"]["reason"]) == ("none", "no_consent")
    assert (standing["service"]["standing"], standing["service"]["permitted"]) == ("none", True)
    assert consents["records"][0]["evidence"] == {
        "notice": said["notice"],
        "language": "en",
        "source_url": said["source_url"],
        "default_state": "unchecked",
    }
    consents = alice.api.json("POST", path, {"purpose": "open_tracking", "decision": "withdraw"}, status=201)
    assert consents["records"][0]["decision"] == "withdraw"
    assert alice.api.json("GET", path) == consents


@pytest.mark.parametrize(
    ("said", "status", "code", "path"),
    [
        ({"decision": "grant", "notice": "News?", "default_state": "checked"}, 422, "consent_void", "$"),
        ({"decision": "grant", "notice": "News?", "evidence": {"bundled_with_terms": True}}, 422, "consent_void", "$"),
        ({"decision": "grant", "notice": "News?", "evidence": {"age": "nine"}}, 422, "invalid", "$.evidence.age"),
        ({"decision": "maybe"}, 422, "invalid", "$.decision"),
        ({"decision": "grant", "notice": "x", "ip": "1.2.3.4"}, 422, "invalid", "$.ip"),
        ({"decision": "grant", "notice": "x", "purpose": "world_domination"}, 400, "purpose_unknown", None),
    ],
)
def test_a_consent_that_would_be_void_is_refused_with_the_reason(alice: Any, said: Any, status: int, code: str, path: str | None) -> None:
    before = alice.api.json("GET", f"/people/{alice.person_id}/consents")
    refusal = alice.api.json("POST", f"/people/{alice.person_id}/consents", {"purpose": "open_tracking", **said}, status=status)
    assert (refusal["code"], refusal.get("path")) == (code, path)
    assert alice.api.json("GET", f"/people/{alice.person_id}/consents") == before


def test_an_export_holds_everything_as_json_or_as_a_zip_to_read(alice: Any, data_dir: Any) -> None:
    answer = alice.api("POST", f"/people/{alice.person_id}/export")
    assert answer["Content-Type"] == "application/json"
    whole = b"".join(answer.streaming_content)
    assert alice.email.encode() in whole
    sections = {section["name"] for section in json.loads(whole)["sections"]}
    assert {"people.person", "people.events", "messages.messages", "consent.records"} <= sections
    for call in (
        alice.api("POST", f"/people/{alice.person_id}/export?format=zip"),
        alice.api("POST", f"/people/{alice.person_id}/export", Accept="application/zip"),
    ):
        assert call["Content-Type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(b"".join(call.streaming_content))) as archive:
            assert {"person.json", "person.html"} <= set(archive.namelist())
    assert not list((data_dir / "exports").iterdir())
    requests = alice.api.json("GET", "/requests?state=done")["items"]
    assert [request["type"] for request in requests] == ["access"] * 3
    assert {request["person_id"] for request in requests} == {alice.person_id}


def test_an_erased_person_is_gone_at_once_and_suppressed_with_a_certificate(alice: Any) -> None:
    assert alice.api.json("POST", "/suppressions/check", {"value": alice.email}) == {"suppressed": False}
    request = alice.api.json("POST", f"/people/{alice.person_id}/erasure", status=202)
    assert (request["type"], request["state"], request["person_id"]) == ("erasure", "deleted", None)
    assert request["certificate"]["claims"]["request_id"] == request["id"]
    assert alice.email not in json.dumps(request)
    for path in ("", "/events", "/messages", "/consents"):
        assert alice.api("GET", f"/people/{alice.person_id}{path}").status_code == 404
    assert alice.api("POST", f"/people/{alice.person_id}/erasure").status_code == 404
    assert alice.api.json("POST", "/suppressions/check", {"value": alice.email.upper()}) == {"suppressed": True}
    assert alice.api.json("GET", f"/requests/{request['id']}")["state"] == "deleted"
    assert alice.api.json("GET", "/messages")["items"] == []


def test_an_erased_address_cannot_be_given_to_somebody_else(alice: Any) -> None:
    alice.api.json("POST", f"/people/{alice.person_id}/erasure", status=202)
    changes = {"identifiers": {"email": alice.email}}
    assert alice.api.json("PATCH", "/people/erin-of-alice", changes, status=409)["code"] == "suppressed"


def test_a_request_from_a_browser_waits_for_confirmation(alice: Any) -> None:
    waiting = alice.api.json("GET", "/requests?state=awaiting_confirmation")["items"]
    assert [request["id"] for request in waiting] == [alice.request_id]
    confirmed = alice.api.json("POST", f"/requests/{alice.request_id}/confirm")
    assert (confirmed["state"], confirmed["person_id"]) == ("deleted", None)
    assert alice.api("GET", "/people/erin-of-alice").status_code == 404
    assert alice.api.json("POST", f"/requests/{alice.request_id}/confirm", status=409)["code"] == "conflict"


def test_requests_are_paged_without_gaps(alice: Any) -> None:
    for _ in range(5):
        alice.api("POST", f"/people/{alice.person_id}/export").close()
    everything = alice.api.walk("/requests", 200)
    assert len({request["id"] for request in everything}) == 6
    assert alice.api.walk("/requests", 1) == alice.api.walk("/requests", 4) == everything


def test_the_outbox_tells_what_was_sent_and_why(alice: Any) -> None:
    page = alice.api.json("GET", "/messages?state=sent")
    assert [(m["state"], m["subject"], m["person_id"]) for m in page["items"]] == [("sent", "Thanks, Dana", alice.person_id)]
    assert alice.api.json("GET", f"/people/{alice.person_id}/messages") == page
    assert alice.api.json("GET", "/messages?state=queued")["items"] == []
    detail = alice.api.json("GET", f"/messages/{alice.message_id}")
    assert detail["html"] == "<p>1</p>"
    assert detail["recipient"] == alice.email
    assert {(said["purpose"], said["allow"], said["basis"]) for said in detail["decisions"]} == {
        ("trigger", True, "event"),
        ("service", True, "contract"),
    }
    assert detail["decisions"][-1]["operation"] == "hand_over"


def test_messages_are_paged_without_gaps(alice: Any) -> None:
    from troth.intake.commands import Identity, Track
    from troth.intake.door import apply
    from troth.kernel.worker import drain

    who = Identity(external_id=alice.external_id)
    apply(
        [
            Track(identity=who, name="Bought", ts=1, properties={"n": n}, workspace_id=alice.workspace.pk, source="api", received_at=1)
            for n in range(6)
        ],
        now=1,
    )
    drain(1)
    everything = alice.api.walk("/messages", 200)
    assert len(everything) == 7
    assert alice.api.walk("/messages", 1) == alice.api.walk("/messages", 3) == everything
    assert alice.api.walk(f"/people/{alice.person_id}/messages", 2) == everything


def test_a_campaign_is_drafted_published_and_paused(alice: Any) -> None:
    draft = {
        "name": "Welcome",
        "trigger_event": "Signed-Up",
        "purpose": "marketing_email",
        "subject": "Hello",
        "html": "<p>Hi {{ person.name }}</p>",
        "conditions": {"property": "plan", "op": "equals", "value": "pro"},
    }
    campaign = alice.api.json("POST", "/campaigns", draft, status=201)
    assert (campaign["state"], campaign["trigger_event"]) == ("draft", "signed_up")
    path = f"/campaigns/{campaign['id']}"
    assert alice.api.json("POST", f"{path}/publish")["state"] == "published"
    assert alice.api.json("POST", f"{path}/pause")["state"] == "paused"
    assert alice.api.json("GET", path)["state"] == "paused"
    assert [row["name"] for row in alice.api.json("GET", "/campaigns")] == ["Receipt", "Welcome"]


def test_a_published_campaign_is_edited_beside_what_goes_on_and_resumed(alice: Any) -> None:
    path = f"/campaigns/{alice.campaign_id}"
    assert alice.api.json("GET", path)["has_changes"] is False
    changed = alice.api.json("PATCH", path, {"subject": "Your receipt", "conditions": {"property": "n", "op": "is_set"}})
    assert (changed["subject"], changed["state"], changed["has_changes"], changed["name"]) == ("Your receipt", "published", True, "Receipt")
    assert alice.api.json("PATCH", path, {"conditions": None, "subject": "Thanks, {{ person.name }}"})["has_changes"] is False
    assert alice.api.json("PATCH", path, {"name": None}, status=422)["path"] == "$.name"
    assert alice.api.json("PATCH", path, {"purpose": "none"}, status=400)["code"] == "purpose_unknown"
    alice.api.json("POST", f"{path}/pause")
    assert alice.api.json("POST", f"{path}/resume")["state"] == "published"
    assert alice.api.json("DELETE", path, status=409)["code"] == "conflict"


def test_a_draft_can_be_deleted_but_not_resumed(alice: Any) -> None:
    draft = {"name": "W", "trigger_event": "e", "purpose": "service", "subject": "s", "html": "h"}
    path = f"/campaigns/{alice.api.json('POST', '/campaigns', draft, status=201)['id']}"
    assert alice.api.json("POST", f"{path}/resume", status=409)["code"] == "conflict"
    assert alice.api("DELETE", path).status_code == 204
    alice.api.json("GET", path, status=404)


@pytest.mark.parametrize(
    ("change", "status", "path"),
    [
        ({"name": " "}, 400, "$.name"),
        ({"purpose": "none"}, 400, None),
        ({"conditions": {"all": [{"property": "p", "op": "is"}]}}, 400, "$.conditions.all[0].op"),
        ({"subject": None}, 422, "$.subject"),
        ({"html": 7}, 422, "$.html"),
    ],
)
def test_a_broken_campaign_is_refused_where_it_is_broken(alice: Any, change: Any, status: int, path: str | None) -> None:
    draft = {"name": "W", "trigger_event": "e", "purpose": "service", "subject": "s", "html": "h", **change}
    assert alice.api.json("POST", "/campaigns", draft, status=status).get("path") == path


def test_a_broken_template_is_refused_at_publish_with_its_line(alice: Any) -> None:
    draft = {"name": "W", "trigger_event": "e", "purpose": "service", "subject": "s", "html": "<p>\n{% if %}"}
    campaign = alice.api.json("POST", "/campaigns", draft, status=201)
    refusal = alice.api.json("POST", f"/campaigns/{campaign['id']}/publish", status=400)
    assert refusal["code"] == "template_invalid"
    assert "line" in refusal["message"]


def test_an_event_is_collected_for_the_purpose_it_is_assigned_to(alice: Any) -> None:
    from troth.intake.commands import Identity, Track
    from troth.intake.door import apply

    assigned = alice.api.json("PUT", "/purposes/assignments", {"kind": "event", "name": "Opened Mail", "purpose": "open_tracking"})
    assert assigned == {"kind": "event", "name": "opened_mail", "purpose": "open_tracking"}
    before = alice.api.json("GET", f"/people/{alice.person_id}/events")
    who = Identity(external_id=alice.external_id)
    apply([Track(identity=who, name="opened mail", ts=1, workspace_id=alice.workspace.pk, source="api", received_at=1)], now=1)
    assert alice.api.json("GET", f"/people/{alice.person_id}/events") == before
    assert (
        alice.api.json("PUT", "/purposes/assignments", {"kind": "event", "name": "x", "purpose": "y"}, status=400)["code"]
        == "purpose_unknown"
    )


def test_a_restriction_is_set_shown_and_lifted(alice: Any) -> None:
    path = f"/people/{alice.person_id}"
    assert alice.api.json("GET", path)["restricted"] is False
    made = alice.api.json("POST", f"{path}/restriction", {"reason": "contested"}, status=201)
    assert (made["type"], made["state"], made["steps"]) == ("restriction", "done", {"processing": "restricted"})
    assert alice.api.json("GET", path)["restricted"] is True
    consents = alice.api.json("GET", f"{path}/consents")
    assert consents["restricted"] is True
    assert {standing["reason"] for standing in consents["standing"]} == {"restricted"}
    assert alice.api.json("PATCH", path, {"attributes": {"city": "Köln"}})["attributes"]["city"] == "Köln"
    lifted = alice.api.json("DELETE", f"{path}/restriction?told=true")
    assert lifted["steps"] == {"processing": "restriction lifted", "person_told_before": True}
    assert alice.api.json("GET", path)["restricted"] is False
    assert [r["type"] for r in alice.api.json("GET", "/requests")["items"] if r["person_id"] == alice.person_id] == ["restriction"] * 2


def test_an_objection_is_recorded_and_one_to_a_contract_is_refused(alice: Any) -> None:
    path = f"/people/{alice.person_id}"
    made = alice.api.json("POST", f"{path}/objection", {"note": "by phone"}, status=201)
    assert made["steps"] == {"purposes": ["behavioural_profiling", "marketing_email"]}
    records = [r for r in alice.api.json("GET", f"{path}/consents")["records"] if r["decision"] == "object"]
    assert {(r["purpose"], r["evidence"]["note"]) for r in records} == {
        ("marketing_email", "by phone"),
        ("behavioural_profiling", "by phone"),
    }
    assert alice.api.json("POST", f"{path}/objection", {"purposes": ["service"]}, status=400)["code"] == "objection_impossible"
    assert alice.api("POST", f"{path}/objection", {"purposes": []}).status_code == 422


def test_a_correction_that_the_person_asked_for_is_recorded_and_says_who_said_what(alice: Any) -> None:
    path = f"/people/{alice.person_id}"
    alice.api.json("PATCH", path, {"attributes": {"plan": "free"}})
    corrected = alice.api.json("PATCH", path, {"attributes": {"city": "Köln"}, "on_request": True})
    assert {name: origin["source"] for name, origin in corrected["origins"].items()} == {"name": "api", "plan": "api", "city": "api"}
    mine = [r["type"] for r in alice.api.json("GET", "/requests")["items"] if r["person_id"] == alice.person_id]
    assert mine == ["rectification"]
