"""The room Breaches: recorded, decided, told and closed by a member, each act written down; its papers."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from troth.intake.commands import Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import HOUR, now_ms
from troth.people.lookup import find_person
from troth.privacy.breaches.register import list_breaches, record_breach
from troth.privacy.record.parties import save_parties
from troth.workspaces.audit import read_entries, record_access
from troth.workspaces.models import Member, User


@pytest.fixture
def officer(workspace: Any) -> Client:
    user = User.objects.create_user("officer@example.com")
    Member.objects.create(user=user, workspace=workspace, role="privacy_officer")
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def place(workspace: Any, rest: str = "") -> str:
    return f"/console/{workspace.pk}/breaches{rest}"


def moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M")


def test_a_breach_goes_from_recorded_to_closed(officer: Client, workspace: Any) -> None:
    aware = now_ms() - 2 * HOUR
    posted = {"title": "A laptop was lost", "aware_at": moment(aware), "kinds": ["confidentiality"], "people": "12"}
    assert officer.post(place(workspace, "/new"), posted).status_code == 303
    (breach,) = list_breaches(workspace.pk)
    own = f"/{breach.pk}"
    page = officer.get(place(workspace, own)).content.decode()
    assert "69 hours left" in page
    early = officer.post(place(workspace, f"{own}/close"), follow=True).content.decode()
    assert "First decide whether the authority is told" in early
    assert officer.post(place(workspace, f"{own}/decide"), {"decision": "no_risk"}).status_code == 422
    assert officer.post(place(workspace, f"{own}/decide"), {"decision": "tell", "high_risk": "on"}).status_code == 303
    assert officer.post(place(workspace, f"{own}/told"), {"whom": "authority", "at": moment(now_ms())}).status_code == 303
    assert officer.post(place(workspace, f"{own}/told"), {"whom": "persons", "at": moment(now_ms())}).status_code == 303
    assert officer.post(place(workspace, f"{own}/close")).status_code == 303
    (breach,) = list_breaches(workspace.pk)
    assert breach.closed_at
    acts = [entry.action for entry in read_entries(workspace.pk) if entry.action.startswith("breach.")]
    assert acts == ["breach.closed", "breach.told", "breach.told", "breach.decided", "breach.recorded"]


def test_the_numbers_that_the_audit_log_counts_are_offered_to_be_kept(officer: Client, workspace: Any) -> None:
    breach = record_breach(workspace.pk, {"title": "A key was stolen"}, user_id=0, now=now_ms())
    record_access(workspace.pk, user_id=0, role="api", action="person.read", at=now_ms(), person_id=5)
    page = officer.get(place(workspace, f"/{breach.pk}")).content.decode()
    assert '/edit?people=1"' in page and "records=" not in page  # an act is no record of a person (Art. 33(3)(a))
    form = officer.get(place(workspace, f"/{breach.pk}/edit?people=1&records=1")).content.decode()
    assert 'name="people" value="1"' in form and 'name="records" value="1"' in form


def test_what_cannot_be_is_said_at_its_field(officer: Client, workspace: Any) -> None:
    posted = {"title": "T", "aware_at": moment(now_ms() + 48 * HOUR), "kinds": ["confidentiality"]}
    answer = officer.post(place(workspace, "/new"), posted)
    assert (answer.status_code, "That lies in the future" in answer.content.decode()) == (422, True)
    assert list_breaches(workspace.pk) == []


def test_its_papers_are_there_in_each_language(officer: Client, workspace: Any) -> None:
    breach = record_breach(workspace.pk, {"title": "A list went astray", "facts": "By mail."}, user_id=0, now=now_ms())
    pdf = officer.get(place(workspace, f"/{breach.pk}/notification.pdf"))
    assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    save_parties(workspace.pk, {"name": "Acme GmbH", "dpo": "Ada, dpo@acme.example"}, now=1)
    letter = officer.get(place(workspace, f"/{breach.pk}/letter")).content.decode()
    assert "Ada, dpo@acme.example" in letter and "Acme GmbH" in letter, "the officer of the record is who can be asked (Art. 33(3)(b))"
    german = officer.get(place(workspace, f"/{breach.pk}/letter?language=de")).content.decode()
    assert "Was geschehen ist: By mail." in german


def test_the_persons_to_be_told_are_a_file_for_those_who_keep_the_register_after_they_said_why(officer: Client, workspace: Any) -> None:
    common: dict[str, Any] = {"workspace_id": workspace.pk, "source": "api", "received_at": now_ms()}
    apply([Identify(identity=Identity(external_id=name, phone=f"+4930123456{n}"), **common) for n, name in enumerate("ab")], now=now_ms())
    seen = find_person(workspace.pk, "a").person_id
    breach = record_breach(workspace.pk, {"title": "A key was stolen"}, user_id=0, now=now_ms())
    record_access(workspace.pk, user_id=7, role="marketer", action="person.read", at=now_ms(), person_id=seen)
    own = f"/{breach.pk}/persons.csv"
    assert own in officer.get(place(workspace, f"/{breach.pk}")).content.decode()
    answer = officer.get(place(workspace, own))
    (row,) = csv.DictReader(b"".join(answer.streaming_content).decode().splitlines())
    assert (row["person_id"], row["phone"], row["how"]) == (str(seen), "'+49301234560", "opened"), (
        "no spreadsheet takes a number for a formula"
    )
    entry = read_entries(workspace.pk)[0]
    assert (entry.action, entry.detail, entry.user_id) == ("breach.listed", {"breach": breach.pk}, User.objects.get().pk)
    assert b"".join(officer.get(place(workspace, f"{own}?member=99")).streaming_content).count(b"\n") == 1
    history = officer.get(place(workspace, f"/{breach.pk}")).content.decode()
    assert "Persons to be told: 1, of them without address, number or device: 0." in history
    workspace.glass_roles = ["privacy_officer"]
    workspace.save()
    assert officer.get(place(workspace, own)).status_code == 403
    Member.objects.update(role="dpo")
    assert officer.get(place(workspace, own)).status_code == 403
    assert own not in officer.get(place(workspace, f"/{breach.pk}")).content.decode()
