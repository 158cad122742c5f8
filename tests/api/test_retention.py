"""Retention over the API: schedules, previews, runs with their proof, holds; each key's workspace alone."""

from __future__ import annotations

import json

from tests.api.conftest import Tenant
from troth.kernel.clock import DAY, now_ms
from troth.kernel.personal_data import Subject
from troth.privacy.erasure.erasing import erase_person
from troth.privacy.erasure.kept_ending import end_due
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


def test_what_a_hold_keeps_of_an_erased_person_is_listed_opened_and_ended_by_its_workspace_alone(alice: Tenant, charlie: Tenant) -> None:
    hold = {"person": alice.external_id, "exception": "legal_obligation", "ground": "tax law", "until": "2999-01-01T00:00:00Z"}
    assert alice.api.json("POST", "/retention/holds", hold, status=201)["exception"] == "legal_obligation"
    erase_person(Subject(alice.workspace.pk, int(alice.person_id)), now=now_ms(), source="api")

    kept = [item for item in alice.api.json("GET", "/retention/kept") if item["exception"] == "legal_obligation"]
    assert len(kept) == 1 and kept[0]["kind"] == ""
    path = f"/retention/kept/{kept[0]['id']}"
    assert alice.external_id in json.dumps(alice.api.json("GET", path))
    assert charlie.api("GET", path).status_code == charlie.api("DELETE", path).status_code == 404
    assert alice.api("GET", "/retention/kept/nothing").status_code == 404
    assert alice.api("DELETE", path).status_code == 204
    end_due(now_ms() + 1)
    assert alice.api("GET", path).status_code == 404
