"""Notices over the control API: written, judged, published, compared; and the controller's own page declared as a source."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

TEXT = "Acme Ltd writes to you once a week about its shoes. Stop with the link in every mail."
SAYS = {"controller": "Acme Ltd", "purposes": "news about shoes", "data": "e-mail address", "withdrawal": "link in every mail"}
NEWS = {"key": "shoes", "title": "News about shoes", "purposes": ["marketing_email"]}


@pytest.fixture
def shoes(alice: Any) -> Any:
    alice.api.json("POST", "/notices", NEWS, status=201)
    alice.api.json("PUT", "/notices/shoes/drafts", {"language": "en", "text": TEXT, "says": SAYS})
    return alice.api


def test_a_notice_is_written_published_and_its_text_found_by_its_hash(shoes: Any) -> None:
    assert shoes.json("POST", "/notices/shoes/publish", {}) == {"version": 1}
    found = shoes.json("GET", "/notices/shoes")
    version = found["versions"][0]
    assert (found["version"], found["languages"], found["faults"], found["drafts"]["en"]["faults"]) == (1, ["en"], [], [])
    assert version["text_hash"] == sha256(TEXT.encode()).hexdigest()
    assert shoes.json("GET", f"/notice-texts/{version['text_hash']}") == {"text": TEXT}
    assert [(n["key"], n["version"]) for n in shoes.json("GET", "/notices")] == [
        ("every-tenant-has-one", 0),
        ("news-of-alice", 1),
        ("shoes", 1),
    ]


def test_what_a_draft_lacks_is_told_and_keeps_it_from_being_published(shoes: Any) -> None:
    draft = {"language": "de", "text": "Wir schreiben.", "says": {"controller": "Acme Ltd"}}
    faults = shoes.json("PUT", "/notices/shoes/drafts", draft)["drafts"]["de"]["faults"]
    assert "It does not say: withdrawal." in faults
    refused = shoes.json("POST", "/notices/shoes/publish", {}, status=400)
    assert refused["code"] == "notice_invalid"
    assert "withdrawal" in refused["message"]
    assert list(shoes.json("DELETE", "/notices/shoes/drafts?language=de")["drafts"]) == ["en"]
    assert shoes.json("POST", "/notices/shoes/publish", {}) == {"version": 1}


def test_versions_are_compared_line_by_line(shoes: Any) -> None:
    assert shoes.json("GET", "/notices/shoes/changes") == {"lines": []}
    shoes.json("POST", "/notices/shoes/publish", {})
    shoes.json("PUT", "/notices/shoes/drafts", {"language": "en", "text": TEXT.replace("once", "twice"), "says": SAYS})
    shoes.json("POST", "/notices/shoes/publish", {})
    changed = [line for line in shoes.json("GET", "/notices/shoes/changes")["lines"] if line[0] in "+-"]
    assert changed == [f"- {TEXT}", f"+ {TEXT.replace('once', 'twice')}"]
    assert shoes.json("GET", "/notices/shoes/changes?language=en&before=1&after=9", status=404)["code"] == "not_found"


def test_a_material_version_ends_the_consents_given_before(shoes: Any, alice: Any) -> None:
    shoes.json("POST", "/notices/shoes/publish", {})
    grant = {
        "purpose": "marketing_email",
        "decision": "grant",
        "notice_key": "shoes",
        "notice_version": 1,
        "language": "en",
        "default_state": "unchecked",
    }

    def permitted() -> bool:
        standing = shoes.json("GET", f"/people/{alice.person_id}/consents")["standing"]
        return bool(next(one for one in standing if one["purpose"] == "marketing_email")["permitted"])

    shoes.json("POST", f"/people/{alice.person_id}/consents", grant, status=201)
    assert permitted()
    shoes.json("POST", "/notices/shoes/publish", {"material": False})
    assert permitted()
    shoes.json("POST", "/notices/shoes/publish", {"material": True})
    assert not permitted()


def test_a_notice_is_changed_and_its_key_used_once(shoes: Any) -> None:
    assert shoes.json("PATCH", "/notices/shoes", {"title": "Shoes"})["purposes"] == ["marketing_email"]
    assert shoes.json("PATCH", "/notices/shoes", {"purposes": ["service"]})["title"] == "Shoes"
    assert shoes.json("POST", "/notices", NEWS, status=400)["message"].startswith("there is a notice of this key")
    assert shoes.json("PATCH", "/notices/shoes", {"purposes": ["nothing"]}, status=400)["code"] == "purpose_unknown"
    assert shoes.json("POST", "/notices", {**NEWS, "key": "a b"}, status=400)["path"] == "$.key"


def test_an_own_page_is_declared_so_that_a_bare_grant_counts(shoes: Any, alice: Any) -> None:
    shoes.json("POST", "/notices/shoes/publish", {})
    source = {"notice": "shoes", "version": 1, "language": "en", "url": "https://acme.example/mail", "instruction": "Alice: an empty box."}
    assert shoes.json("GET", "/consent-setting") == {"imbalance": False, "source": None}
    assert shoes.json("PUT", "/consent-setting/source", {**source, "version": 2}, status=400)["code"] == "notice_unknown"
    declared = shoes.json("PUT", "/consent-setting/source", source)["source"]
    assert declared == {**source, "declared_at": declared["declared_at"]}
    bare = {"purpose": "marketing_email", "decision": "grant"}
    assert shoes.json("POST", f"/people/{alice.person_id}/consents", bare, status=201)["findings"] == []
    assert shoes.json("DELETE", "/consent-setting/source")["source"] is None
    assert shoes.json("PATCH", "/consent-setting", {"imbalance": True}) == {"imbalance": True, "source": None}
    assert shoes.json("POST", f"/people/{alice.person_id}/consents", bare, status=201)["findings"]
