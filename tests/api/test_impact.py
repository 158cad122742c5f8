"""The impact assessment over the API and the command line: the criteria, what is declared, and who signed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.api.conftest import Tenant


def test_an_assessment_is_declared_and_signed_over_the_api_and_covers_what_was_met(alice: Tenant, charlie: Tenant) -> None:
    assert alice.api.json("GET", "/readiness/impact")["latest"] is None
    told = alice.api.json("PUT", "/readiness/impact/declared", {"declared": ["vulnerable", "new_technology"]})
    assert (told["needed"], told["covered"]) == (True, False)
    assert {one["key"] for one in told["criteria"] if one["met"]} >= {"vulnerable", "new_technology"}
    text = {"text": "Children are asked for nothing.", "name": "Ada", "function": "data protection officer"}
    assert alice.api.json("POST", "/readiness/impact", {**text, "text": " "}, status=400)["path"] == "$.text"
    signed = alice.api.json("POST", "/readiness/impact", text, status=201)
    assert signed["covered"] and signed["latest"]["name"] == "Ada" and "vulnerable" in signed["latest"]["criteria"]
    assert charlie.api.json("GET", "/readiness/impact")["latest"] is None


def test_the_command_says_what_is_met_and_keeps_what_was_signed(alice: Tenant, tmp_path: Path, capsys: Any) -> None:
    with pytest.raises(CommandError, match="not signed"):
        call_command("privacy_impact", "alice", declare=["vulnerable", "new_technology"])
    paper = tmp_path / "assessment.txt"
    paper.write_text("What is done, why, and what is done about the risks.")
    call_command("privacy_impact", "alice", sign=str(paper), name="Ada", function="data protection officer")
    told = capsys.readouterr().out
    assert "by Ada, data protection officer." in told and "met  vulnerable" in told
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("privacy_impact", "alice", sign=str(tmp_path / "none.txt"))
