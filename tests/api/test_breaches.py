"""The register of breaches by API."""

from __future__ import annotations

import csv
import json
from typing import Any

from troth.kernel.clock import HOUR, iso, now_ms
from troth.workspaces.audit import read_entries


def test_a_breach_is_recorded_decided_told_and_closed(alice: Any) -> None:
    made = alice.api.json("POST", "/breaches", {"title": "A laptop was lost", "aware_at": iso(now_ms() - HOUR)}, status=201)
    assert (made["stage"], made["overdue"], made["kinds"]) == ("undecided", False, ["confidentiality"])
    place = f"/breaches/{made['id']}"
    assert alice.api("POST", f"{place}/close").status_code == 409
    assert alice.api.json("PATCH", place, {"people": 12})["people"] == 12
    assert alice.api.json("POST", f"{place}/decision", {"tell": True})["stage"] == "to_tell"
    told = alice.api.json("POST", f"{place}/told", {"whom": "authority", "at": iso(now_ms() - 1_000)})
    assert told["stage"] == "told"
    assert alice.api.json("POST", f"{place}/close")["closed_at"]
    assert place.rpartition("/")[2] in {str(one["id"]) for one in alice.api.json("GET", "/breaches")}


def test_a_fault_is_named_by_its_place(alice: Any) -> None:
    refused = alice.api("POST", "/breaches", {"title": "T", "began_at": "2026-03-02T00:00:00Z", "ended_at": "2026-03-01T00:00:00Z"})
    assert (refused.status_code, refused.json()["path"]) == (400, "$.ended_at")
    place = f"/breaches/{alice.breach_id}/told"
    early = alice.api("POST", place, {"whom": "authority", "at": "2026-03-01T00:00:00Z"})
    assert (early.status_code, early.json()["path"]) == (400, "$.at")


def test_whom_it_touched_is_asked_for_a_time(alice: Any) -> None:
    def touched(since: int, until: int) -> Any:
        return alice.api.json("GET", f"/breaches/affected?since={iso(since)}&until={iso(until)}")

    now = now_ms()
    alice.api.json("GET", f"/people/{alice.person_id}")
    assert touched(now - 48 * HOUR, now - 24 * HOUR) == {"people": 0, "acts": 0, "lists": 0, "exports": 0}
    found = touched(now - HOUR, now + HOUR)
    assert found["people"] >= 1
    assert found["acts"] >= 1


def test_who_must_be_told_is_one_file_that_says_when_it_is_whole(alice: Any) -> None:
    began = now_ms()
    alice.api.json("GET", "/people?limit=100")
    breach = alice.api.json("POST", "/breaches", {"title": "A key was stolen", "began_at": iso(began)}, status=201)["id"]
    answer = alice.api("GET", f"/breaches/{breach}/affected")
    *people, last = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert answer["Content-Type"] == "application/x-ndjson"
    assert {"emails": [alice.email], "how": ["shown"]}.items() <= next(one for one in people if one["person_id"] == alice.person_id).items()
    assert last == {"listed": len(people), "unreachable": sum(not one["emails"] for one in people), "gone": 0, "lists": 0, "files": 0}
    table = list(
        csv.DictReader(b"".join(alice.api("GET", f"/breaches/{breach}/affected?format=csv").streaming_content).decode().splitlines())
    )
    assert {row["person_id"] for row in table} == {one["person_id"] for one in people}
    entry = read_entries(alice.workspace.pk)[0]
    assert (entry.action, entry.detail["breach"], entry.role) == ("breach.listed", breach, "api")
    assert alice.api("GET", f"/breaches/{breach}/affected?format=xml").status_code == 422
