"""Entering the console: one's own workspaces only, and the one last looked at first."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from troth.workspaces.models import Member, User
from troth.workspaces.registry import create_workspace

PASSWORD = "correct horse battery"


@pytest.fixture
def alice(workspace: Any) -> Client:
    user = User.objects.create_user("alice@example.com", PASSWORD)
    Member.objects.create(user=user, workspace=workspace, role="owner")
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_the_front_door_leads_to_the_console_and_that_to_home(alice: Client, workspace: Any) -> None:
    assert alice.get("/")["Location"] == "/console/"
    assert alice.get("/console/")["Location"] == f"/console/{workspace.pk}/"
    assert alice.get(f"/console/{workspace.pk}/").status_code == 200


def test_whoever_is_not_logged_in_is_asked_to(client: Client, workspace: Any) -> None:
    for path in ("/console/", f"/console/{workspace.pk}/", f"/console/{workspace.pk}/audit"):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer["Location"].endswith(f"?next={path}")


def test_a_member_of_two_workspaces_comes_back_to_the_one_last_looked_at(alice: Client, workspace: Any) -> None:
    other = create_workspace("Another").workspace
    Member.objects.create(user=User.objects.get(), workspace=other, role="viewer")
    assert alice.get("/console/")["Location"] == f"/console/{other.pk}/"
    page = alice.get(f"/console/{workspace.pk}/").content.decode()
    assert f'href="/console/{other.pk}/"' in page
    assert alice.get("/console/")["Location"] == f"/console/{workspace.pk}/"


def test_anothers_workspace_is_not_found_like_one_that_does_not_exist(alice: Client) -> None:
    theirs = create_workspace("Charlie's").workspace
    for number in (theirs.pk, 987654, 2**63, 2**70):
        assert alice.get(f"/console/{number}/").status_code == 404


def test_a_role_that_may_not_is_told_who_may(alice: Client, workspace: Any) -> None:
    Member.objects.update(role="viewer")
    answer = alice.get(f"/console/{workspace.pk}/audit")
    assert answer.status_code == 403
    assert (
        "Your role in this workspace is Viewer. It is open to: Owner, Privacy Officer, Data protection officer." in answer.content.decode()
    )


def test_somebody_without_a_workspace_is_told_so(transactional_db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_user("bob@example.com", PASSWORD), backend="django.contrib.auth.backends.ModelBackend")
    answer = client.get("/console/")
    assert answer.status_code == 403
    assert b"not a member of any workspace" in answer.content


def test_pages_are_not_kept_by_caches(alice: Client, workspace: Any) -> None:
    answer = alice.get(f"/console/{workspace.pk}/")
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "same-origin"


def test_members_read_moments_and_numbers_as_they_chose(alice: Client, workspace: Any) -> None:
    from troth.workspaces.audit import record_access

    noon = 1_790_000_000_000
    record_access(workspace.pk, user_id=User.objects.get().pk, role="owner", action="person.read", at=noon)
    User.objects.update(time_zone="Asia/Tokyo")
    assert (
        "2026-09-21 23:13:20.000+09:00 Asia/Tokyo · 2026-09-21T14:13:20.000Z"
        in alice.get(f"/console/{workspace.pk}/audit").content.decode()
    )
    User.objects.update(time_zone="")
    alice.cookies["troth_zone"] = "America/New_York"
    assert "2026-09-21 10:13:20.000-04:00 America/New_York" in alice.get(f"/console/{workspace.pk}/audit").content.decode()
    alice.cookies["troth_zone"] = "../../etc/passwd"
    assert "2026-09-21T14:13:20.000Z" in alice.get(f"/console/{workspace.pk}/audit").content.decode()
