"""The room Re-permission: who lacks a consent and why, and asking them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tests.console.test_people import know
from tests.members import join
from troth.campaigns.models import AskingState, Repermission
from troth.campaigns.repermission_asking import ask_next
from troth.consent.catalog import MARKETING_EMAIL
from troth.consent.notices import publish_notice, save_draft, save_notice
from troth.kernel.clock import now_ms
from troth.workspaces.models import AuditEntry

SAYS = {"controller": "Acme Ltd", "purposes": "news about shoes", "data": "address", "withdrawal": "a link in every mail"}
POSTED = {
    "purpose": MARKETING_EMAIL,
    "notice": "news",
    "ground": "service",
    "subject": "May we write to you?",
    "html": '<p><a href="{{ ask_url }}">Answer</a></p>',
}


@pytest.fixture
def marketer(workspace: Any) -> Client:
    save_notice(workspace.pk, "news", title="News", purposes=[MARKETING_EMAIL])
    save_draft(workspace.pk, "news", "en", text="Acme Ltd writes once a week.", says=SAYS)
    publish_notice(workspace.pk, "news", material=False, now=1)
    return join(workspace, "marketer")


def path(workspace: Any, rest: str = "") -> str:
    return f"/console/{workspace.pk}/repermission{rest}"


def test_the_room_says_who_lacks_a_consent_and_leads_to_them(marketer: Client, workspace: Any) -> None:
    know(workspace, "dana")
    page = marketer.get(path(workspace)).content.decode()
    assert "never asked" in page
    listed = marketer.get(path(workspace, f"/lacking/{MARKETING_EMAIL}?reason=missing")).content.decode()
    assert "dana" in listed
    assert "dana" not in marketer.get(path(workspace, f"/lacking/{MARKETING_EMAIL}?reason=expired")).content.decode()
    assert marketer.get(path(workspace, "/lacking/none")).status_code == 404


def test_an_asking_is_written_started_followed_and_stopped(marketer: Client, workspace: Any) -> None:
    know(workspace, "dana")
    assert "May we?" in marketer.get(path(workspace, "/new")).content.decode()
    page = marketer.post(path(workspace, "/new"), POSTED, follow=True).content.decode()
    assert "Nobody was asked yet" in page
    made = Repermission.objects.get()
    marketer.post(path(workspace, f"/{made.pk}/edit"), {**POSTED, "subject": "May we, please?"})
    assert "1 person lacks this consent" in marketer.get(path(workspace, f"/{made.pk}/start")).content.decode()
    marketer.post(path(workspace, f"/{made.pk}/start"))
    Repermission.objects.update(started_at=now_ms() + 1_000)
    while ask_next(now_ms()):
        pass
    page = marketer.get(path(workspace, f"/{made.pk}")).content.decode()
    assert re.search(r"never asked: 1\b", page)
    assert "all asked" in page
    marketer.post(path(workspace, f"/{made.pk}/stop"))
    made.refresh_from_db()
    assert (made.state, made.subject) == (AskingState.STOPPED, "May we, please?")
    assert "May we, please?" in marketer.get(path(workspace)).content.decode()
    assert "Re-permission: May we, please?" in marketer.get(f"/console/{workspace.pk}/outbox").content.decode()
    acts = [one for one in AuditEntry.objects.order_by("entry_id").values_list("action", flat=True) if one.startswith("repermission")]
    assert acts == [f"repermission.{one}" for one in ("created", "edited", "started", "stopped")]


def test_what_cannot_be_asked_is_told_at_its_field(marketer: Client, workspace: Any) -> None:
    page = marketer.post(path(workspace, "/new"), {**POSTED, "ground": MARKETING_EMAIL}).content.decode()
    assert "cannot rest on the consent that it asks for" in page
    page = marketer.post(path(workspace, "/new"), {**POSTED, "html": "<p>Hello</p>"}).content.decode()
    assert "nobody could answer" in page
    assert not Repermission.objects.exists()


def test_others_look_and_ask_nobody(marketer: Client, workspace: Any) -> None:
    marketer.post(path(workspace, "/new"), POSTED)
    made = Repermission.objects.get()
    developer = join(workspace, "developer")
    assert "Ask for consent" not in developer.get(path(workspace)).content.decode()
    for rest in ("/new", f"/{made.pk}/edit", f"/{made.pk}/start", f"/{made.pk}/stop"):
        assert developer.post(path(workspace, rest), POSTED).status_code == 403
    viewer = join(workspace, "viewer")
    assert "/lacking/" not in viewer.get(path(workspace)).content.decode()
    assert viewer.get(path(workspace, f"/lacking/{MARKETING_EMAIL}")).status_code == 403
    assert marketer.get(path(workspace, "/999999")).status_code == 404
