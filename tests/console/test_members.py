"""Members: invited, come in, given another role, removed; always with an owner, and never those of another workspace."""

from __future__ import annotations

import re
import time
from email import message_from_bytes, policy
from typing import Any

import pytest
from django.test import Client

from tests.mail_server import Kept
from tests.members import join
from troth.workspaces.models import AuditEntry, Invitation, Member, Role, User
from troth.workspaces.registry import create_workspace
from troth.workspaces.roles import Permission

LINK = re.compile(r"/console/account/invitation/[\w-]{43}/")
PASSWORD = "correct horse battery"


@pytest.fixture
def owner(workspace: Any) -> Client:
    return join(workspace, "owner")


def path(workspace: Any, rest: str = "") -> str:
    return f"/console/{workspace.pk}/settings/members{rest}"


def read(client: Client, workspace: Any, rest: str = "") -> str:
    answer = client.get(path(workspace, rest))
    assert answer.status_code == 200
    return str(answer.content.decode())


def invite(client: Client, workspace: Any, email: str = "bob@example.com", role: str = "marketer") -> str:
    """The link of a new invitation."""
    page = client.post(path(workspace, "/invite"), {"email": email, "role": role}).content.decode()
    (link,) = set(LINK.findall(page))
    return str(link)


def member_of(workspace: Any, email: str) -> Member:
    return Member.objects.get(workspace=workspace, user__email=email)


def acts() -> list[tuple[str, dict[str, Any]]]:
    return list(AuditEntry.objects.order_by("entry_id").values_list("action", "detail"))


def test_somebody_is_invited_and_comes_in_with_their_role(owner: Client, workspace: Any) -> None:
    link = invite(owner, workspace)
    page = read(owner, workspace)
    assert "bob@example.com" in page
    assert link not in page
    bob = Client()
    assert "Join Test workspace" in bob.get(link).content.decode()
    assert bob.post(link, {"name": "Bob", "password": PASSWORD}, follow=True).status_code == 200
    assert bob.get(f"/console/{workspace.pk}/campaigns").status_code == 200
    assert bob.get(path(workspace, "/invite")).status_code == 403
    page = read(owner, workspace)
    assert "Open invitations" not in page
    assert "Bob" in page
    assert Client().get(link).status_code == 404
    assert acts() == [("member.invited", {"role": "marketer"}), ("member.joined", {"role": "marketer"})]


def test_the_link_goes_by_mail_where_there_is_a_mail_server(owner: Client, workspace: Any, mail_server: Kept) -> None:
    link = invite(owner, workspace)
    deadline = time.monotonic() + 10
    while not mail_server.mails:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    ((recipients, raw),) = mail_server.mails
    mail = message_from_bytes(raw, policy=policy.default)
    assert recipients == ["bob@example.com"]
    assert mail["Subject"] == "Join Test workspace on Troth"
    assert link in mail.get_content()  # type: ignore[attr-defined]
    assert "as marketer" in mail.get_content()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("email", "role", "says"),
    [
        ("nobody", "viewer", "valid email"),
        ("a@example.com", "king", "not one of the available"),
        ("owner@example.com", "viewer", "a member already"),
    ],
)
def test_who_cannot_be_invited_is_told_why(owner: Client, workspace: Any, email: str, role: str, says: str) -> None:
    assert says in owner.post(path(workspace, "/invite"), {"email": email, "role": role}).content.decode()
    assert not Invitation.objects.exists()
    assert acts() == []


def test_a_revoked_invitation_opens_nothing_and_a_second_replaces_the_first(owner: Client, workspace: Any) -> None:
    first = invite(owner, workspace)
    second = invite(owner, workspace, role="viewer")
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200
    invitation = Invitation.objects.get()
    answer = owner.post(path(workspace, f"/invitations/{invitation.pk}/revoke"), follow=True)
    assert "is revoked" in answer.content.decode()
    assert Client().get(second).status_code == 404
    assert owner.post(path(workspace, f"/invitations/{invitation.pk}/revoke")).status_code == 404
    assert [action for action, _ in acts()] == ["member.invited", "member.invited", "invitation.revoked"]


def test_another_role_holds_at_once(owner: Client, workspace: Any) -> None:
    carol = join(workspace, "viewer", email="carol@example.com")
    people = f"/console/{workspace.pk}/people"
    assert carol.get(people).status_code == 403
    member = member_of(workspace, "carol@example.com")
    assert "Exercises rights" in read(owner, workspace, f"/{member.pk}/role")
    answer = owner.post(path(workspace, f"/{member.pk}/role"), {"role": "privacy_officer"}, follow=True)
    assert "carol@example.com is privacy officer now" in answer.content.decode()
    assert carol.get(people).status_code == 200
    assert acts()[0] == ("member.role_changed", {"member": member.pk, "from": "viewer", "to": "privacy_officer"})
    assert "Choose a role" in owner.post(path(workspace, f"/{member.pk}/role"), {"role": "king"}, follow=True).content.decode()
    assert member_of(workspace, "carol@example.com").role == "privacy_officer"


