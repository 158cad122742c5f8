"""The room Readiness: every red line leads to a page that is there, and the assessment is written, signed and written down."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.members import join
from troth.kernel.sql import is_sqlite
from troth.privacy.legal_clock import Seat
from troth.privacy.readiness.impact import read_impact
from troth.privacy.seats import set_contact, set_seat
from troth.workspaces.audit import read_entries


def test_every_red_line_has_a_button_that_leads_to_its_page(workspace: Any) -> None:
    owner = join(workspace, "owner")
    page = owner.get(f"/console/{workspace.pk}/readiness").content.decode().partition("<main")[2]
    places = re.findall(rf'href="(/console/{workspace.pk}/[^"]+)"[^>]*>\s*Mend', page)
    assert len(places) == page.count("to mend") > 5
    assert [place for place in places if owner.get(place).status_code != 200] == []


@pytest.mark.parametrize("role", ["privacy_officer", "dpo"])
def test_whoever_cannot_mend_a_line_is_told_who_can_and_led_to_no_closed_door(workspace: Any, role: str) -> None:
    client = join(workspace, role)
    page = client.get(f"/console/{workspace.pk}/readiness").content.decode().partition("<main")[2]
    places = re.findall(rf'href="(/console/{workspace.pk}/[^"]+)"[^>]*>\s*Mend', page)
    assert len(places) + page.count("for: Owner") == page.count("to mend") > 5
    assert [place for place in places if client.get(place).status_code != 200] == []
    assert not any("settings" in place or "backup" in place or "agreements" in place for place in places)
    if role == "dpo":
        assert places == []  # who watches over it edits nothing


def test_whoever_does_not_change_the_settings_sees_whom_people_ask_and_where_the_seat_is(workspace: Any) -> None:
    set_seat(workspace, Seat("DE", "BY", "Europe/Berlin"))
    set_contact(workspace, "dpo@example.com")
    page = join(workspace, "privacy_officer").get(f"/console/{workspace.pk}/settings").content.decode()
    for shown in ("dpo@example.com", "DE-BY", "Europe/Berlin", "Only owners change these."):
        assert shown in page, shown


def test_a_backup_is_made_from_the_list_not_twice_and_not_where_postgresql_has_tools_of_its_own(workspace: Any, monkeypatch: Any) -> None:
    begun: list[tuple[str, ...]] = []
    monkeypatch.setattr("troth.console.readiness.views.run_beside", lambda *command: begun.append(command))
    place = f"/console/{workspace.pk}/readiness/backup"
    owner = join(workspace, "owner")
    once = [("backup_create",)] if is_sqlite() else []
    assert owner.post(place).status_code == 303 and begun == once
    monkeypatch.setattr("troth.console.readiness.views.has_fresh_backup", lambda now: True)
    assert owner.post(place).status_code == 303 and begun == once
    assert join(workspace, "privacy_officer").get(place).status_code == 403
    assert [entry.action for entry in read_entries(workspace.pk)] == ["backup.started"] * len(once)


def test_an_assessment_is_declared_and_signed(workspace: Any) -> None:
    officer = join(workspace, "privacy_officer")
    room = f"/console/{workspace.pk}/readiness/impact"
    assert officer.post(f"{room}/declare", {"declared": ["vulnerable", "new_technology"]}).status_code == 303
    assert "To be signed." in officer.get(room).content.decode()
    assert officer.post(f"{room}/sign", {"text": "", "name": "Ada", "function": "DPO"}).status_code == 422
    assert officer.post(f"{room}/sign", {"text": "Fair.", "name": "Ada", "function": "DPO"}).status_code == 303
    assert read_impact(workspace).is_fine
    assert [entry.action for entry in read_entries(workspace.pk)] == ["impact.signed", "impact.declared"]
    assert officer.post(f"{room}/declare", {}).status_code == 303
    assert read_impact(workspace).met == []
