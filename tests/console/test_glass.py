"""Roles that a workspace chose see pseudonyms until they say why; the reason is written down first, told, and good for a quarter of an hour."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import Any

from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import eventually
from tests.mail_server import Kept
from tests.members import join
from troth.intake.commands import Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.people.lookup import find_person
from troth.workspaces.audit import read_entries
from troth.workspaces.glass import OPEN_FOR, is_closed, pseudonym
from troth.workspaces.models import Workspace

REASON = "Request 4711 of the person"


def person_of(workspace: Any, name: str) -> int:
    now = now_ms()
    about: dict[str, Any] = {"workspace_id": workspace.pk, "source": "api", "received_at": now}
    apply([Identify(identity=Identity(external_id=name, email=f"{name}@glass.example"), **about)], now=now)
    return find_person(workspace.pk, name).person_id


def close(workspace: Any, *roles: str) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(glass_roles=list(roles))


def say_why(client: Client, workspace: Any, person_id: int, *, reason: str = REASON, scope: str = "person") -> Any:
    page = f"/console/{workspace.pk}/people/{person_id}"
    return client.post(f"/console/{workspace.pk}/glass", {"reason": reason, "person": str(person_id), "scope": scope, "to": page})


def test_a_chosen_role_sees_pseudonyms_until_it_says_why(workspace: Any) -> None:
    dana, erin = person_of(workspace, "dana"), person_of(workspace, "erin")
    marketer, officer = join(workspace, "marketer"), join(workspace, "privacy_officer")
    close(workspace, "marketer")
    page = f"/console/{workspace.pk}/people/{dana}"
    closed = marketer.get(page)
    assert (closed.status_code, "glass.example" in closed.content.decode(), pseudonym(dana) in closed.content.decode()) == (
        403,
        False,
        True,
    )
    listed = marketer.get(f"/console/{workspace.pk}/people")
    assert (listed.status_code, "glass.example" in listed.content.decode(), pseudonym(erin) in listed.content.decode()) == (
        403,
        False,
        True,
    )
    assert officer.get(page).status_code == 200
    assert say_why(marketer, workspace, dana, reason="so").status_code == 422
    assert marketer.get(page).status_code == 403
    opened = say_why(marketer, workspace, dana)
    assert (opened.status_code, opened.headers["Location"]) == (303, page)
    assert "dana@glass.example" in marketer.get(page).content.decode()
    assert marketer.get(f"/console/{workspace.pk}/people/{erin}").status_code == 403
    assert marketer.get(f"/console/{workspace.pk}/outbox").status_code == 403
    say_why(marketer, workspace, dana, scope="all")
    assert marketer.get(f"/console/{workspace.pk}/people").status_code == 200
    broken = [entry for entry in read_entries(workspace.pk) if entry.action == "glass.broken"]
    assert [(entry.person_id, entry.reason) for entry in broken] == [(0, REASON), (dana, REASON)]
    close(workspace, "marketer", "privacy_officer")
    assert officer.get(f"/console/{workspace.pk}/audit").status_code == 403
    say_why(officer, workspace, 0, scope="all")
    assert REASON in officer.get(f"/console/{workspace.pk}/audit").content.decode()


def test_officers_are_told_and_the_mail_leads_nowhere_else(workspace: Any, mail_server: Kept) -> None:
    dana = person_of(workspace, "dana")
    marketer, _officer = join(workspace, "marketer"), join(workspace, "privacy_officer")
    close(workspace, "marketer")
    path = f"/console/{workspace.pk}/glass"
    answer = marketer.post(path, {"reason": REASON, "person": str(dana), "to": "https://evil.example/"})
    assert answer.headers["Location"] == f"/console/{workspace.pk}/"
    to, body = eventually(lambda: mail_server.mails and mail_server.mails[0])
    assert len(to) == 1 and "privacy" in to[0]
    text = message_from_bytes(body, policy=policy.default).get_content()
    assert "audit log" in text and REASON not in text and "dana" not in text


def test_an_owner_chooses_the_roles(workspace: Any) -> None:
    owner = join(workspace, "owner")
    path = f"/console/{workspace.pk}/settings"
    owner.post(path, {"name": "Shop", "audit_days": "90", "glass_roles": ["marketer", "developer"]})
    workspace.refresh_from_db()
    assert workspace.glass_roles == ["marketer", "developer"]
    assert "Roles that must say why" in owner.get(path).content.decode()


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 3), st.integers(0, 20)), max_size=5), st.integers(1, 3), st.integers(0, 3))
def test_open_is_what_was_opened_there_for_them_and_is_not_over(opened: list[Any], place: int, whom: int) -> None:
    naive = any(where == place and until > 10 and (person == 0 or (person == whom and whom)) for where, person, until in opened)
    assert is_closed(["marketer"], "marketer", opened, workspace_id=place, person_id=whom, now=10) is not naive
    assert not is_closed([], "marketer", opened, workspace_id=place, person_id=whom, now=10)
    assert OPEN_FOR == 15 * 60 * 1000
