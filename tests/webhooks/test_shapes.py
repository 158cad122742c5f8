"""What is told has Vero's shape, field by field, or Troth's; and tells no more than may be handed on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.evidence import GIVEN
from tests.webhooks.desk import Desk
from troth.campaigns.editing import create_campaign
from troth.campaigns.models import Campaign
from troth.campaigns.publishing import publish_campaign
from troth.consent.purposes import assign_all
from troth.intake.commands import Alias, Decide, Decision, Device, EditTags, Identify, Identity, Restrict, Track
from troth.kernel.clock import DAY, now_ms
from troth.messages.channels.port import Feedback, Medium, Told
from troth.messages.feedback.noting import note_feedback
from troth.messages.fetches import Fetch, note_fetches
from troth.messages.models import Message
from troth.messages.news import Became, MessageNews, outcomes
from troth.messages.tracking import Measured
from troth.people.models import Event
from troth.webhooks.kinds import TYPES
from troth.webhooks.models import Delivery, Withheld
from troth.workspaces.models import Workspace

ONE = Identity(external_id="123")
CAMPAIGN = {
    "id": 987,
    "type": "transactional",
    "name": "Order confirmation",
    "group": "Order confirmation - Email 6",
    "channel": "email",
    "subject": "Your order is being processed!",
    "trigger-event": "purchased item",
    "permalink": "http://app.getvero.com/view/1/341d64944577ac1f70f560e37db54a25",
    "sent_to": "user@…",
    "variation": "Variation A",
}
"""Vero's own sample."""


def grant(desk: Desk, *purposes: str) -> None:
    desk.does(*((Decide, {"identity": ONE, "decision": Decision.GRANT, "purpose": key, "evidence": GIVEN}) for key in purposes))


def send_a_mail(desk: Desk) -> Message:
    """An order is confirmed, by a mail that the worker sends."""
    publish_campaign(
        create_campaign(
            desk.pk,
            name="Order confirmation",
            trigger_event="purchased item",
            purpose="service",
            subject="Your order",
            html="<p>Thanks</p>",
        ),
        now=desk.now,
    )
    desk.person("123")
    desk.does((Track, {"identity": ONE, "name": "purchased item", "ts": desk.now}))
    desk.work()
    (message,) = Message.objects.all()
    assert message.state == "sent", message.reason
    return message


def tell(desk: Desk, message: Message, told: Told) -> None:
    news = Feedback(told=told, message_id=message.message_id, at=desk.now, recipient="p123@example.com")
    note_feedback(desk.pk, Medium.EMAIL, [news], provider="test", now=desk.now)


def test_a_sent_mail_has_every_field_of_veros_sample(desk: Desk) -> None:
    desk.listen("sent", form="vero")
    message, sent_at = send_a_mail(desk), desk.now // 1000
    (told,) = told_of(desk)
    assert told == {
        "sent_at": told["sent_at"],
        "type": "sent",
        "user": {"id": 123, "email": "p123@example.com"},
        "campaign": {
            "id": int(message.source.partition(":")[2]),
            "type": "transactional",
            "name": "Order confirmation",
            "group": "Order confirmation",
            "channel": "email",
            "subject": "Your order",
            "trigger-event": "purchased_item",
            "permalink": f"http://127.0.0.1:8000/console/{desk.pk}/outbox/{message.message_id}",
            "sent_to": "p123@example.com",
            "variation": None,
        },
        "message_id": str(message.message_id),
    }
    assert told["campaign"].keys() == CAMPAIGN.keys()
    assert abs(told["sent_at"] - sent_at) < 60
    assert isinstance(told["sent_at"], int)


def told_of(desk: Desk) -> list[dict[str, Any]]:
    """What was told, by the worker's duty or by now."""
    desk.deliver(60_000)
    return [json.loads(asked.body) for asked in desk.receiver.asked]


@pytest.mark.parametrize(
    ("told", "type_", "more"),
    [
        (Told.DELIVERED, "delivered", {}),
        (Told.HARD_BOUNCE, "bounced", {"bounce_type": "hard"}),
        (Told.SOFT_BOUNCE, "bounced", {"bounce_type": "soft"}),
        (Told.COMPLAINT, "complained", {}),
    ],
)
def test_what_providers_tell_is_told_on(desk: Desk, told: Told, type_: str, more: dict[str, str]) -> None:
    desk.listen("delivered", "bounced", "complained", form="vero")
    message = send_a_mail(desk)
    tell(desk, message, told)
    tell(desk, message, told)
    (body,) = told_of(desk)
    assert body.keys() == {f"{type_}_at", "type", "user", "campaign", "message_id", *more}
    assert body["type"] == type_
    assert {name: body[name] for name in more} == more


