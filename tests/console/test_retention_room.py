"""The room Retention: a schedule is written, looked at, switched on; holds are placed and lifted; runs leave their proof."""

from __future__ import annotations

import json
from typing import Any

from tests.console.test_people import know
from tests.members import join
from troth.kernel.clock import DAY, now_ms
from troth.privacy.erasure.erasing import erase_person
from troth.privacy.erasure.kept_ending import end_due
from troth.privacy.models import LegalHold, RetentionRule, RetentionRun
from troth.privacy.models.kept import KeptItem
from troth.privacy.retention.running import run_next
from troth.workspaces.models import AuditEntry

POSTED = {"title": "Old plans", "target": "attribute", "name": "plan", "period": "P1Y", "trigger": "age"}


def path(workspace: Any, rest: str = "") -> str:
    return f"/console/{workspace.pk}/retention{rest}"


def test_a_schedule_shows_what_it_would_delete_and_runs_once_it_is_switched_on(workspace: Any) -> None:
    officer = join(workspace, "privacy_officer")
    know(workspace, "dana", plan="pro")
    assert "No schedule yet" in officer.get(path(workspace)).content.decode()
    assert "name the attribute" in officer.post(path(workspace, "/schedule"), {**POSTED, "name": ""}).content.decode().lower()
    page = officer.post(path(workspace, "/schedule"), POSTED, follow=True).content.decode()
    assert "What it would delete now:" in page
    made = RetentionRule.objects.get()
    assert not made.is_active
    officer.post(path(workspace, "/act"), {"act": "on", "id": str(made.pk)})
    while run_next(now_ms() + 400 * DAY):
        pass
    page = officer.get(path(workspace)).content.decode()
    assert "attribute 1" in page
    proof = officer.get(path(workspace, f"/proof?id={RetentionRun.objects.get().pk}"))
    assert proof.json()["claims"]["deleted"] == {"attribute": 1}
    officer.post(path(workspace, f"/schedule?id={made.pk}"), {**POSTED, "period": "P2Y"})
    made.refresh_from_db()
    assert (made.period, made.is_active) == ("P2Y", False)
    officer.post(path(workspace, "/act"), {"act": "delete", "id": str(made.pk)})
    assert not RetentionRule.objects.exists()
    assert AuditEntry.objects.filter(action__startswith="retention.").count() == 4
    assert officer.get(path(workspace, "/schedule?id=99")).status_code == 404
    assert officer.get(path(workspace, "/proof?id=x")).status_code == 404


def test_a_hold_is_placed_on_a_person_and_lifted(workspace: Any) -> None:
    officer = join(workspace, "privacy_officer")
    dana = know(workspace, "dana", plan="pro")
    posted = {"person": "dana", "ground": "Claim of May", "until": "2999-01-01"}
    assert "Nobody has that identifier" in officer.post(path(workspace, "/hold"), {**posted, "person": "nobody"}).content.decode()
    assert "has an end" in officer.post(path(workspace, "/hold"), {**posted, "until": "2001-01-01"}).content.decode()
    page = officer.post(path(workspace, "/hold"), posted, follow=True).content.decode()
    assert "Claim of May" in page
    assert AuditEntry.objects.get(action="hold.placed").person_id == dana.person_id
    officer.post(path(workspace, "/act"), {"act": "lift", "id": str(LegalHold.objects.get().hold_id)})
    assert not LegalHold.objects.exists()


def test_who_exercises_no_rights_switches_nothing_on(workspace: Any) -> None:
    assert join(workspace, "viewer").get(path(workspace)).status_code == 403
    assert join(workspace, "marketer").post(path(workspace, "/act"), {"act": "on", "id": "1"}).status_code == 403


def test_what_is_kept_of_an_erased_person_is_shown_opened_and_erased(workspace: Any) -> None:
    officer = join(workspace, "privacy_officer")
    dana = know(workspace, "dana-external-1", plan="pro")
    officer.post(
        path(workspace, "/hold"),
        {
            "person": "dana-external-1",
            "kind": "attribute",
            "name": "plan",
            "exception": "legal_obligation",
            "ground": "Tax",
            "until": "2999-01-01",
        },
    )
    erase_person(dana, now=now_ms(), source="console")
    item = KeptItem.objects.get()

    page = officer.get(path(workspace)).content.decode()
    assert "Kept of erased persons" in page and "attribute plan" in page and "a legal obligation or public task" in page
    opened = json.loads(officer.post(path(workspace, "/kept"), {"id": item.pk}).content)
    assert opened["data"]["people.person"][0]["attributes"] == {"plan": "pro"} and opened["ground"] == "Tax"
    assert AuditEntry.objects.filter(action="kept.opened").count() == 1
    viewer = join(workspace, "viewer")
    assert viewer.post(path(workspace, "/kept"), {"id": item.pk}).status_code == 403
    officer.post(path(workspace, "/act"), {"act": "end", "id": item.pk})
    end_due(now_ms() + 1)
    assert not KeptItem.objects.exists()
    assert officer.post(path(workspace, "/kept"), {"id": item.pk}).status_code == 404
