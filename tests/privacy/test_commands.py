"""The commands, run in this process: what they answer, and how they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from planted import DANA, SECRET

from troth.kernel.personal_data import Subject
from troth.project.cli import main

WS = "Test workspace"


@pytest.fixture
def troth(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command that must succeed; its JSON."""

    def run(*words: str) -> Any:
        code = main([*words, "--json"])
        told = capsys.readouterr()
        assert code == 0, told.err
        return json.loads(told.out)

    return run


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("privacy", "erase", WS, "nobody@example.com"), "No person of this workspace"),
        (("privacy", "erase", "Nowhere", "nobody@example.com"), "no such workspace"),
        (("privacy", "export", WS, "nobody@example.com", "--out", "x.zip"), "No person"),
        (("privacy", "export", WS, DANA["email"], "--out", "x.txt"), "must end in .zip, .json or .pdf"),
        (("privacy", "export", WS, DANA["email"], "--out", "/nowhere/x.zip"), "Choose another --out"),
        (("privacy", "scan", WS, "--value", "abc"), "at least 4 characters"),
        (("privacy", "verify", "/nowhere/none.json"), "Cannot read"),
        (("privacy", "verify"), "--show-key"),
        (("privacy", "requests", "--certificate", "x"), "no such request"),
        (("backup", "restore", "x"), "no such backup"),
        (("consent", "grant", WS, "nobody@example.com", "marketing_email"), "No person"),
        (("consent", "grant", WS, DANA["email"], "nonsense"), "no such purpose"),
    ],
)
def test_a_mistake_is_told_in_one_line_without_naming_anybody(
    dana: Subject, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert main(list(words)) == 1

    told = capsys.readouterr().err.strip().splitlines()
    lines = [line for line in told if line.startswith("troth: ")]
    assert len(lines) == 1 and said.lower() in lines[0].lower()
    assert "@" not in lines[0]


PAPER = ["--notice", "May we see what you read?", "--how", "signature", "--artefact", "paper form 7"]


def test_a_decision_at_the_command_line_counts_at_once(dana: Subject, troth: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["consent", "grant", WS, DANA["email"], "open_tracking", *PAPER]) == 0
    assert main(["consent", "withdraw", WS, DANA["external_id"], "marketing_email"]) == 0
    capsys.readouterr()

    shown = troth("people", "show", WS, DANA["phone"])

    assert {item["purpose"]: item["standing"] for item in shown["consents"]} == {
        "marketing_email": "refused",
        "open_tracking": "granted",
        "click_tracking": "granted",
    }
    assert "paper form 7" in json.dumps(shown["consent_records"])


def test_a_person_is_shown_with_what_has_just_arrived(dana: Subject, troth: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shown = troth("people", "show", WS, DANA["device"])

    assert shown["person_id"] == str(dana.person_id)
    assert (shown["external_id"], shown["email"], shown["tags"]) == (DANA["external_id"], DANA["email"], ["vip"])
    assert [event["name"] for event in shown["events"]] == ["bought"] * 9
    assert [event["name"] for event in shown["pending_events"]] == ["arriving"]
    assert len(shown["messages"]) == 1 and len(shown["privacy_requests"]) == 1
    assert main(["people", "show", WS, DANA["email"]]) == 0
    assert SECRET in capsys.readouterr().out


def test_an_erasure_prints_its_request_and_a_certificate_that_verifies(dana: Subject, troth: Any, tmp_path: Path) -> None:
    done = troth("privacy", "erase", WS, DANA["email"], "--wait")

    assert set(done) == {"request_id", "state", "certificate"} and done["state"] == "erased"
    for name, content in (("certificate.json", done["certificate"]), ("answer.json", done)):
        (tmp_path / name).write_text(json.dumps(content))
        assert troth("privacy", "verify", str(tmp_path / name))["request_id"] == done["request_id"]
    done["certificate"]["claims"]["state"] = "done"
    (tmp_path / "changed.json").write_text(json.dumps(done["certificate"]))
    assert main(["privacy", "verify", str(tmp_path / "changed.json")]) == 1


def test_a_search_tells_where_a_value_lies_and_its_exit_code_says_so(dana: Subject, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["privacy", "scan", WS, "--value", DANA["email"]])
    assert ended.value.code == 1
    assert "FOUND value 1" in capsys.readouterr().out

    assert main(["privacy", "scan", WS, "--value", "nobody-has-this-value"]) == 0
    assert "Nothing found" in capsys.readouterr().out


def test_an_export_is_recorded_as_an_answered_request(
    dana: Subject, troth: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["privacy", "export", WS, DANA["email"], "--out", str(tmp_path / "dana.zip")]) == 0
    capsys.readouterr()

    rows = troth("privacy", "requests", WS)
    assert {(row["type"], row["state"]) for row in rows} == {
        ("access", "done"),
        ("access", "received"),  # of somebody who is not on file
        ("erasure", "awaiting_confirmation"),
    }
    waiting = next(row for row in rows if row["type"] == "erasure")
    assert main(["privacy", "requests", "--confirm", waiting["request_id"]]) == 0
    capsys.readouterr()
    still_open = {(row["type"], row["state"]) for row in troth("privacy", "requests", WS, "--open")}
    assert still_open == {("access", "received"), ("erasure", "deleted")}
