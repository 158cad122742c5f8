"""Purpose checking over the control API: publishing is refused with the place, and what a draft reads can be asked."""

from __future__ import annotations

from typing import Any

DRAFT = {
    "name": "Tea",
    "trigger_event": "Bought",
    "purpose": "marketing_email",
    "subject": "For {{ person.name }}",
    "html": "<p>Your plan: {{ person.plan }}</p>",
    "conditions": {"property": "n", "op": "is_set"},
}


def test_publishing_is_refused_with_the_attribute_its_purpose_the_place_and_the_ways_out(alice: Any) -> None:
    path = f"/campaigns/{alice.api.json('POST', '/campaigns', DRAFT, status=201)['id']}"
    alice.api.json("PUT", "/purposes/assignments", {"kind": "attribute", "name": "plan", "purpose": alice.purpose_key})
    refused = alice.api.json("POST", f"{path}/publish", status=400)
    assert refused["code"] == "purpose_not_covered"
    for part in ("`plan`", "“Plan visits”", "through api since 20", "`person.plan` (html, line 1, column 18)", "Ways out: "):
        assert part in refused["message"]
    assert alice.api.json("GET", path)["state"] == "draft"
    declared = alice.api.json("PATCH", path, {"also_for": [alice.purpose_key]})
    assert declared["also_for"] == [alice.purpose_key]
    assert alice.api.json("POST", f"{path}/publish")["state"] == "published"


def test_what_a_draft_reads_is_told(alice: Any) -> None:
    alice.api.json("PUT", "/purposes/assignments", {"kind": "attribute", "name": "plan", "purpose": alice.purpose_key})
    path = f"/campaigns/{alice.api.json('POST', '/campaigns', DRAFT, status=201)['id']}/readings"
    found = alice.api.json("GET", path)
    assert [(one["kind"], one["name"], one["collected_for"], one["covered"], one["fault"]) for one in found] == [
        ("event", "bought", "service", True, None),
        ("attribute", "name", "service", True, None),
        ("attribute", "plan", alice.purpose_key, False, "other_purpose"),
    ]
    assert found[0]["places"] == [
        {"part": "trigger", "spelled": "bought", "path": "", "line": 0, "column": 0},
        {"part": "conditions", "spelled": "n", "path": "$.conditions.property", "line": 0, "column": 0},
    ]
    alice.api.json("PATCH", path.removesuffix("/readings"), {"also_for": [alice.purpose_key]})
    assert [one["needs"] for one in alice.api.json("GET", path)] == [None, None, alice.purpose_key]


def test_a_purpose_of_nobody_is_refused(alice: Any) -> None:
    refused = alice.api.json("POST", "/campaigns", {**DRAFT, "also_for": ["nothing"]}, status=400)
    assert refused["code"] == "purpose_unknown"
