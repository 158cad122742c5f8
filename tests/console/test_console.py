"""Logging in, and seeing one's own workspace only."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

PASSWORD = "correct horse battery"


@pytest.fixture
def dana(workspace: Any) -> Any:
    """Dana bought something and got a mail whose body holds a script."""
    from troth.campaigns.publishing import create_campaign, publish_campaign
    from troth.intake.commands import Decide, Decision, Identify, Identity, Track
    from troth.intake.door import apply
    from troth.kernel.clock import now_ms
    from troth.kernel.worker import drain
    from troth.people.lookup import find_person
    from troth.workspaces.models import Member, User

    now = now_ms()
    publish_campaign(
        create_campaign(
            workspace.pk,
            name="Receipt",
            trigger_event="bought",
            purpose="service",
            subject="Thanks {{ person.name }}",
            html="<p>Hello</p><script>alert(1)</script>",
        )
    )
    who = {
        "workspace_id": workspace.pk,
        "source": "api",
        "received_at": now,
        "identity": Identity(external_id="dana", email="dana@example.com"),
    }
    apply(
        [
            Identify(attributes={"name": "Dana <b>", "tall": True}, **who),
            Decide(decision=Decision.WITHDRAW, purpose="marketing_email", **who),
            Track(name="Bought", ts=now, properties={"n": [1, {"deep": None}]}, **who),
        ],
        now=now,
    )
    drain(now)
    Member.objects.create(user=User.objects.create_user("Alice@example.com", PASSWORD), workspace=workspace, role="owner")
    return find_person(workspace.pk, "dana")


@pytest.fixture
def alice(dana: Any) -> Client:
    client = Client()
    assert client.login(username="alice@example.com", password=PASSWORD)
    return client


def test_the_front_door_leads_to_the_console_and_that_to_the_log_in(client: Client) -> None:
    assert client.get("/")["Location"] == "/console/"
    assert client.get("/console/")["Location"] == "/console/login?next=/console/"


@pytest.mark.usefixtures("dana")
def test_a_member_logs_in_however_the_address_is_typed_and_out_again() -> None:
    web = Client(enforce_csrf_checks=True)
    page = web.get("/console/login?next=/console/")
    token = page.context["csrf_token"]
    fields = {"username": "ALICE@example.com", "csrfmiddlewaretoken": str(token), "next": "/console/"}
    assert b"do not fit together" in web.post("/console/login", {**fields, "password": "wrong"}).content
    assert web.post("/console/login", {**fields, "password": PASSWORD})["Location"] == "/console/"
    home = web.get("/console/")
    assert home.status_code == 200
    assert web.get("/console/logout").status_code == 405
    assert web.post("/console/logout", {"csrfmiddlewaretoken": str(home.context["csrf_token"])}).status_code == 302
    assert web.get("/console/").status_code == 302


def test_the_page_shows_the_latest_of_everything(alice: Client, dana: Any) -> None:
    page = alice.get("/console/").content.decode()
    for expected in ("dana@example.com", "bought", "Thanks Dana &lt;b&gt;", "Dana &lt;b&gt;", "sent"):
        assert expected in page
    assert "Dana <b>" not in page
    assert "<script" not in page
    detail = alice.get(f"/console/people/{dana.person_id}").content.decode()
    for expected in ("dana@example.com", "tall", "yes", "withdrawn", "marketing_email", "n: [1, {deep: –}]"):
        assert expected in detail


def test_an_event_still_waiting_is_shown_as_pending(alice: Client, workspace: Any, dana: Any) -> None:
    from troth.intake.commands import Identity, Track
    from troth.intake.door import apply

    apply(
        [Track(name="Looked", ts=1, workspace_id=workspace.pk, source="api", received_at=1, identity=Identity(external_id="dana"))], now=1
    )
    for path in ("/console/", f"/console/people/{dana.person_id}"):
        page = alice.get(path).content.decode()
        assert "looked" in page
        assert "pending" in page


def test_the_body_of_a_mail_is_shown_in_a_box_that_runs_nothing(alice: Client) -> None:
    from troth.messages.models import Message

    message = Message.objects.get()
    page = alice.get(f"/console/messages/{message.message_id}").content.decode()
    assert " sandbox>" in page
    assert "allowed" in page
    body = alice.get(f"/console/messages/{message.message_id}/body")
    assert b"<p>Hello</p>" in body.content
    assert body["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert body["X-Frame-Options"] == "SAMEORIGIN"


def test_a_stranger_finds_nothing_of_anothers_workspace(alice: Client, workspace: Any, dana: Any) -> None:
    from troth.messages.models import Message
    from troth.workspaces.models import User
    from troth.workspaces.registry import create_workspace

    theirs = create_workspace("Charlie's", owner="charlie@example.com", password=PASSWORD).workspace
    charlie = Client()
    charlie.force_login(User.objects.get(email="charlie@example.com"))
    message = Message.objects.get().message_id
    paths = [f"/console/people/{dana.person_id}", f"/console/messages/{message}", f"/console/messages/{message}/body"]
    for path in paths:
        assert alice.get(path).status_code == 200
        assert charlie.get(path).status_code == 404
        assert charlie.get(f"{path}?workspace={workspace.pk}").status_code == 404
        assert Client().get(path).status_code == 302
    assert charlie.get(f"/console/?workspace={workspace.pk}").status_code == 404
    assert b"dana" not in charlie.get("/console/").content
    assert alice.get(f"/console/?workspace={theirs.pk}").status_code == 404
    assert alice.get("/console/?workspace=x").status_code == 404
    assert alice.get(f"/console/people/{2**63}").status_code == 404
    assert alice.get(f"/console/messages/{2**64}").status_code == 404


def test_a_member_of_two_workspaces_switches_between_them(alice: Client, workspace: Any) -> None:
    from troth.workspaces.models import Member, User
    from troth.workspaces.registry import create_workspace

    other = create_workspace("Another").workspace
    Member.objects.create(user=User.objects.get(email="alice@example.com"), workspace=other, role="viewer")
    page = alice.get(f"/console/?workspace={other.pk}").content.decode()
    assert f"?workspace={workspace.pk}" in page
    assert "dana@example.com" not in page
    assert "dana@example.com" in alice.get(f"/console/?workspace={workspace.pk}").content.decode()


def test_somebody_without_a_workspace_is_told_so(transactional_db: None) -> None:
    from troth.workspaces.models import User

    client = Client()
    client.force_login(User.objects.create_user("bob@example.com", PASSWORD))
    answer = client.get("/console/")
    assert answer.status_code == 403
    assert b"not a member" in answer.content


def test_pages_with_personal_data_are_not_kept_by_caches(alice: Client) -> None:
    answer = alice.get("/console/")
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "same-origin"


@pytest.mark.usefixtures("dana")
def test_a_password_is_set_from_the_command_line() -> None:
    out = io.StringIO()
    call_command("user_password", "ALICE@example.com", password="another good one", stdout=out)
    assert out.getvalue() == "The password is set.\n"
    assert not Client().login(username="alice@example.com", password=PASSWORD)
    assert Client().login(username="alice@example.com", password="another good one")
    with pytest.raises(CommandError, match="short"):
        call_command("user_password", "alice@example.com", password="short")
    with pytest.raises(CommandError, match="no user"):
        call_command("user_password", "nobody@example.com", password="another good one")
