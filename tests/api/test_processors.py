"""The register of processors over the API; each key's workspace alone."""

from __future__ import annotations

from tests.api.conftest import Tenant


def test_the_register_is_kept_and_objections_are_heard(alice: Tenant, charlie: Tenant) -> None:
    made = alice.api.json("POST", "/processors", {"name": "Push Ltd", "location": "France"}, status=201)
    assert made["state"] == "proposed"
    assert alice.api.json("POST", f"/processors/{made['id']}/object", {"text": "no"})["state"] == "objected"
    assert alice.api.json("POST", f"/processors/{made['id']}/settle", {"text": "They signed it."})["state"] == "proposed"
    assert alice.api.json("PATCH", f"/processors/{made['id']}", {"location": "USA", "window_days": 0})["state"] == "effective"
    assert alice.api.json("POST", f"/processors/{made['id']}/end")["state"] == "ended"
    assert [one["name"] for one in charlie.api.json("GET", "/processors")] == ["Mailer of charlie"]
    assert charlie.api("POST", f"/processors/{made['id']}/end").status_code == 404
