"""Search: over people, campaigns and pages, each for those who may see them; showing people is written down."""

from __future__ import annotations

from typing import Any

import pytest

from tests.console.test_people import know, read
from tests.members import join
from troth.campaigns.editing import create_campaign
from troth.workspaces.models import AuditEntry
from troth.workspaces.registry import create_workspace


@pytest.mark.parametrize("text", ["dana@example.com", "dana@", "user-17", "%2B4917"])
def test_a_person_is_found_by_any_identifier_or_its_beginning(workspace: Any, text: str) -> None:
    subject = know(workspace, "user-17", email="dana@example.com", phone="+491701234567")
    page = read(join(workspace, "marketer"), workspace, f"search?q={text}")
    assert f"/console/{workspace.pk}/people/{subject.person_id}" in page
    assert "dana@example.com" in page


def test_that_people_were_shown_is_written_down_and_not_whom_was_looked_for(workspace: Any) -> None:
    know(workspace, "user-17", email="dana@example.com")
    member = join(workspace, "marketer")
    read(member, workspace, "search?q=nobody")
    assert not AuditEntry.objects.exists()
    read(member, workspace, "search?q=dana")
    assert AuditEntry.objects.get().detail == {"shown": 1}


def test_a_single_letter_finds_nobody(workspace: Any) -> None:
    know(workspace, "user-17")
    assert "user-17" not in read(join(workspace, "marketer"), workspace, "search?q=u")


def test_a_viewer_finds_campaigns_and_pages_but_no_person(workspace: Any) -> None:
    know(workspace, "news-reader")
    create_campaign(workspace.pk, name="News of the week", trigger_event="joined", purpose="marketing_email", subject="s", html="h")
    page = read(join(workspace, "viewer"), workspace, "search?q=news")
    assert "News of the week" in page
    assert "news-reader" not in page
    assert not AuditEntry.objects.exists()


def test_pages_are_offered_as_far_as_the_role_may_open_them(workspace: Any) -> None:
    assert "Privacy desk" in read(join(workspace, "privacy_officer"), workspace, "search?q=privacy")
    assert "Privacy desk" not in read(join(workspace, "viewer"), workspace, "search?q=privacy")


def test_nothing_of_another_workspace_is_found(workspace: Any) -> None:
    other = create_workspace("Other").workspace
    know(other, "user-17")
    create_campaign(other.pk, name="Their campaign", trigger_event="joined", purpose="marketing_email", subject="s", html="h")
    member = join(workspace, "owner")
    for text in ("user-17", "their"):
        assert "Nothing found" in read(member, workspace, f"search?q={text}")
