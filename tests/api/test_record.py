"""The record of processing over the API."""

from __future__ import annotations

from tests.api.conftest import Tenant


def test_the_record_is_read_in_each_format_and_its_parties_are_said(alice: Tenant, charlie: Tenant) -> None:
    record = alice.api.json("GET", "/record")
    assert (record["article"], record["parties"]["name"]) == ("30(1)", "alice")
    assert record["missing"]
    changed = alice.api.json("PATCH", "/record/parties", {"contact": "hello@alice.example", "people": ["customers"]})
    assert len(changed["missing"]) == len(record["missing"]) - 2
    assert alice.api.json("PATCH", "/record/parties", {"controllers": [{"name": ""}]}, status=400)["path"] == "$.controllers"
    assert charlie.api.json("GET", "/record")["parties"]["contact"] == ""
    assert alice.api("GET", "/record?format=csv").content.startswith(b"purpose,")
    assert alice.api("GET", "/record?format=pdf").content.startswith(b"%PDF")