def test_who_is_removed_sees_nothing_from_that_moment(owner: Client, workspace: Any) -> None:
    carol = join(workspace, "marketer", email="carol@example.com")
    member = member_of(workspace, "carol@example.com")
    assert carol.get(f"/console/{workspace.pk}/").status_code == 200
    assert "Keys that they made keep working" in read(owner, workspace, f"/{member.pk}/remove")
    assert "is no member any more" in owner.post(path(workspace, f"/{member.pk}/remove"), follow=True).content.decode()
    assert carol.get(f"/console/{workspace.pk}/").status_code == 404
    assert User.objects.filter(email="carol@example.com").exists()
    assert acts()[-1] == ("member.removed", {"member": member.pk, "role": "marketer"})


def test_there_is_always_an_owner(owner: Client, workspace: Any) -> None:
    alone = member_of(workspace, "owner@example.com")
    assert "the only owner" in read(owner, workspace)
    for rest in ("role", "remove"):
        assert "This is the only owner" in read(owner, workspace, f"/{alone.pk}/{rest}")
        answer = owner.post(path(workspace, f"/{alone.pk}/{rest}"), {"role": "viewer"}, follow=True)
        assert "needs an owner" in answer.content.decode()
    assert member_of(workspace, "owner@example.com").role == Role.OWNER
    assert acts() == []
    join(workspace, "owner", email="second@example.com")
    answer = owner.post(path(workspace, f"/{alone.pk}/remove"))
    assert answer["Location"] == "/console/"
    assert owner.get(f"/console/{workspace.pk}/").status_code == 404


def test_members_and_invitations_of_another_workspace_are_not_found(owner: Client, workspace: Any) -> None:
    other = create_workspace("Other").workspace
    stranger = join(other, "owner", email="mallory@example.com")
    theirs, ours = member_of(other, "mallory@example.com"), member_of(workspace, "owner@example.com")
    invite(owner, workspace)
    invitation = Invitation.objects.get()
    for client, place, member in ((owner, workspace, theirs), (stranger, other, ours)):
        for rest in ("role", "remove"):
            assert client.get(path(place, f"/{member.pk}/{rest}")).status_code == 404
            assert client.post(path(place, f"/{member.pk}/{rest}"), {"role": "viewer"}).status_code == 404
    assert stranger.post(path(other, f"/invitations/{invitation.pk}/revoke")).status_code == 404
    assert Invitation.objects.count() == 1
    assert stranger.get(path(workspace)).status_code == 404
    page = read(owner, workspace)
    assert "mallory@example.com" not in page


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_only_owners_manage_members(workspace: Any, role: str) -> None:
    client = join(workspace, role)
    member = join(workspace, "viewer", email="carol@example.com") and member_of(workspace, "carol@example.com")
    sees, manages = role != "viewer", role == "owner"
    answer = client.get(path(workspace))
    assert answer.status_code == (200 if sees else 403)
    assert (b"user-plus" in answer.content or b"/invite" in answer.content) == manages
    for rest in ("/invite", f"/{member.pk}/role", f"/{member.pk}/remove"):
        assert client.get(path(workspace, rest)).status_code == (200 if manages else 403)
    if not manages:
        assert client.post(path(workspace, "/invite"), {"email": "x@example.com", "role": "owner"}).status_code == 403
        assert client.post(path(workspace, f"/{member.pk}/remove")).status_code == 403
        assert Member.objects.filter(pk=member.pk).exists()


def test_the_table_of_roles_is_that_of_the_guard(owner: Client, workspace: Any) -> None:
    from troth.console.members.wording import PERMISSIONS, list_permissions
    from troth.workspaces.roles import permits

    assert set(PERMISSIONS) == set(Permission)
    for permission, (_words, allowed) in zip(PERMISSIONS, list_permissions(), strict=True):
        assert [has for _name, has in allowed] == [permits(role.value, permission) for role in Role]
    assert "Export, erase, restrict, object for a person" in read(owner, workspace)


def test_second_factors_are_seen(owner: Client, workspace: Any) -> None:
    from allauth.mfa.models import Authenticator

    page = read(owner, workspace)
    assert "shield-alert" in page or ">off</span>" in page
    user = User.objects.get(email="owner@example.com")
    Authenticator.objects.create(user=user, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert ">on</span>" not in read(owner, workspace)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})
    assert ">on</span>" in read(owner, workspace)
