"""Segments over the control API: kept, counted before they are kept, listed, and explained person by person."""

from __future__ import annotations

from typing import Any

from troth.consent.purposes import assign
from troth.kernel.clock import now_ms
from troth.kernel.worker import drain

PRO = {"attribute": "plan", "op": "equals", "value": "pro"}
BOUGHT = {"event": "Bought", "op": "did", "within": "P1D"}


def test_a_draft_is_counted_and_says_who_is_left_out_and_why(alice: Any) -> None:
    found = alice.api.json("POST", "/segments/preview", {"definition": {"all": [PRO, BOUGHT]}})
    assert (found["count"], found["people"]) == (0, 2)
    assert found["left_out"] == [{"purpose": "behavioural_profiling", "reason": "missing", "people": 2}]
    assert alice.api.json("POST", "/segments/preview", {"definition": {"all": [PRO, BOUGHT]}, "purpose": "service"})["count"] == 1


def test_a_segment_is_made_listed_changed_archived_and_its_versions_stay(alice: Any) -> None:
    made = alice.api.json("POST", "/segments", {"name": "Buyers", "definition": BOUGHT, "purpose": "service"}, status=201)
    drain(now_ms())
    shown = alice.api.json("GET", f"/segments/{made['id']}")
    assert shown["size"] == 1 and shown["freshness"]["computed_through"] and shown["freshness"]["behind_ms"] == 0
    assert [item["id"] for item in alice.api.walk(f"/segments/{made['id']}/members", 1)] == [alice.person_id]
    assert alice.api.json("GET", f"/segments/{made['id']}/history")[-1]["entered"] == 1
    changed = alice.api.json("PATCH", f"/segments/{made['id']}", {"definition": {"not": BOUGHT}})
    assert changed["version"] == 2 and changed["freshness"]["is_late"]
    assert [one["version"] for one in alice.api.json("GET", f"/segments/{made['id']}/versions")] == [2, 1]
    assert alice.api.json("GET", f"/segments/{made['id']}/versions/1")["definition"] == BOUGHT
    restored = alice.api.json("POST", f"/segments/{made['id']}/versions/1/restore")
    assert (restored["version"], restored["definition"], restored["freshness"]["is_late"]) == (3, BOUGHT, True)
    assert alice.api.json("GET", f"/segments/{made['id']}/versions/9", status=404)["code"] == "not_found"
    assert alice.api.json("POST", f"/segments/{made['id']}/versions/9/restore", status=404)["code"] == "not_found"
    assert alice.api.json("POST", f"/segments/{made['id']}/archive")["archived"]
    assert made["id"] not in [one["id"] for one in alice.api.json("GET", "/segments")]
    assert alice.api.json("PATCH", f"/segments/{made['id']}", {"name": "x"}, status=400)["path"] == "$"


def test_why_somebody_is_in_or_not_is_told_condition_by_condition(alice: Any) -> None:
    definition = {"all": [PRO, {"not": {"tag": "vip"}}, BOUGHT, {"event": "login", "op": "did_not", "within": "P7D"}]}
    made = alice.api.json("POST", "/segments", {"name": "S", "definition": definition}, status=201)
    told = alice.api.json("GET", f"/segments/{made['id']}/members/{alice.person_id}")
    assert not told["is_in"] and told["conditions"]["holds"]
    assert told["verdicts"] == [{"purpose": "behavioural_profiling", "allow": False, "basis": "", "reason": "no_consent"}]
    says = [(part["says"], part["holds"]) for part in told["conditions"]["parts"]]
    assert says[0] == ("plan is “pro”", True) and says[2][0] == "did Bought within the last 1 day"
    assert told["conditions"]["parts"][0]["evidence"] == ["“pro”"]
    assert told["conditions"]["parts"][2]["evidence"][0].startswith("bought at 2")


def test_what_is_wrong_is_told_with_its_place(alice: Any) -> None:
    for definition, path in (
        ({"all": [PRO, {"attribute": "plan", "op": "at_least", "value": 5}]}, "$.all[1].value"),
        ({"event": "bought", "op": "did", "where": {"property": "n", "op": "starts_with", "value": "x"}}, "$.where.value"),
        ({"attribute": "plan", "op": "within_last", "value": "P7D"}, "$.value"),
        ({"event": "bought", "op": "did", "within": "7 days"}, "$.within"),
        ({"any": [{"colour": "red"}]}, "$.any[0]"),
        ({"segment": 999_999}, "$.segment"),
        ({"attribute": "plan", "op": "equals", "value": "pro", "valeu": 1}, "$.valeu"),
    ):
        assert alice.api.json("POST", "/segments", {"name": "S", "definition": definition}, status=400)["path"] == path
    made = alice.api.json("POST", "/segments", {"name": "Inner", "definition": PRO}, status=201)
    outer = alice.api.json("POST", "/segments", {"name": "Outer", "definition": {"segment": made["id"]}}, status=201)
    circle = alice.api.json("PATCH", f"/segments/{made['id']}", {"definition": {"segment": outer["id"]}}, status=400)
    assert "leads back to itself" in circle["message"]
    assert "Outer" in alice.api.json("POST", f"/segments/{made['id']}/archive", status=400)["message"]


def test_a_segment_of_another_workspace_is_not_named(alice: Any, charlie: Any) -> None:
    refused = alice.api.json("POST", "/segments", {"name": "S", "definition": {"segment": charlie.segment_id}}, status=400)
    assert refused["path"] == "$.segment"


def test_data_of_another_purpose_is_refused_also_through_another_segment_with_ways_out(alice: Any) -> None:
    made = alice.api.json("POST", "/segments", {"name": "Inner", "definition": PRO}, status=201)
    assign(alice.workspace.pk, "attribute", "plan", alice.purpose_key)
    for definition, place in ((PRO, "`$.attribute`"), ({"not": {"segment": made["id"]}}, "`$.not.segment (“Inner”) $.attribute`")):
        refused = alice.api.json("POST", "/segments", {"name": "S", "definition": definition}, status=400)
        assert refused["code"] == "purpose_not_covered"
        assert "The attribute `plan` is collected for “Plan visits”, through api since" in refused["message"]
        assert place in refused["message"] and "declare that the segment is also for “Plan visits”" in refused["message"]
    also = {"name": "S", "definition": PRO, "also_for": [alice.purpose_key]}
    made = alice.api.json("POST", "/segments", also, status=201)
    (reading,) = alice.api.json("GET", f"/segments/{made['id']}/readings")
    assert reading["needs"] == alice.purpose_key and reading["places"] == ["$.attribute"]
    told = alice.api.json("GET", f"/segments/{made['id']}/members/{alice.person_id}")
    assert [one["purpose"] for one in told["verdicts"]] == ["behavioural_profiling", alice.purpose_key]