def test_who_opens_and_clicks_is_told_where_they_agreed_to_it_but_not_what_machines_do(desk: Desk) -> None:
    desk.listen("opened", "clicked", form="vero")
    Workspace.objects.filter(pk=desk.pk).update(measures_opens=True, measures_clicks=True)
    message = send_a_mail(desk)
    subject = desk.subject("123")
    measured = Measured(subject=subject, message_id=message.message_id, url="")
    clicked = Measured(subject=subject, message_id=message.message_id, url="https://acme.example/")
    at = desk.now + 3_600_000
    note_fetches([Fetch(measured, "", at), Fetch(clicked, "", at)])
    assert Delivery.objects.count() == 0
    grant(desk, "open_tracking", "click_tracking")
    note_fetches([Fetch(measured, "scanner", at), Fetch(measured, "", at), Fetch(clicked, "", at)])
    desk.now = at
    opened, click = told_of(desk)
    for body, type_ in ((opened, "opened"), (click, "clicked")):
        assert body.keys() == {f"{type_}_at", "type", "user", "campaign", "message_id", "user_agent"}
        assert body[f"{type_}_at"] == at // 1000


def test_a_mail_that_failed_and_a_goal_that_was_reached(desk: Desk) -> None:
    desk.listen("failed", "converted", form="vero")
    message = send_a_mail(desk)
    subject = desk.subject("123")
    for became in (Became.FAILED, Became.CONVERTED):
        outcomes.tell([MessageNews(became, subject, message.message_id, desk.now)], desk.now)
    assert [set(body) for body in told_of(desk)] == [
        {"failed_at", "type", "user", "campaign", "message_id"},
        {"converted_at", "type", "user", "campaign", "message_id"},
    ]


def test_a_goal_is_told_once_of_who_may_be_looked_at_by_behaviour(desk: Desk) -> None:
    desk.listen("converted")
    message = send_a_mail(desk)
    Campaign.objects.update(goal={"event": "came_back", "days": 2, "revenue": "value", "currency": ""})
    back = (Track, {"identity": ONE, "name": "came back", "ts": now_ms() + 1_000, "properties": {"value": 42}})
    desk.does(back)
    desk.work()
    assert Delivery.objects.count() == 0
    grant(desk, "behavioural_profiling")
    later = (Track, {"identity": ONE, "name": "came back", "ts": now_ms() + 2_000, "properties": {"value": 42}})
    Event.objects.filter(name="came_back").delete()
    desk.does(later, later, (Track, {"identity": ONE, "name": "came back", "ts": now_ms() + 5 * DAY}))
    desk.work()
    (body,) = told_of(desk)
    assert (body["data"]["event"], body["data"]["revenue"]) == ("came_back", 42)
    assert body["data"]["message"]["id"] == str(message.message_id)


def test_people_who_are_new_or_change(desk: Desk) -> None:
    desk.listen("user_created", "user_updated", form="vero")
    desk.person("123", first_name="Steve", plan="free")
    change = {"plan": "pro", "first_name": None}
    desk.does(
        (Identify, {"identity": Identity(external_id="123", email="steve@example.com"), "attributes": change}),
        (EditTags, {"identity": ONE, "add": ("vip", "blue")}),
    )
    desk.does((EditTags, {"identity": ONE, "add": ("vip",), "remove": ("blue",)}))
    desk.does((Identify, {"identity": ONE, "attributes": {"plan": "pro"}}))
    created, both, tags = desk.told()
    user = {"id": 123, "email": "steve@example.com"}
    # What is told of a new person is read when it goes: nobody is told what is over already.
    assert created == {"type": "user_created", "user": {"plan": "pro", **user}}
    changes = {"_tags": {"add": ["vip", "blue"], "remove": []}, "plan": "pro", "first_name": None, "email": "steve@example.com"}
    assert both == {"type": "user_updated", "user": user, "changes": changes}
    assert tags == {"type": "user_updated", "user": user, "changes": {"_tags": {"add": [], "remove": ["blue"]}}}


