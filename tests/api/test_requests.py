"""The desk over the control API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.mail_server import Kept, run_mail_server


@pytest.fixture
def post(settings: Any) -> Iterator[Kept]:
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        yield kept


def open_one(alice: Any, right: str, **more: Any) -> Any:
    return alice.api.json("POST", f"/people/{alice.person_id}/requests", {"type": right, **more}, status=201)


def take(alice: Any, request: Any, step: str, status: int = 200, **more: Any) -> Any:
    return alice.api.json("POST", f"/requests/{request['id']}/steps", {"step": step, **more}, status=status)


def test_a_request_is_opened_checked_carried_out_answered_and_its_history_told(alice: Any, post: Kept) -> None:
    request = open_one(alice, "access", language="de", words="Was wissen Sie?")
    assert (request["state"], request["identity"], request["identity_is_enough"]) == ("received", "", False)
    assert request["history"][0]["text"] == "Was wissen Sie?" and "ask_identity" in request["possible"]
    refused = take(alice, request, "carry_out", status=409)
    assert "who is asking" in refused["message"]
    alice.api.json("POST", f"/requests/{request['id']}/code")
    code = re.search(rb"\b(\d{8})\b", post.mails[0][1])
    assert code and post.mails[0][0] == [alice.email]
    wrong = alice.api.json("POST", f"/requests/{request['id']}/identity", {"code": "12"}, status=409)
    assert wrong["code"] == "conflict"
    known = alice.api.json("POST", f"/requests/{request['id']}/identity", {"code": code[1].decode()})
    assert (known["identity"], known["identity_is_enough"], known["state"]) == ("code", True, "running")
    assert take(alice, request, "carry_out")["state"] == "executing"
    letter = alice.api.json("GET", f"/requests/{request['id']}/draft?step=answer")
    assert letter["language"] == "de" and "Auskunft" in letter["text"]
    done = take(alice, request, "answer", text=letter["text"], subject=letter["subject"], tell="mail")
    assert done["state"] == "done" and done["closed_at"] and done["possible"] == []
    assert [one["step"] for one in done["history"]] == ["open", "code", "identify", "carry_out", "answer"]
    assert len(post.mails) == 2


def test_what_is_not_yours_to_say_or_misses_its_reason_is_refused_with_the_place(alice: Any) -> None:
    refused = alice.api.json("POST", f"/people/{alice.person_id}/requests", {"type": "access", "identity": "code"}, status=422)
    assert refused["path"] == "$.identity"
    request = open_one(alice, "objection")
    assert take(alice, request, "refuse", status=422)["path"] == "$"
    path = f"/requests/{request['id']}/identity"
    assert alice.api.json("POST", path, {}, status=422)["path"] == "$"
    assert alice.api.json("POST", path, {"values": {"phone": "+4930123456"}}, status=409)["message"] == "That is not what is on file."
    assert alice.api.json("POST", f"/people/{alice.person_id}/requests", {"type": "access", "received_at": 2**52}, status=400)["code"]


def test_lists_show_what_is_open_due_and_overdue(alice: Any) -> None:
    from troth.kernel.clock import DAY, now_ms

    now = now_ms()
    late = open_one(alice, "objection", received_at=now - 50 * DAY)
    soon = open_one(alice, "objection", received_at=now - 27 * DAY)
    fresh = open_one(alice, "access")
    shown = {
        kind: {one["id"] for one in alice.api.json("GET", f"/requests?show={kind}")["items"]} for kind in ("open", "due_soon", "overdue")
    }
    assert shown["overdue"] == {late["id"]} and soon["id"] in shown["due_soon"]
    assert {late["id"], soon["id"], fresh["id"]} <= shown["open"]
    assert {one["id"] for one in alice.api.json("GET", "/requests?type=access")["items"]} == {fresh["id"]}
    assert late["clock"]["is_overdue"] and not fresh["clock"]["is_overdue"]
    walked = [one["id"] for one in alice.api.walk("/requests", 1) if one["id"] != alice.request_id]
    assert walked == [fresh["id"], soon["id"], late["id"]]


def test_many_requests_take_the_same_step_and_each_that_cannot_says_why(alice: Any, charlie: Any) -> None:
    own = [open_one(alice, "objection")["id"] for _ in range(2)]
    waiting = open_one(alice, "access")["id"]
    foreign = charlie.request_id
    out = alice.api.json("POST", "/requests/steps", {"requests": [*own, waiting, foreign], "step": "carry_out"})
    assert out["done"] == own and set(out["refused"]) == {waiting, foreign}
    assert "no such request" in out["refused"][foreign]
    assert charlie.api.json("GET", f"/requests/{foreign}")["state"] == "awaiting_confirmation"


def test_evidence_is_signed_and_the_portable_part_is_less_than_everything(alice: Any) -> None:
    import io
    import zipfile

    from troth.privacy.certificate import verify_certificate

    request = open_one(alice, "access", words="Please", identity="login")
    evidence = alice.api("GET", f"/requests/{request['id']}/evidence")
    claims = verify_certificate(evidence.content.decode())
    assert claims["identity"]["means"] == "login" and "Please" not in evidence.content.decode()
    answer = alice.api("POST", f"/people/{alice.person_id}/export?scope=portable")
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert {"data.json", "people.person.csv", "README.txt"} <= set(archive.namelist())
    assert [one["type"] for one in alice.api.json("GET", "/requests?state=done")["items"]] == ["portability"]


def test_the_seat_is_read_and_set_and_a_wrong_one_is_refused(alice: Any) -> None:
    assert alice.api.json("GET", "/seat")["zone"] == "UTC"
    set_to = {"country": "de", "region": "by", "zone": "Europe/Berlin", "contact": "dpo@example.com", "language": "de"}
    assert alice.api.json("PATCH", "/seat", set_to) == {
        "country": "DE",
        "region": "BY",
        "zone": "Europe/Berlin",
        "contact": "dpo@example.com",
        "language": "de",
    }
    assert alice.api.json("PATCH", "/seat", {"country": "AT"})["region"] == ""
    for wrong in ({"country": "XX"}, {"zone": "Moon/Base"}, {"contact": "nobody"}, {"language": "tlh"}):
        alice.api.json("PATCH", "/seat", wrong, status=400)


def test_what_is_particular_is_reached_over_the_api_too(alice: Any, post: Kept) -> None:
    request = open_one(alice, "objection")
    letter = alice.api.json("GET", f"/requests/{request['id']}/draft?step=refuse&ground=excessive")
    assert "Art. 12(5)(b)" in letter["text"]
    assert take(alice, request, "refuse", text="No", status=422)["message"].startswith("Weigh")
    weighed = take(alice, request, "weigh", details={"finding": "Theirs prevails."})
    assert weighed["history"][-1]["facts"] == {"prevails": False, "purposes": []}
    assert take(alice, request, "ask_fee", text="Weekly", details={"ground": "excessive"}, status=422)["message"].startswith("Say the fee")
    asked = take(alice, request, "ask_fee", text="Weekly", details={"ground": "excessive", "fee": "9.00 EUR"})
    assert asked["history"][-1]["facts"]["fee"] == "9.00 EUR"
    refused = take(alice, request, "refuse", text="Weekly", details={"ground": "excessive"})
    assert refused["state"] == "refused"


def test_a_request_of_somebody_not_on_file_is_taken_looked_for_and_answered(alice: Any, charlie: Any, post: Kept) -> None:
    said = {"type": "access", "address": "eva.stranger@example.com", "words": "What do you know?"}
    request = alice.api.json("POST", "/requests", said, status=201)
    assert request["person_id"] is None and request["history"][0]["text"] == "What do you know?"
    elsewhere = {"told": {"external_id": charlie.external_id}}
    assert alice.api.json("POST", f"/requests/{request['id']}/person", elsewhere)["person_id"] is None, "another workspace's is not found"
    letter = alice.api.json("GET", f"/requests/{request['id']}/draft?step=not_found")
    done = take(alice, request, "not_found", text=letter["text"], subject=letter["subject"], tell="mail")
    assert done["state"] == "done" and post.mails[-1][0] == ["eva.stranger@example.com"]
    known = alice.api.json("POST", "/requests", {**said, "told": {"external_id": alice.external_id}}, status=201)
    assert known["person_id"] == alice.person_id and not known["identity"]


def test_an_objection_freezes_what_it_names_before_anybody_looks(alice: Any) -> None:
    analysis = {"key": "analysis", "name": "Analysis", "legal_basis": "legitimate_interest"}
    alice.api.json("POST", "/purposes", analysis, status=201)
    request = open_one(alice, "objection", purposes=["analysis"])
    assert (request["state"], request["frozen"]) == ("received", ["analysis"])
    consents = alice.api.json("GET", f"/people/{alice.person_id}/consents")
    assert {one["purpose"]: one["standing"] for one in consents["standing"]}["analysis"] == "refused"
    assert open_one(alice, "access", purposes=["analysis"])["frozen"] == [], "of another right nothing stands still"
    alice.api.json("POST", f"/people/{alice.person_id}/requests", {"type": "objection", "purposes": ["none"]}, status=400)
    assert take(alice, request, "withdraw")["frozen"] == []
