"""Templates over the control API and the command line: written, checked, tried, published, and written again."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from troth.intake.commands import Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import now_ms

BODY = "<h1>Hi {{ person.name }}</h1>\n<p><a href='https://a.test/{{ event.properties.n }}'>Go</a></p>"


def store(alice: Any, key: str = "hello", **fields: Any) -> Any:
    parts = {"en": {"subject": "Hello {{ person.name }}", "body": BODY}, "de": {"subject": "Hallo {{ person.name }}"}}
    return alice.api("POST", "/templates", {"kind": "email", "key": key, "parts": parts, **fields})


def test_a_template_is_written_tried_published_and_written_again(alice: Any) -> None:
    assert store(alice).status_code == 201
    assert [row["languages"] for row in alice.api("GET", "/templates").json() if row["key"] == "hello"] == [["en", "de"]]
    tried = alice.api(
        "POST", "/templates/hello/preview", {"made_up": {"name": "D&D", "locale": "de_AT"}, "event": "Bought", "properties": {"n": 3}}
    ).json()
    assert tried["subject"] == "Hallo D&D"
    assert "https://a.test/3" in tried["html"]
    assert "Hi D&D" in tried["text"]
    assert (
        alice.api("POST", "/templates/hello/preview", {"made_up": {"name": "Al", "locale": "de"}, "language": "en"}).json()["subject"]
        == "Hello Al"
    )
    first = alice.api("POST", "/templates/hello/publish").json()
    assert first["version"] == 1
    assert first["compiled"]["de"]["subject"] == "Hallo {{ person.name }}"
    alice.api("PATCH", "/templates/hello", {"parts": {"en": {"subject": "S", "body": "<p>new</p>"}}})
    assert alice.api("GET", "/templates/hello").json()["has_changes"]
    changes = alice.api("GET", "/templates/hello/versions/1/diff").json()["changes"]
    assert "-Hello {{ person.name }}" in changes["en subject"]
    assert "+<p>new</p>" in changes["en body"]
    assert alice.api("POST", "/templates/hello/publish").json()["version"] == 2
    assert [row["version"] for row in alice.api("GET", "/templates/hello/versions").json()] == [2, 1]
    assert alice.api("POST", "/templates/hello/versions/1/restore").json()["parts"]["en"]["body"] == BODY
    assert alice.api("GET", "/templates/hello/versions/2").json()["parts"]["en"]["body"] == "<p>new</p>"
    assert alice.api("GET", "/templates/hello/versions/9").status_code == 404
    assert alice.api("DELETE", "/templates/hello").status_code == 204
    assert alice.api("GET", "/templates/hello").status_code == 404


def test_what_is_wrong_is_told_with_its_place_and_keeps_it_from_being_published(alice: Any) -> None:
    bad = "<p>ok</p>\n<a href='/offers'>x</a><img src='https://a.test/i.png'>"
    store(alice, parts={"en": {"subject": "S", "body": bad}, "de": {"body": "<p>\n{{ a | nope }}"}})
    told = alice.api("POST", "/templates/hello/check").json()
    assert not told["publishable"]
    found = {(one["severity"], one["code"], one["part"], one["line"], one["column"]) for one in told["findings"]}
    assert ("error", "invalid", "body (de)", 2, 8) in found
    assert ("error", "relative", "body", 2, 10) in found
    assert ("warning", "no_alt", "body", 2, 24) in found
    refused = alice.api("POST", "/templates/hello/publish")
    assert (refused.status_code, refused.json()["code"]) == (400, "template_invalid")
    assert alice.api("GET", "/templates/hello/versions").json() == []
    campaign = alice.api(
        "POST", "/campaigns", {"name": "C", "trigger_event": "Bought", "purpose": "service", "template_key": "hello"}
    ).json()
    assert campaign["template_key"] == "hello"
    assert alice.api("POST", f"/campaigns/{campaign['id']}/publish").json()["code"] == "not_published"


def test_what_another_puts_in_is_not_deleted(alice: Any) -> None:
    store(alice, "foot", kind="snippet", parts={"en": {"body": "<p>f</p>"}})
    alice.api("POST", "/templates/foot/publish")
    store(alice, parts={"en": {"subject": "S", "body": "{% include 'foot' %}"}})
    assert alice.api("POST", "/templates/hello/publish").status_code == 200
    assert alice.api("DELETE", "/templates/foot").status_code == 409
    alice.api("POST", "/templates/foot/publish")
    assert alice.api("GET", "/templates/hello/versions").json()[0]["outdated"] == ["foot"]
    assert store(alice).status_code == 400
    assert store(alice, "Not a key").json()["path"] == "$.key"


def test_the_command_line_lists_shows_checks_and_renders(alice: Any, tmp_path: Path) -> None:
    store(alice)
    workspace = alice.workspace.pk
    common: dict[str, Any] = {"workspace_id": workspace, "source": "api", "received_at": now_ms()}
    apply([Identify(identity=Identity(external_id="9", email="erin@example.org"), attributes={"name": "Dana"}, **common)], now=now_ms())

    def run(*words: Any) -> str:
        out = io.StringIO()
        call_command(*map(str, words), stdout=out)
        return out.getvalue()

    assert "hello" in run("template_list", workspace)
    assert [row["version"] for row in json.loads(run("template_list", workspace, "--json"))] == [0, 1]
    assert "--- de subject\nHallo" in run("template_show", workspace, "hello")
    assert "no_unsubscribe" in run("template_check", workspace, "--json")
    assert run("template_render", workspace, "hello", "--person", "erin@example.org", "--part", "subject") == "Hello Dana\n"
    made_up = tmp_path / "person.json"
    made_up.write_text('{"name": "Al", "language": "de"}')
    assert "Hallo Al" in run("template_render", workspace, "hello", "--made-up", made_up)
    store(alice, "bad", parts={"en": {"subject": "S", "body": "{{ a | nope }}"}})
    with pytest.raises(CommandError, match="1 of"):
        run("template_check", workspace)
