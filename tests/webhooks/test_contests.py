"""Other systems hear of instructions that are held to infringe the law, and of what the controller said (Art. 28(3) GDPR)."""

from __future__ import annotations

from typing import Any

from django.test import Client

from tests.api.conftest import Api
from tests.webhooks.desk import Desk, verify
from troth.privacy.contests.contesting import contest_entry, settle
from troth.privacy.history import By
from troth.webhooks.editing import revise_webhook
from troth.webhooks.testing import try_webhook
from troth.workspaces.audit import read_entries, record_access
from troth.workspaces.keys import create_key
from troth.workspaces.models import Member, User, Workspace

BY = By("console", 1, "owner")
WHY = "Art. 9: health data, without any exception of paragraph 2."


def contest(desk: Desk, action: str = "campaign.published", **detail: Any) -> Any:
    record_access(desk.pk, user_id=1, role="owner", action=action, at=desk.now, detail=detail)
    return contest_entry(desk.pk, read_entries(desk.pk, limit=1)[0].entry_id, WHY, by=BY, now=desk.now)


def test_who_asks_for_it_is_told_what_is_contested_and_what_the_controller_said_in_order_and_about_nobody(desk: Desk) -> None:
    desk.listen("instruction.contested", "instruction.settled")
    own = contest(desk, campaign=7, name="Hearts")
    settle(own, "confirmed", "Mme Roux, by mail.", by=BY, now=desk.now)

    asked = desk.deliver()

    assert all(verify(desk.secret, one) and "troth-person-id" not in one.headers for one in asked)
    first, second = (one.json for one in asked)
    assert first["type"] == "instruction.contested" and "person" not in first["data"] and "outcome" not in first["data"]
    assert first["data"]["contest_id"] == str(own.pk) and first["data"]["reason"] == WHY and first["data"]["waits"] == "campaign:7"
    assert first["data"]["detail"] == {"campaign": 7, "name": "Hearts"} and first["data"]["action"] == "campaign.published"
    assert (second["type"], second["data"]["outcome"], second["data"]["said"]) == ("instruction.settled", "confirmed", "Mme Roux, by mail.")
    assert desk.states() == ["delivered", "delivered"]


def test_nobody_else_hears_of_it(desk: Desk) -> None:
    desk.listen("request.received", "instruction.settled")
    other = Workspace.objects.create(account=Workspace.objects.get(pk=desk.pk).account, name="Other")
    there = Desk(other, desk.receiver)
    there.listen("instruction.contested")
    contest(desk, campaign=7)
    assert desk.deliver() == [] and desk.states() == []


def test_lists_say_that_it_is_about_nobody_and_a_trial_has_its_shape(desk: Desk) -> None:
    webhook = desk.listen("instruction.contested", form="vero")
    contest(desk, campaign=7)
    desk.deliver()
    api = Api(create_key(Workspace.objects.get(pk=desk.pk), "api", scopes=frozenset({"webhooks:write"})))
    [listed] = api.json("GET", f"/webhooks/{webhook.pk}/deliveries")["items"]
    assert (listed["type"], listed["person_id"], listed["state"]) == ("instruction.contested", "", "delivered")
    user = User.objects.create_user("ada@agency.example")
    Member.objects.create(user=user, workspace_id=desk.pk, role="owner")
    member = Client()
    member.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    page = member.get(f"/console/{desk.pk}/webhooks/{webhook.pk}/deliveries").content.decode()
    assert "instruction.contested" in page and "an instruction is contested" in page and f"/console/{desk.pk}/people/0" not in page
    assert try_webhook(webhook, desk.now).is_taken
    assert desk.receiver.asked[-1].json["data"]["action"] == "campaign.published"


def test_a_webhook_whose_instruction_is_contested_tells_nothing_until_it_is_confirmed(desk: Desk) -> None:
    webhook = desk.listen("user_created")
    own = contest(desk, "webhook.edited", webhook=webhook.pk, name="CRM")
    assert own.waits == f"webhook:{webhook.pk}"
    desk.person("1")
    assert desk.deliver() == [], "it waits, and nothing is lost"
    settle(own, "confirmed", "By telephone.", by=BY, now=desk.now)
    assert len(desk.deliver()) == 1


def test_what_the_controller_withdraws_stays_paused_until_a_member_switches_it_on(desk: Desk) -> None:
    webhook = desk.listen("user_created")
    own = contest(desk, "webhook.added", webhook=webhook.pk, name="CRM")
    settle(own, "withdrawn", "By telephone.", by=BY, now=desk.now)
    webhook.refresh_from_db()
    assert webhook.state == "paused"
    desk.person("1")
    assert desk.deliver() == []
    revise_webhook(webhook, {"state": "on"}, now=desk.now)
    assert len(desk.deliver()) == 1


def test_a_webhook_set_up_in_the_console_or_changed_by_a_key_can_wait_and_one_that_was_removed_cannot(desk: Desk) -> None:
    api = Api(create_key(Workspace.objects.get(pk=desk.pk), "api", scopes=frozenset({"webhooks:write"})))
    webhook = desk.listen("user_created")
    api.json("PATCH", f"/webhooks/{webhook.pk}", {"types": ["user_updated"]})
    [changed] = read_entries(desk.pk, limit=1)
    assert contest_entry(desk.pk, changed.entry_id, WHY, by=BY, now=desk.now).waits == f"webhook:{webhook.pk}"
    api("DELETE", f"/webhooks/{webhook.pk}")
    [removed] = read_entries(desk.pk, limit=1)
    assert contest_entry(desk.pk, removed.entry_id, WHY, by=BY, now=desk.now).waits == ""
    user = User.objects.create_user("ada@agency.example")
    Member.objects.create(user=user, workspace_id=desk.pk, role="owner")
    member = Client()
    member.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    another = desk.listen("user_created")
    assert member.post(f"/console/{desk.pk}/webhooks/{another.pk}/state", {"state": "off"}).status_code == 303
    [switched] = read_entries(desk.pk, limit=1)
    room = f"/console/{desk.pk}/webhooks/{another.pk}"
    assert "Nothing leaves by it." not in member.get(room).content.decode()
    assert contest_entry(desk.pk, switched.entry_id, WHY, by=BY, now=desk.now).waits == f"webhook:{another.pk}"
    assert "Its instruction is contested" in member.get(room).content.decode()
