"""Letters of a workspace's own over the control API."""

from __future__ import annotations

from typing import Any

OWN = {
    "kind": "received",
    "language": "en",
    "subject": "Yours at {company}",
    "text": "It came on {received}; you hear from us by {due}. {link}",
}


def test_a_letter_is_written_previewed_versioned_sent_and_put_back(alice: Any, charlie: Any) -> None:
    kinds = alice.api.json("GET", "/letters")
    assert {"received", "refuse_excessive", "not_found"} <= {one["kind"] for one in kinds} and not any(one["is_own"] for one in kinds)
    before = alice.api.json("GET", "/letters/letter?kind=received")
    assert before["version"] == 0 and before["text"] == before["built_in"] and "due" in before["variables"]
    shown = alice.api.json("POST", "/letters/preview", OWN)
    assert "{" not in shown["text"] and "It came on" in shown["text"]
    assert alice.api.json("GET", "/letters/letter?kind=received")["version"] == 0, "a preview keeps nothing"
    assert alice.api.json("PUT", "/letters/letter", OWN)["version"] == 1
    request = alice.api.json("POST", f"/people/{alice.person_id}/requests", {"type": "access"}, status=201)
    assert alice.api.json("GET", f"/requests/{request['id']}/draft?step=acknowledge&language=en")["text"].startswith("It came on")
    assert charlie.api.json("GET", "/letters/letter?kind=received")["version"] == 0
    back = alice.api.json("DELETE", "/letters/letter?kind=received")
    assert back["text"] == back["built_in"] and [one["version"] for one in back["versions"]] == [2, 1]


def test_an_unknown_variable_is_refused_with_its_place(alice: Any) -> None:
    refused = alice.api.json("PUT", "/letters/letter", {**OWN, "text": "Hello\n{name}"}, status=400)
    assert (refused["code"], refused["path"]) == ("letter_invalid", "$.text") and refused["message"].startswith("line 2, column 1:")
    assert alice.api.json("GET", "/letters/letter?kind=nonsense", status=400)["path"] == "$.kind"
