"""Retention over the API: schedules, previews, runs with their proof, holds; each key's workspace alone."""

from __future__ import annotations

from tests.api.conftest import Tenant
from troth.kernel.clock import DAY, now_ms
from troth.privacy.retention.running import run_next


def test_a_schedule_is_made_previewed_switched_on_and_proven(alice: Tenant, charlie: Tenant) -> None:
    rule = {"title": "Plans", "target": "attribute", "name": "plan", "trigger": "age", "period": "P1Y"}
    made = alice.api.json("POST", "/retention/rules", rule, status=201)
    assert alice.api.json("GET", f"/retention/rules/{made['id']}/preview") == {"counts": {}}
    assert alice.api.json("PATCH", f"/retention/rules/{made['id']}", {"period": "soon"}, status=400)["path"] == "$.period"
    assert alice.api.json("PATCH", f"/retention/rules/{made['id']}", {"is_active": True})["is_active"]
    alice.api("DELETE", f"/retention/holds/{alice.hold_id}")
    while run_next(now_ms() + 400 * DAY):
        pass
    run = alice.api.json("GET", "/retention/runs")[0]
    assert (run["counts"], run["certificate"]["claims"]["schedule"]["title"]) == ({"attribute": 1}, "Plans")
    assert charlie.api.json("GET", "/retention/runs") == []
    assert charlie.api("DELETE", f"/retention/rules/{made['id']}").status_code == 404
    assert alice.api("DELETE", f"/retention/rules/{made['id']}").status_code == 204


def test_a_hold_of_a_person_is_placed_listed_and_lifted(alice: Tenant, charlie: Tenant) -> None:
    hold = {"person": alice.external_id, "ground": "a claim", "until": "2999-01-01T00:00:00Z"}
    made = alice.api.json("POST", "/retention/holds", hold, status=201)
    assert made["person"] == alice.person_id
    assert made["id"] in {one["id"] for one in alice.api.json("GET", "/retention/holds")}
    assert charlie.api("POST", "/retention/holds", hold).status_code == 404
    assert charlie.api("DELETE", f"/retention/holds/{made['id']}").status_code == 404
    assert alice.api("DELETE", f"/retention/holds/{made['id']}").status_code == 204