def test_people_with_words_or_addresses_as_ids(desk: Desk) -> None:
    desk.listen("user_created", form="vero")
    desk.does(
        (Identify, {"identity": Identity(external_id="u-7")}),
        (Identify, {"identity": Identity(email="only@example.com")}),
        (Identify, {"identity": Identity(external_id="007")}),
        (Identify, {"identity": Identity(anonymous_id="a", devices=(Device(token="t", platform="ios"),))}),
    )
    users = [body["user"] for body in desk.told()]
    assert {user["id"] for user in users} == {"u-7", "only@example.com", "007", None}


def test_withdrawals_are_told_although_the_gate_would_not_hand_anything_on(desk: Desk) -> None:
    desk.listen("unsubscribed", "resubscribed", purpose="marketing_email", form="vero")
    desk.person("123")
    grant(desk, "marketing_email")
    desk.does((Decide, {"identity": ONE, "decision": Decision.WITHDRAW}))
    at = desk.now // 1000
    user = {"id": 123, "email": "p123@example.com"}
    assert desk.told() == [{"unsubscribed_at": at, "type": "unsubscribed", "user": user}]
    grant(desk, "marketing_email")
    assert desk.told() == [{"resubscribed_at": at, "type": "resubscribed", "user": user}]


def test_a_complaint_is_passed_on_with_whom_it_is_about_and_nothing_else_where_the_purpose_permits_no_more(desk: Desk) -> None:
    desk.listen("complained", "delivered", purpose="marketing_email", form="vero")
    message = send_a_mail(desk)
    tell(desk, message, Told.DELIVERED)
    tell(desk, message, Told.COMPLAINT)
    (body,) = told_of(desk)
    assert body == {"complained_at": desk.now // 1000 - 60, "type": "complained", "user": {"id": 123, "email": "p123@example.com"}}
    assert set(Withheld.objects.values_list("type", "reason")) == {("delivered", "marketing_email:no_consent")}


def test_decisions_in_troths_shape(desk: Desk) -> None:
    desk.listen("consent.changed")
    desk.person("123")
    grant(desk, "marketing_email")
    grant(desk, "marketing_email")
    bodies = desk.told()
    desk.does((Decide, {"identity": ONE, "decision": Decision.WITHDRAW, "purpose": "marketing_email"}), (Restrict, {"identity": ONE}))
    bodies += desk.told()
    assert [body["data"]["decision"] for body in bodies] == ["grant", "withdraw", "restrict"]
    person = {"person_id": str(desk.subject("123").person_id), "id": "123", "email": "p123@example.com"}
    assert bodies[1]["data"] == {"person": person, "purpose": "marketing_email", "decision": "withdraw", "standing": "refused"}
    assert bodies[1]["type"] == "consent.changed"
    assert bodies[1]["timestamp"].endswith("Z")


def test_what_was_queued_before_a_withdrawal_does_not_go_after_it(desk: Desk) -> None:
    desk.listen("user_updated", purpose="marketing_email")
    desk.person("123")
    grant(desk, "marketing_email")
    desk.does((EditTags, {"identity": ONE, "add": ("a",)}))
    assert desk.states() == ["waiting"]
    desk.does((Decide, {"identity": ONE, "decision": Decision.WITHDRAW}))
    assert desk.told() == []
    assert desk.states() == []
    assert Withheld.objects.get().reason == "marketing_email:withdrawn"


def test_an_attribute_collected_for_another_purpose_is_not_handed_on_without_it(desk: Desk) -> None:
    desk.listen("user_created", "user_updated", form="vero")
    desk.person("123", plan="pro", shoe_size=43)
    assign_all(desk.pk, [("attribute", "shoe_size")], "behavioural_profiling")
    (body,) = desk.told()
    assert body["user"] == {"plan": "pro", "id": 123, "email": "p123@example.com"}


def test_two_who_turn_out_to_be_one(desk: Desk) -> None:
    webhook = desk.listen("person.merged", "user_created")
    desk.person("123")
    desk.person("old")
    gone = desk.subject("old").person_id
    desk.does((Alias, {"identity": ONE, "previous": Identity(external_id="old")}))
    bodies = desk.told()
    kept = str(desk.subject("123").person_id)
    assert [body["type"] for body in bodies] == ["user_created", "user_created", "person.merged"]
    assert {body["data"]["person"]["person_id"] for body in bodies} == {kept}
    assert bodies[2]["data"]["merged_id"] == str(gone)
    assert webhook.types == [type_ for type_ in TYPES if type_ in ("person.merged", "user_created")]
