"""The room Record: the record, what it lacks, who is answerable, and the files."""

from __future__ import annotations

from typing import Any

from tests.members import join
from troth.workspaces.models import AuditEntry


def path(workspace: Any, rest: str = "") -> str:
    return f"/console/{workspace.pk}/record{rest}"


def test_what_is_missing_is_said_and_the_record_taken_away(workspace: Any) -> None:
    officer = join(workspace, "privacy_officer")
    page = officer.get(path(workspace)).content.decode()
    assert "Say how the controller is reached." in page
    assert "Provide the service" in page
    assert officer.get(path(workspace, "/parties")).status_code == 200
    posted = {
        "role": "controller",
        "name": "Acme",
        "address": "Ring 1",
        "contact": "a@acme.example",
        "dpo_not_needed": "on",
        "people": "customers",
    }
    page = officer.post(path(workspace, "/parties"), posted, follow=True).content.decode()
    assert "Say how the controller is reached." not in page
    assert "none needed" in page
    for ending, begins in (("json", b"{"), ("csv", b"purpose,"), ("pdf", b"%PDF")):
        assert officer.get(path(workspace, f"/record.{ending}")).content.startswith(begins)
    assert AuditEntry.objects.filter(action="record.exported").count() == 3


def test_a_processor_names_its_controllers_line_by_line(workspace: Any) -> None:
    owner = join(workspace, "owner")
    posted = {"role": "processor", "name": "Mailers", "controllers": "Shop Ltd | shop@example.com | | newsletters"}
    assert "newsletters" in owner.post(path(workspace, "/parties"), posted, follow=True).content.decode()
    assert "Shop Ltd | shop@example.com |  | newsletters" in owner.get(path(workspace, "/parties")).content.decode()
    assert "each controller has a name" in owner.post(path(workspace, "/parties"), {**posted, "controllers": "| x"}).content.decode()


def test_who_sees_no_registers_sees_no_record(workspace: Any) -> None:
    assert join(workspace, "viewer").get(path(workspace)).status_code == 403
