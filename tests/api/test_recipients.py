"""Recipients over the API and the command line: who was told, what they answered, and how processors are told."""

from __future__ import annotations

import io
import json
from typing import Any

from django.core.management import call_command


def test_recipients_of_a_request_are_listed_and_what_was_heard_is_recorded(alice: Any) -> None:
    [one] = alice.api.json("GET", f"/requests/{alice.request_id}/recipients")
    assert (one["recipient"], one["state"], one["answer"]) == ("Printer of alice", "by_hand", "no answer yet")
    assert alice.api.json("GET", "/recipients?owing=true") == [one]
    alice.api.json("POST", f"/recipients/{one['id']}/again", status=409)
    begun = alice.api.json("POST", f"/recipients/{one['id']}/answer", {"answer": "in_progress", "means": "phone"})
    assert begun["answers"][0]["means"] == "phone"
    done = alice.api.json("POST", f"/recipients/{one['id']}/answer", {"answer": "done", "means": "mail"})
    assert (done["answer"], len(done["answers"])) == ("acknowledged", 2)
    alice.api.json("POST", f"/recipients/{one['id']}/take-back", status=409)
    assert alice.api.json("GET", "/recipients?owing=true") == []
    assert alice.api.json("GET", f"/recipients/{one['id']}") == done


def test_a_processor_says_how_it_is_told_and_never_its_secret(alice: Any) -> None:
    way = {"way": "opendsr", "address": "https://opendsr.mailer.example/v2", "authorization": "Bearer hidden"}
    made = alice.api.json("PUT", f"/processors/{alice.processor_id}/way", way)
    assert made["told_by"] == {"way": "opendsr", "address": "https://opendsr.mailer.example/v2", "has_authorization": True}
    refused = alice.api.json("PUT", f"/processors/{alice.processor_id}/way", {"way": "mail", "address": "x"}, status=400)
    assert refused["path"] == "$.address"
    assert alice.api.json("PUT", f"/processors/{alice.processor_id}/way", {"way": ""})["told_by"]["way"] == ""


def test_the_command_line_lists_records_and_sets_ways(alice: Any) -> None:
    def run(*words: str) -> str:
        out = io.StringIO()
        call_command("privacy_recipients", str(alice.workspace.pk), *words, stdout=out)
        return out.getvalue()

    assert "by hand" in run("--owing") and "no answer yet" in run()
    run("--answer", alice.told_id, "refused", "--by", "letter")
    assert json.loads(run("--json"))[0]["answer"] == "refused"
    assert json.loads(run("--show", alice.told_id))["answers"][0]["means"] == "letter"
    assert "Told by mail" in run("--way", str(alice.processor_id), "mail", "dpo@mailer.example")
    assert "members do it" in run("--way", str(alice.processor_id), "none")
