"""Definitions kept in files: made, changed and written by command, with the shape of the API's bodies and its refusals."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from troth.kernel.errors import TrothError
from troth.project.cli import main

MAIL = {"subject": "Hello", "html": "<p>Hello</p>"}
CAMPAIGN = {"name": "Cart", "trigger_event": "cart", "purpose": "service", "rules": {"delay": "PT1H"}, **MAIL}
NEWSLETTER = {
    "name": "News",
    "purpose": "marketing_email",
    "variants": [{"key": "A", "share": 2, **MAIL}, {"key": "B", **MAIL}],
    "test": {"share": 20, "metric": "converted", "hours": 2},
    "goal": {"event": "bought"},
    "schedule": {"kind": "recurring", "cron": "0 9 * * 1", "zone": "Europe/Berlin"},
}
SEGMENT = {"name": "Pro", "purpose": "service", "definition": {"attribute": "plan", "op": "equals", "value": "pro"}}
TEMPLATE = {"kind": "email", "key": "hello", "parts": {"en": {"subject": "Hello", "body": "<p>Hello</p>"}}}
KINDS = {"campaign": CAMPAIGN, "newsletter": NEWSLETTER, "segment": SEGMENT, "template": TEMPLATE}
"""What a file of each kind holds."""
BROKEN: dict[str, list[Any]] = {
    "campaign": [
        {**CAMPAIGN, "name": ""},
        {**CAMPAIGN, "subjekt": "misspelt"},
        {name: value for name, value in CAMPAIGN.items() if name != "purpose"},
        {**CAMPAIGN, "rules": {"delay": "soon"}},
        {**CAMPAIGN, "conditions": {"property": "n", "op": "nearly"}},
        {**CAMPAIGN, "also_for": ["nothing of the kind"]},
        [CAMPAIGN],
    ],
    "newsletter": [
        {**NEWSLETTER, "variants": []},
        {**NEWSLETTER, "variants": [{"key": "A", "share": "much", **MAIL}]},
        {**NEWSLETTER, "segment_id": 999_999},
        {**NEWSLETTER, "schedule": {"kind": "recurring", "cron": "often", "zone": "UTC"}},
    ],
    "segment": [
        {"name": "Nothing"},
        {**SEGMENT, "definition": {"all": [{"attribute": "plan", "op": "nearly", "value": 1}]}},
        {**SEGMENT, "purpose": "nothing"},
    ],
    "template": [{**TEMPLATE, "kind": "poem"}, {**TEMPLATE, "key": "No Key"}, {**TEMPLATE, "parts": {"en": {"refrain": "x"}}}],
}


def run(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue().strip()


def write(tmp_path: Path, definition: Any) -> str:
    file = tmp_path / "definition.json"
    file.write_text(json.dumps(definition), encoding="utf-8")
    return str(file)


@pytest.mark.parametrize("kind", KINDS)
def test_one_is_made_of_a_file_as_the_api_makes_it_of_a_body(alice: Any, kind: str, tmp_path: Path) -> None:
    told = json.loads(run(f"{kind}_create", str(alice.workspace.pk), write(tmp_path, KINDS[kind]), "--json"))
    named = str(told["key" if kind == "template" else "id"])
    assert told == alice.api.json("GET", f"/{kind}s/{named}") | {name: told[name] for name in told.keys() & {"freshness"}}
    again = {**KINDS[kind], "name": "Once more", **({"key": "again"} if kind == "template" else {})}
    over_the_api = alice.api.json("POST", f"/{kind}s", again, status=201)
    own = {"id", "key", "name", "updated_at", "created_at", "freshness"}
    assert {name: value for name, value in told.items() if name not in own} == {
        name: value for name, value in over_the_api.items() if name not in own
    }


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_as_a_file_makes_the_same_and_a_changed_file_changes_it(alice: Any, kind: str, tmp_path: Path) -> None:
    ws = str(alice.workspace.pk)
    named = run(f"{kind}_create", ws, write(tmp_path, KINDS[kind]))
    definition = json.loads(run(f"{kind}_definition", ws, named))
    other = {"key": "other"} if kind == "template" else {}
    again = run(f"{kind}_create", ws, write(tmp_path, definition | other))
    assert json.loads(run(f"{kind}_definition", ws, again)) == definition | other
    assert run(f"{kind}_update", ws, named, write(tmp_path, definition)) == named
    assert json.loads(run(f"{kind}_definition", ws, named, "--json")) == definition
    run(f"{kind}_update", ws, named, write(tmp_path, {**KINDS[kind], "name": "Changed"}))
    assert alice.api.json("GET", f"/{kind}s/{named}")["name"] == "Changed"


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_api_refuses_is_refused_with_the_same_words_and_place(alice: Any, kind: str, tmp_path: Path) -> None:
    ws = str(alice.workspace.pk)
    for broken in BROKEN[kind]:
        refused = alice.api("POST", f"/{kind}s", broken)
        assert refused.status_code in (400, 422), refused.content
        told = refused.json()
        with pytest.raises((CommandError, TrothError)) as caught:
            run(f"{kind}_create", ws, write(tmp_path, broken))
        assert str(caught.value) == f"{told['path']}: {told['message']}" if told.get("path") else told["message"]
    before = len(alice.api.json("GET", f"/{kind}s"))
    for text in ("{", '{"a": 1e999}', '{"a": "\\u0000"}'):
        (tmp_path / "definition.json").write_text(text, encoding="utf-8")
        with pytest.raises(TrothError, match=r"\$"):
            run(f"{kind}_create", ws, str(tmp_path / "definition.json"))
    assert len(alice.api.json("GET", f"/{kind}s")) == before, "nothing was kept"


def test_a_segment_in_a_file_is_counted_before_it_is_kept(alice: Any, tmp_path: Path) -> None:
    ws = str(alice.workspace.pk)
    counted = alice.api.json("POST", "/segments/preview", {name: SEGMENT[name] for name in ("definition", "purpose")})
    assert json.loads(run("segment_preview", ws, write(tmp_path, SEGMENT), "--json")) == counted
    assert counted["count"] == 1
    assert run("segment_preview", ws, write(tmp_path, {"definition": SEGMENT["definition"], "purpose": "service"})).startswith(
        "1 of 2 people"
    )
    with pytest.raises(CommandError, match=r"^\$.definition: Field required"):
        run("segment_preview", ws, write(tmp_path, {"purpose": "service"}))


def test_a_template_is_published_by_command_and_its_key_stays(alice: Any, tmp_path: Path) -> None:
    ws = str(alice.workspace.pk)
    assert run("template_create", ws, write(tmp_path, TEMPLATE)) == "hello"
    assert run("template_publish", ws, "hello") == "hello: version 1"
    with pytest.raises(CommandError, match=r"^\$.key: the file is of another one"):
        run("template_update", ws, "hello", write(tmp_path, {**TEMPLATE, "key": "bye"}))
    run("template_update", ws, "hello", write(tmp_path, {**TEMPLATE, "parts": {"en": {"subject": "{{ x | nope }}"}}}))
    with pytest.raises(TrothError, match="nope"):
        run("template_publish", ws, "hello")


def test_nobody_reaches_into_another_workspace(alice: Any, charlie: Any, tmp_path: Path) -> None:
    others = {
        "campaign": charlie.campaign_id,
        "newsletter": charlie.newsletter_id,
        "segment": charlie.segment_id,
        "template": charlie.template_key,
    }
    for kind, named in others.items():
        with pytest.raises((CommandError, TrothError), match=r"There is no (such|template)"):
            run(f"{kind}_update", str(alice.workspace.pk), str(named), write(tmp_path, KINDS[kind]))


def test_a_file_comes_through_standard_input_and_a_fault_is_one_line(
    alice: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["campaign", "create", str(alice.workspace.pk), "-"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(CAMPAIGN).encode())))
    assert main(words) == 0
    assert alice.api.json("GET", f"/campaigns/{capsys.readouterr().out.strip()}")["name"] == "Cart"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps({**CAMPAIGN, "name": 7}).encode())))
    assert main(words) == 1
    assert capsys.readouterr().err == "troth: $.name: Input should be a valid string.\n"
    assert main([*words[:-1], "/nowhere/at/all.json"]) == 1
    assert capsys.readouterr().err == "troth: The file cannot be read: No such file or directory.\n"
