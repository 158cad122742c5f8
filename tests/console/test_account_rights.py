"""A member's own rights: everything held on them is handed out without secrets; their account is deleted for good, with a certificate."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from django.test import Client

from troth.kernel.clock import now_ms
from troth.privacy.certificate import verify_certificate
from troth.workspaces.audit import read_entries, record_access
from troth.workspaces.models import Member, User


def join(workspace: Any, role: str) -> tuple[User, Client]:
    user = User.objects.create_user(f"{role}@example.com", "correct horse battery", name=role.title())
    Member.objects.create(user=user, workspace=workspace, role=role)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user, client


def test_everything_held_on_a_member_is_handed_out_and_no_secret(workspace: Any) -> None:
    user, client = join(workspace, "marketer")
    record_access(workspace.pk, user_id=user.pk, role="marketer", action="person.read", at=now_ms(), person_id=7, address="203.0.113.7")
    assert client.get("/console/account/data/").status_code == 405
    told = json.loads(client.post("/console/account/data/").content)
    assert told["account"]["email"] == "marketer@example.com"
    assert [one["workspace_id"] for one in told["members"]] == [workspace.pk]
    assert [(one["act"], one["from"]) for one in told["acts"]] == [("opened a person", "203.0.113.7")]
    text = json.dumps(told)
    assert not re.search(r"argon2|\"password\"|session_key", text)
    assert '"person_id"' not in text


def test_an_account_is_deleted_for_good_with_a_certificate(workspace: Any) -> None:
    join(workspace, "owner")
    user, client = join(workspace, "marketer")
    record_access(workspace.pk, user_id=user.pk, role="marketer", action="person.read", at=now_ms(), address="203.0.113.7")
    assert client.post("/console/account/delete/", {"email": "somebody@example.com"}).status_code == 422
    page = client.post("/console/account/delete/", {"email": "Marketer@example.com"}).content.decode()
    claims = verify_certificate(html.unescape(re.findall(r"<code>(.*?)</code>", page, re.DOTALL)[0]))
    assert (claims["member"], claims["deleted_or_untied"]["members"]) == (user.pk, 1)
    assert "marketer@example.com" not in json.dumps(claims)
    assert not User.objects.filter(pk=user.pk).exists()
    assert not client.login(username="marketer@example.com", password="correct horse battery")
    (entry,) = read_entries(workspace.pk)
    assert (entry.user_id, entry.address) == (user.pk, "")


def test_the_only_owner_is_told_what_to_do_first(workspace: Any) -> None:
    _user, client = join(workspace, "owner")
    answer = client.post("/console/account/delete/", {"email": "owner@example.com"})
    assert (answer.status_code, "make somebody else an owner first" in answer.content.decode()) == (422, True)
    assert User.objects.filter(email="owner@example.com").exists()
