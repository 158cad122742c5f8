"""A link that logs in once, for whoever may run commands on the server."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from troth.kernel.clock import MINUTE, now_ms
from troth.workspaces.login_links import make_login_link
from troth.workspaces.models import Member, User


@pytest.fixture
def alice(workspace: Any) -> Any:
    user = User.objects.create_user("alice@example.com", "correct horse battery")
    Member.objects.create(user=user, workspace=workspace, role="owner")
    return user


def test_a_link_of_the_command_line_logs_in_once(alice: Any) -> None:
    out = io.StringIO()
    call_command("user_link", "ALICE@example.com", stdout=out)
    path = urlsplit(out.getvalue().strip()).path
    client = Client()
    assert client.get(path)["Location"] == "/console/"
    assert client.get("/console/").status_code == 302
    assert client.session["_auth_user_id"] == str(alice.pk)
    again = Client().get(path)
    assert again.status_code == 403
    assert b"This link is over" in again.content


def test_a_link_is_over_after_ten_minutes_or_when_it_was_changed(alice: Any) -> None:
    old = urlsplit(make_login_link(alice, now_ms() - 10 * MINUTE - 1)).path
    fresh = urlsplit(make_login_link(alice, now_ms())).path
    assert Client().get(old).status_code == 403
    assert Client().get(fresh[:-4] + "AAAA").status_code == 403
    assert Client().get(fresh).status_code == 302


def test_nobody_inactive_or_unknown_gets_a_link(alice: Any) -> None:
    link = urlsplit(make_login_link(alice, now_ms())).path
    User.objects.update(is_active=False)
    assert Client().get(link).status_code == 403
    for email in ("alice@example.com", "bob@example.com"):
        with pytest.raises(CommandError, match="no active user"):
            call_command("user_link", email)
