"""An export is complete by construction, streams, and can be read by a person."""

from __future__ import annotations

import json
import re
import stat
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from planted import DANA, SECRET

from troth.kernel.personal_data import Subject, stores
from troth.people.lookup import PersonNotFound
from troth.privacy.exporting.export import ExportFormatUnknown, export_html, export_person, open_export, write_export

NEVER_SHOWN = {"intake.seen", "privacy.inventory", "privacy.kept"}
"""Keyed hashes of events that are themselves exported; and what a hold keeps of persons who are erased, so of nobody who can be exported."""


def read_json(subject: Subject) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(b"".join(export_person(subject, now=1_700_000_000_000)))
    return whole


def test_the_export_has_a_section_with_records_for_every_declared_store(dana: Subject) -> None:
    whole = read_json(dana)

    assert [section["name"] for section in whole["sections"]] == [store.name for store in stores()]
    empty = {section["name"] for section in whole["sections"] if not section["records"]}
    assert empty == NEVER_SHOWN
    for section in whole["sections"]:
        assert section["purpose"] and section["origin"] and section["retention"] and section["category"]


def test_the_export_names_every_identifier_and_every_planted_value(dana: Subject) -> None:
    text = json.dumps(read_json(dana), ensure_ascii=False)

    for value in DANA.values():
        assert value in text
    by_name = {section["name"]: json.dumps(section["records"]) for section in json.loads(text)["sections"]}
    for name in ("people.person", "people.events", "intake.inbox", "consent.records", "messages.messages"):
        assert SECRET in by_name[name], name


def test_the_export_says_nothing_of_other_people(dana: Subject) -> None:
    assert "bob" not in json.dumps(read_json(dana)).lower()


def test_a_zip_holds_json_a_page_and_a_note_and_only_its_owner_may_read_it(dana: Subject, tmp_path: Path) -> None:
    path = tmp_path / "dana.zip"
    write_export(dana, path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["person.json", "person.html", "recipients.csv", "README.txt"]
        assert json.loads(archive.read("person.json"))["person"]["id"] == str(dana.person_id)
        assert SECRET in archive.read("person.html").decode()
        assert archive.read("recipients.csv").decode().splitlines()[0].startswith("recipient,by,data,purpose,legal_basis,first_at,last_at")
    assert [file.name for file in tmp_path.iterdir()] == ["dana.zip"]


def test_the_page_loads_nothing_runs_nothing_and_escapes_what_others_sent(dana: Subject) -> None:
    from troth.people.queries import Profile, update_profiles

    profile = Profile({"name": "<script>alert(1)</script>", "x": '"><img src=//evil.test/a>'}, {}, [])
    update_profiles([(dana.person_id, profile, 1)])
    page = b"".join(export_html(dana)).decode()

    assert "<script" not in page and "<img" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r'(src|href)="[^#]', page)
    assert "default-src 'none'" in page


def test_a_long_section_of_the_page_is_cut_and_says_so(dana: Subject) -> None:
    plant_events(dana, 1_500)

    page = b"".join(export_html(dana)).decode()

    assert "509 more are in person.json" in page


def test_ten_thousand_events_are_exported_within_a_second_and_in_pieces(dana: Subject, tmp_path: Path) -> None:
    plant_events(dana, 10_000)

    pieces = list(export_person(dana))
    assert max(map(len, pieces)) < 200_000
    assert len(json.loads(b"".join(pieces))["sections"][0]) > 0
    started = time.process_time()
    write_export(dana, tmp_path / "dana.zip")
    assert time.process_time() - started < 5, "one second of a processor; this only catches a wrong order of growth"


def test_an_open_export_is_a_file_that_no_name_leads_to(dana: Subject, data_dir: Path) -> None:
    plant_events(dana, 40_000)

    with open_export(dana, ".json") as file:
        assert json.load(file)["person"]["id"] == str(dana.person_id)
        assert list((data_dir / "exports").iterdir()) == []


def test_somebody_unknown_and_somebody_of_another_workspace_cannot_be_exported(dana: Subject, tmp_path: Path) -> None:
    with pytest.raises(PersonNotFound):
        write_export(Subject(dana.workspace_id + 1, dana.person_id), tmp_path / "x.json")
    with pytest.raises(ExportFormatUnknown):
        write_export(dana, tmp_path / "x.txt")
    assert list(tmp_path.iterdir()) == []


def plant_events(subject: Subject, number: int) -> None:
    """More history, straight into the table: the door is tested elsewhere."""
    from troth.kernel.sql import insert_rows
    from troth.people.queries import INSERT_EVENT

    rows = [
        (
            subject.bucket,
            subject.person_id,
            100 + n,
            subject.workspace_id,
            "viewed_page",
            n,
            n,
            "api",
            "service",
            f'{{"url":"https://a.test/{n}"}}',
            None,
        )
        for n in range(number)
    ]
    insert_rows(INSERT_EVENT, rows)
