"""What a person takes along: what they provided and what was observed, and nothing that was derived."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

from planted import DANA, SECRET

from troth.kernel.clock import now_ms
from troth.kernel.personal_data import Subject, stores
from troth.privacy.desk.portability import open_portable, provided_stores
from troth.privacy.models import PrivacyRequest
from troth.project.cli import main


def test_it_holds_what_was_provided_and_observed_as_json_and_as_tables(dana: Subject) -> None:
    with open_portable(dana, now=now_ms()) as file, zipfile.ZipFile(io.BytesIO(file.read())) as archive:
        whole = json.loads(archive.read("data.json"))
        names = {section["name"] for section in whole["sections"]}
        assert names == {store.name for store in provided_stores()} < {store.name for store in stores()}
        assert {"people.person", "people.events", "messages.engagement"} <= names
        assert not names & {"segments.membership", "workspaces.audit", "messages.messages", "privacy.words"}
        rows = list(csv.DictReader(io.TextIOWrapper(archive.open("people.identifiers.csv"), "utf-8")))
        assert DANA["email"] in {row["value"] for row in rows}
        events = list(csv.DictReader(io.TextIOWrapper(archive.open("people.events.csv"), "utf-8")))
        assert len(events) == 9 and json.loads(events[0]["properties"])["note"] == SECRET
        phone = next(row["value"] for row in rows if row["kind"] == "phone")
        assert phone == f"'{DANA['phone']}", "no spreadsheet takes a cell for a formula"


def test_it_is_written_at_the_command_line_for_its_owner_alone_and_recorded(dana: Subject, tmp_path: Path) -> None:
    target = tmp_path / "dana.zip"
    assert main(["privacy", "export", "Test workspace", DANA["email"], "--portable", "--out", str(target)]) == 0
    assert target.stat().st_mode & 0o777 == 0o600
    assert "data.json" in zipfile.ZipFile(target).namelist()
    assert PrivacyRequest.objects.filter(person_id=dana.person_id, type="portability", state="done").count() == 1
