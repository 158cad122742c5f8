"""The versions of a campaign over the control API and by command: what was published stays told, is compared, and is written again."""

from __future__ import annotations

import io
import json
from typing import Any

from django.core.management import call_command

FIRST = {
    "name": "Cart",
    "trigger_event": "Cart",
    "purpose": "service",
    "subject": "You left something",
    "html": "<p>Hello</p>\n<p>Your cart waits.</p>",
    "conditions": {"property": "total", "op": "greater", "value": 10},
    "rules": {"delay": "PT1H"},
}


def publish_twice(alice: Any) -> str:
    """A campaign with a version of its own mail, and one of a stored template; the draft is that of the second."""
    path = f"/campaigns/{alice.api.json('POST', '/campaigns', FIRST, status=201)['id']}"
    assert alice.api.json("GET", f"{path}/versions") == [], "a draft has none"
    alice.api.json("POST", f"{path}/publish")
    alice.api.json("PATCH", path, {"template_key": alice.template_key, "rules": {"delay": "PT2H"}, "conditions": None, "name": "Carts"})
    alice.api.json("POST", f"{path}/publish")
    return path


def run(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_what_was_published_is_told_as_it_was(alice: Any) -> None:
    path = publish_twice(alice)
    assert [row["version"] for row in alice.api.json("GET", f"{path}/versions")] == [2, 1]
    first, second = (alice.api.json("GET", f"{path}/versions/{number}") for number in (1, 2))
    assert (first["is_latest"], first["template_version"], first["says"]) == (
        False,
        None,
        "Whoever causes an event “cart” that meets the conditions gets it 1 hour later.",
    )
    assert {name: first[name] for name in ("subject", "html", "conditions", "rules", "template_key")} == {
        "subject": FIRST["subject"],
        "html": FIRST["html"],
        "conditions": FIRST["conditions"],
        "rules": FIRST["rules"],
        "template_key": "",
    }
    assert (second["is_latest"], second["template_key"], second["template_version"]) == (True, alice.template_key, 1)
    assert (second["subject"], second["rules"], second["conditions"]) == ("", {"delay": "PT2H"}, None)
    for number in (0, 3, -1, 2**40):
        assert alice.api("GET", f"{path}/versions/{number}").status_code == 404


def test_a_version_is_compared_with_the_draft_or_with_another(alice: Any) -> None:
    path = publish_twice(alice)
    assert alice.api.json("GET", f"{path}/versions/2/diff")["changes"] == {}
    changes = alice.api.json("GET", f"{path}/versions/1/diff")["changes"]
    assert sorted(changes) == ["conditions", "html", "rules", "subject", "template_key"]
    assert '-  "delay": "PT1H"' in changes["rules"] and '+  "delay": "PT2H"' in changes["rules"]
    assert changes["template_key"][-2:] == [f"+{alice.template_key}", "+version 1"]
    assert alice.api.json("GET", f"{path}/versions/1/diff?against=2")["changes"] == changes
    alice.api.json("PATCH", path, {"rules": {}})
    assert sorted(alice.api.json("GET", f"{path}/versions/2/diff")["changes"]) == ["rules"]
    alice.api.json("POST", f"/templates/{alice.template_key}/publish")
    newer = alice.api.json("GET", f"{path}/versions/2/diff")["changes"]["template_key"]
    assert newer[-2:] == ["-version 1", "+version 2"], "what would be sent of a stored template is its last version"
    assert alice.api("GET", f"{path}/versions/1/diff?against=9").status_code == 404


def test_a_version_is_written_into_the_draft_and_what_is_published_goes_on(alice: Any) -> None:
    path = publish_twice(alice)
    again = alice.api.json("POST", f"{path}/versions/1/restore")
    assert {name: again[name] for name in FIRST} == {**FIRST, "trigger_event": "cart", "name": "Carts"}, "its name is in no version"
    assert (again["state"], again["has_changes"], again["template_key"]) == ("published", True, "")
    assert alice.api.json("GET", f"{path}/versions/1/diff")["changes"] == {}
    assert alice.api.json("GET", f"{path}/versions/2")["is_latest"], "nothing was published"
    alice.api.json("POST", f"{path}/publish")
    assert alice.api.json("GET", f"{path}/versions/3")["html"] == FIRST["html"]
    both = alice.api.json("POST", f"{path}/versions/2/restore")
    assert (both["template_key"], both["subject"]) == (alice.template_key, FIRST["subject"]), "what is not sent stays for later"


def test_the_same_by_command(alice: Any) -> None:
    path = publish_twice(alice)
    words = (str(alice.workspace.pk), path.rpartition("/")[2])
    assert [one["version"] for one in json.loads(run("campaign_versions", *words, "--json"))] == [2, 1]
    assert [line.split()[0] for line in run("campaign_versions", *words).splitlines()] == ["2", "1"]
    assert json.loads(run("campaign_versions", *words, "--number", "1"))["subject"] == FIRST["subject"]
    assert "rules:\n" in run("campaign_versions", *words, "--diff", "1")
    assert "as version 1 was" in run("campaign_restore", *words, "1")
    assert json.loads(run("campaign_versions", *words, "--diff", "1", "--json")) == {}
