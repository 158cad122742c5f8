"""Consents through the control API: what is proven permits, what is not proven is kept and permits nothing, what is void is refused."""

from __future__ import annotations

from typing import Any

import pytest

from troth.consent.models import RefusedClaims

PROVEN = {"purpose": "open_tracking", "decision": "grant", "notice": "May we see whether you read this?", "default_state": "unchecked"}


def standing(shown: Any, purpose: str = "open_tracking") -> tuple[str, bool, str]:
    row = {row["purpose"]: row for row in shown["standing"]}[purpose]
    return row["standing"], row["permitted"], row["reason"]


@pytest.mark.parametrize("lacking", ["notice", "default_state"])
def test_a_claim_that_lacks_a_proof_is_recorded_permits_nothing_and_says_what_it_lacks(alice: Any, lacking: str) -> None:
    claim = {name: value for name, value in PROVEN.items() if name != lacking}
    shown = alice.api.json("POST", f"/people/{alice.person_id}/consents", claim, status=201)
    assert standing(shown) == ("none", False, "no_consent")
    (finding,) = shown["findings"]
    assert finding["code"] == {"notice": "C04", "default_state": "C01"}[lacking]
    assert lacking in finding["mend"]
    record = shown["records"][0]
    assert (record["state"], record["valid"], record["rules"]) == ("ConsentUnknown", False, [finding["code"]])


def test_a_void_claim_leaves_a_number_and_nothing_else(alice: Any) -> None:
    before = alice.api.json("GET", f"/people/{alice.person_id}/consents")
    for _ in range(2):
        claim = {**PROVEN, "evidence": {"bundled_with_terms": True, "purposes": ["open_tracking", "marketing_email"]}}
        refusal = alice.api.json("POST", f"/people/{alice.person_id}/consents", claim, status=422)
    assert [code for code in ("C01", "C02", "C03", "C15", "C16") if code in refusal["message"]] == ["C03", "C15"]
    assert alice.api.json("GET", f"/people/{alice.person_id}/consents") == before
    assert sorted(RefusedClaims.objects.values_list("source", "rule", "refused")) == [("api", "C03", 2), ("api", "C15", 2)]


def test_a_published_notice_is_named_in_place_of_its_text(alice: Any) -> None:
    claim = {
        "purpose": "marketing_email",
        "decision": "grant",
        "notice_key": alice.notice_key,
        "notice_version": 1,
        "language": "en",
        "control_kind": "button",
    }
    shown = alice.api.json("POST", f"/people/{alice.person_id}/consents", claim, status=201)
    assert (shown["findings"], standing(shown, "marketing_email")) == ([], ("granted", True, ""))
    assert (shown["records"][0]["notice"], len(shown["records"][0]["notice_hash"])) == (alice.notice_key, 64)
    other = {**claim, "purpose": "open_tracking"}
    assert "C05" in alice.api.json("POST", f"/people/{alice.person_id}/consents", other, status=422)["message"]
    unknown = alice.api.json("POST", f"/people/{alice.person_id}/consents", {**claim, "notice_version": 9}, status=201)
    assert [finding["code"] for finding in unknown["findings"]] == ["C04"]


def test_an_earlier_consent_does_not_undo_a_later_withdrawal(alice: Any) -> None:
    claim = {**PROVEN, "purpose": "marketing_email", "decided_at": "2024-05-01T10:00:00Z"}
    assert "C07" in alice.api.json("POST", f"/people/{alice.person_id}/consents", claim, status=422)["message"]
    shown = alice.api.json("POST", f"/people/{alice.person_id}/consents", {**PROVEN, "purpose": "marketing_email"}, status=201)
    assert standing(shown, "marketing_email") == ("granted", True, "")


def test_many_decisions_are_recorded_at_once_and_each_is_answered(alice: Any) -> None:
    who = {"person": f"external_id:{alice.external_id}"}
    said = [
        {**PROVEN, **who},
        {**PROVEN, **who, "default_state": "checked"},
        {**who, "purpose": "click_tracking", "decision": "refuse"},
        {**who, "purpose": "behavioural_profiling", "decision": "defer"},
        {**PROVEN, "person": "external_id:nobody"},
        {**PROVEN, **who, "purpose": "world_domination"},
    ]
    results = alice.api.json("POST", "/consents", {"decisions": said})["results"]
    assert [result["status"] for result in results] == ["recorded", "refused", "recorded", "recorded", "unknown_person", "unknown_purpose"]
    shown = alice.api.json("GET", f"/people/{alice.person_id}/consents")
    assert [record["state"] for record in shown["records"][:3]] == ["ConsentRequestDeferred", "ConsentRefused", "ConsentGiven"]
    assert (standing(shown), standing(shown, "click_tracking")[0]) == (("granted", True, ""), "refused")
    assert standing(shown, "behavioural_profiling") == ("none", False, "no_consent")


