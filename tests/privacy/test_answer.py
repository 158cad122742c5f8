"""The answer to a request for access: what the person must be told beside their data, in JSON, as a page and as a PDF."""

from __future__ import annotations

import json
from typing import Any

import pytest
from planted import DANA, SECRET

from troth.consent.models import Purpose
from troth.kernel.personal_data import Subject
from troth.people.lookup import load_person
from troth.privacy.disclosures.log import CHANNEL, Went, note_disclosures
from troth.privacy.exporting.answer import read_answer
from troth.privacy.exporting.export import export_html, export_person, open_export
from troth.privacy.exporting.speech import speech_in
from troth.privacy.models import RetentionRule
from troth.privacy.processors.register import register_processor
from troth.privacy.record.parties import save_parties


@pytest.fixture
def told(dana: Subject) -> Subject:
    """Dana, whose mail went through a processor outside the Union."""
    now = load_person(dana).updated_at
    save_parties(dana.workspace_id, {"name": "Acme GmbH", "dpo": "Ada, dpo@acme.example"}, now=now)
    mailer = {"name": "Mailer Inc.", "location": "USA", "transfer_tool": "scc_2", "tia": "2026-01, next 2027-01", "channels": [7]}
    register_processor(dana.workspace_id, mailer, in_use=True, now=now)
    note_disclosures([Went(dana, CHANNEL, 7, "Main mail", "email", "service", now)])
    RetentionRule.objects.create(
        workspace_id=dana.workspace_id,
        title="Cities",
        target="attribute",
        name="city",
        trigger="last_activity",
        period="P2Y",
        is_active=True,
        created_at=now,
    )
    from troth.privacy.inventory.storing import count_attributes

    while count_attributes(now):
        pass
    return dana


def test_the_answer_names_controller_bases_retention_safeguards_decisions_and_rights(told: Subject) -> None:
    answer = read_answer(told, load_person(told).updated_at)
    assert answer["controller"] == {"name": "Acme GmbH", "data_protection_officer": "Ada, dpo@acme.example"}
    assert {one["key"]: one["legal_basis"] for one in answer["purposes"]}["marketing_email"] == "consent"
    city = next(one for one in answer["retention"] if one["name"] == "city")
    assert city["schedules"] == ["Cities: 2 years from last activity"] and city["source"] == "api" and city["since"]
    in_german = read_answer(told, load_person(told).updated_at, speech_in("de"))
    assert any("2 Jahre" in said for one in in_german["retention"] for said in one["schedules"])
    assert answer["transfers"] == [
        {
            "recipient": "Mailer Inc.",
            "location": "USA",
            "safeguard": "standard contractual clauses, decision (EU) 2021/914, module 2 (Art. 46(2)(c))",
            "assessment": "2026-01, next 2027-01",
            "agreement": None,
        }
    ]
    about = [one["about"] for one in answer["decisions"]]
    assert "the segment “VIPs”" in about and any(one.startswith("a message by email") for one in about)
    assert all(one["decided"] for one in answer["decisions"])
    assert any("Art. 77" in right for right in answer["rights"])


def test_json_page_and_pdf_all_tell_it_and_a_pdf_is_one(told: Subject) -> None:
    whole = json.loads(b"".join(export_person(told)))
    assert whole["answer"]["transfers"][0]["recipient"] == "Mailer Inc." and whole["sections"]
    recipients = next(one for one in whole["sections"] if one["name"] == "privacy.disclosures")["records"]
    assert recipients[0]["recipient"] == "Mailer Inc." and recipients[0]["first_at"]
    page = b"".join(export_html(told)).decode()
    Purpose.objects.filter(workspace_id=told.workspace_id, key="service").update(
        retention="P1Y6M", description={"en": "We keep your notes."}
    )
    page = b"".join(export_html(told)).decode()
    assert "We keep your notes." in page and "1 year, 6 months" in page and "P1Y6M" not in page
    assert "Mailer Inc." in page and "What was decided about you" in page and "module 2" in page
    with open_export(told, ".pdf") as file:
        assert file.read(5) == b"%PDF-"


def test_the_portable_part_has_nothing_of_what_the_company_tells(told: Subject) -> None:
    import zipfile

    from troth.privacy.desk.portability import open_portable

    with zipfile.ZipFile(open_portable(told, now=load_person(told).updated_at)) as archive:
        text = archive.read("data.json").decode()
    assert "answer" not in json.loads(text) and "Mailer Inc." not in text and SECRET in text and DANA["email"] in text


def test_what_was_decided_about_others_is_not_told(told: Subject) -> None:
    answer: dict[str, Any] = read_answer(told, load_person(told).updated_at)
    assert "bob@example.com" not in json.dumps(answer)
