"""The data inventory over the API: items without values, drift, and corrected categories, each key's workspace alone."""

from __future__ import annotations

from tests.api.conftest import Tenant
from troth.kernel.clock import now_ms
from troth.kernel.worker import drain
from troth.privacy.inventory.storing import count_all


def test_the_inventory_is_read_and_a_category_corrected(alice: Tenant, charlie: Tenant) -> None:
    count_all(now_ms())
    read = alice.api.json("GET", "/inventory")
    items = {(item["kind"], item["event"], item["name"]): item for item in read["items"]}
    assert items["property", "bought", "n"]["used_by"][0]["title"] == "Receipt"
    assert items["attribute", "", "name"]["category"] == "identity"
    assert (items["event", "bought", ""]["count"], read["earlier_events_counted"]) == (1, 1.0)
    alice.api.json("PUT", "/inventory/category", {"kind": "attribute", "name": "name", "category": "profile"})
    assert (
        alice.api.json("PUT", "/inventory/category", {"kind": "attribute", "name": "name", "category": "x"}, status=400)["path"]
        == "$.category"
    )
    changed = {item["name"]: item for item in alice.api.json("GET", "/inventory")["items"] if item["kind"] == "attribute"}
    assert (changed["name"]["category"], changed["name"]["category_is_corrected"]) == ("profile", True)
    theirs = {item["name"]: item for item in charlie.api.json("GET", "/inventory")["items"] if item["kind"] == "attribute"}
    assert theirs["name"]["category"] == "identity"
    drift = alice.api.json("GET", "/inventory/drift")
    assert [item["name"] for item in drift["unassigned"] if item["kind"] == "attribute"] == ["name", "plan"]
    assert {one["kind"] for one in drift["unregistered"]} == {"channel", "webhook"}


def test_collecting_is_stopped_resumed_and_cleared(alice: Tenant, charlie: Tenant) -> None:
    count_all(now_ms())
    assert "plan" not in {item["name"] for item in alice.api.json("GET", "/minimisation")["unused"]}
    datum = {"kind": "property", "event": "Bought", "name": "n"}
    assert alice.api.json("POST", "/minimisation/clear", datum, status=400)["path"] == "$.name"
    assert alice.api.json("POST", "/minimisation/stop", datum)["event"] == "bought"
    job = alice.api.json("POST", "/minimisation/clear", datum, status=202)
    drain(now_ms())
    report = alice.api.json("GET", "/minimisation")
    assert [(one["id"], one["cleared"], bool(one["ended_at"])) for one in report["clearings"]] == [(job["id"], 1, True)]
    assert [(one["name"], one["dropped"]) for one in report["stopped"]] == [("shoe", 0), ("n", 0)]
    assert [one["name"] for one in charlie.api.json("GET", "/minimisation")["stopped"]] == ["shoe"]
    alice.api.json("POST", "/minimisation/resume", datum)
    assert [one["name"] for one in alice.api.json("GET", "/minimisation")["stopped"]] == ["shoe"]