def test_a_soft_opt_in_needs_a_sale_and_ends_with_an_objection(alice: Any) -> None:
    purpose = {
        "key": "customer-news",
        "name": "News for customers",
        "legal_basis": "legitimate_interest",
        "is_marketing": True,
        "soft_opt_in": True,
    }
    alice.api.json("POST", "/purposes", purpose, status=201)
    consents = f"/people/{alice.person_id}/consents"
    said = {"purpose": "customer-news", "decision": "soft_opt_in", "evidence": {"own_similar_goods": True, "objection_offered": True}}
    shown = alice.api.json("POST", consents, said, status=201)
    assert ([found["code"] for found in shown["findings"]], standing(shown, "customer-news")[2]) == (["S02"], "no_soft_opt_in")
    sold = {**said, "evidence": {**said["evidence"], "sale": "order 7"}}  # type: ignore[dict-item]
    shown = alice.api.json("POST", consents, sold, status=201)
    assert standing(shown, "customer-news") == ("granted", True, "")
    assert shown["records"][0]["state"] == "SoftOptIn"
    shown = alice.api.json("POST", consents, {"purpose": "customer-news", "decision": "object"}, status=201)
    assert standing(shown, "customer-news")[2] == "objected"
    assert "S05" in alice.api.json("POST", consents, sold, status=422)["message"]


def test_a_form_is_made_changed_and_closed(alice: Any) -> None:
    fields = [{"attribute": "first_name", "label": "First name", "required": True}]
    form = alice.api.json("POST", "/forms", {"title": "Footer", "notice": alice.notice_key, "fields": fields}, status=201)
    assert (form["version"], form["is_open"], form["languages"], form["fields"]) == (1, True, ["en"], fields)
    changed = alice.api.json("PUT", f"/forms/{form['id']}", {"title": "Footer", "notice": alice.notice_key})
    assert (changed["version"], changed["fields"]) == (2, [])
    assert not alice.api.json("POST", f"/forms/{form['id']}/close", {})["is_open"]
    refusal = alice.api.json("PUT", f"/forms/{form['id']}", {"title": "x", "notice": alice.notice_key, "origins": ["nonsense"]}, status=400)
    assert (refusal["code"], refusal["path"]) == ("form_invalid", "$.origins")
    assert alice.api.json("POST", "/forms", {"title": "x", "notice": "none"}, status=400)["code"] == "notice_unknown"


def test_a_file_of_decisions_is_imported_and_told_line_by_line(alice: Any) -> None:
    file = f"email,purpose,decision,notice,default_state,control_kind,artefact\n{alice.email},open_tracking,grant,May we?,unchecked,checkbox,box 7\nx,y,z,,,,\n"
    for query, recorded in (("?dry_run=true", "recorded"), ("", "recorded"), ("", "repeated")):
        told = alice.api.json("POST", f"/consents/import{query}", file.encode())
        assert told["counts"] == {recorded: 1, "bad": 1}
        assert told["dry_run"] is bool(query)
        assert told["problems"][0]["line"] == 3
    assert alice.api("POST", "/consents/import", b"colour\n").status_code == 400
    assert alice.api("POST", "/consents/import", b"\xff\xfe").status_code == 422


def test_a_decision_s_receipt_is_fetched_and_verifies(alice: Any) -> None:
    from troth.consent.verifying import verify_receipt
    from troth.kernel.crypto import signing_key

    record = alice.api.json("GET", f"/people/{alice.person_id}/consents")["records"][0]
    receipt = alice.api.json("GET", f"/people/{alice.person_id}/consents/{record['id']}/receipt")
    verify_receipt(receipt, signing_key().public_key())
    assert receipt["troth:proof"]["committed"]["record_id"] == int(record["id"])
    assert alice.api("GET", f"/people/{alice.person_id}/consents/1/receipt").status_code == 404
