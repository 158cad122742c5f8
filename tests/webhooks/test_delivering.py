"""Deliveries reach their address signed, once and in order, or are kept until they do."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from tests.http_server import run_provider
from tests.webhooks.desk import Desk, verify
from troth.intake.commands import EditTags, Identity
from troth.kernel.backoff import TRIPS, next_try, rest_until
from troth.kernel.clock import DAY, HOUR, MINUTE, SECOND
from troth.webhooks.courier import AT_ONCE, Courier
from troth.webhooks.editing import replace_secret, revise_webhook
from troth.webhooks.models import Delivery, Health, Webhook, Withheld
from troth.webhooks.queue import LEASE, bury_overdue, forget_old
from troth.webhooks.waiting import Filter, count_by_state, list_deliveries, replay


def test_what_happens_is_told_signed_and_once(desk: Desk) -> None:
    desk.listen("user_created")
    desk.person("1", plan="pro")
    (asked,) = desk.deliver()
    assert (asked.method, asked.path, asked.headers["content-type"]) == ("POST", "/hook", "application/json")
    assert verify(desk.secret, asked)
    assert abs(int(asked.headers["webhook-timestamp"]) - time.time()) < 60
    assert asked.headers["troth-person-id"] == str(desk.subject("1").person_id)
    assert desk.deliver() == []
    assert desk.states() == ["delivered"]


def test_a_changed_body_or_another_secret_does_not_verify(desk: Desk) -> None:
    webhook = desk.listen("user_created")
    before = desk.secret
    desk.person("1")
    (asked,) = desk.deliver()
    asked.body += b" "
    assert not verify(before, asked)
    after = replace_secret(webhook, now=desk.now)
    desk.person("2")
    (both,) = desk.deliver()
    assert verify(before, both)
    assert verify(after, both)
    desk.person("3")
    (new,) = desk.deliver(DAY + 1)
    assert verify(after, new)
    assert not verify(before, new)


def test_nothing_is_written_where_nobody_asks(desk: Desk) -> None:
    desk.person("1")
    desk.listen("user_updated")
    desk.person("2")
    assert desk.states() == []


def test_what_an_address_refuses_is_tried_again_later_and_later_under_the_same_id(desk: Desk) -> None:
    desk.listen("user_created")
    desk.person("1")
    desk.receiver.next_answers = [(500, {}), None, (503, {})]
    first = desk.deliver()
    assert desk.deliver(4 * SECOND) == []
    again = [*desk.deliver(2 * SECOND), *desk.deliver(20 * SECOND), *desk.deliver(60 * SECOND)]
    assert len(first) == 1
    assert len(again) == 3
    assert {asked.headers["webhook-id"] for asked in first + again} == {first[0].headers["webhook-id"]}
    assert desk.states() == ["delivered"]
    assert Delivery.objects.get().attempts == 4


def test_the_news_of_a_person_keep_their_order_although_others_go_on(desk: Desk) -> None:
    desk.listen("user_created", "user_updated")
    desk.person("1")
    desk.receiver.next_answers = [(500, {})]
    desk.deliver()
    for tag in ("a", "b"):
        desk.does((EditTags, {"identity": Identity(external_id="1"), "add": (tag,)}))
    desk.person("2")
    assert [told["data"]["person"]["id"] for told in desk.told()] == ["2"]
    assert [told["type"] for told in desk.told(6 * SECOND)] == ["user_created", "user_updated", "user_updated"]
    last = [json.loads(asked.body) for asked in desk.receiver.asked[-2:]]
    assert [told["data"]["tags"]["add"] for told in last] == [["a"], ["b"]]


def test_after_three_days_it_is_a_dead_letter_which_can_be_replayed(desk: Desk) -> None:
    webhook = desk.listen("user_created")
    desk.person("1")
    desk.receiver.answer = lambda asked: (500, {})
    for _ in range(40):
        desk.deliver(2 * HOUR)
    bury_overdue(desk.now)
    (dead,) = list_deliveries(webhook, Filter(state="dead"))
    assert (dead.status, dead.trouble) == (500, "refused")
    assert 10 < dead.attempts < 30
    assert desk.deliver(DAY) == []
    desk.receiver.answer = lambda asked: (204, {})
    assert replay(webhook, Filter(), desk.now, ids=[dead.delivery_id + 1]) == 0
    assert replay(webhook, Filter(state="dead"), desk.now) == 1
    (asked,) = desk.deliver()
    assert asked.headers["webhook-id"] == dead.name
    assert count_by_state(webhook) == {"waiting": 0, "delivered": 1, "dead": 0}


def test_an_address_that_is_gone_switches_its_webhook_off_and_keeps_what_waits(desk: Desk) -> None:
    webhook = desk.listen("user_created")
    desk.person("1")
    desk.receiver.next_answers = [(410, {})]
    desk.deliver()
    webhook.refresh_from_db()
    assert (webhook.state, webhook.off_because) == ("off", "gone")
    desk.person("2")
    assert desk.deliver(DAY) == []
    revise_webhook(webhook, {"state": "on"}, now=desk.now)
    assert [told["data"]["person"]["id"] for told in desk.told()] == ["1"]


def test_a_paused_webhook_takes_news_in_and_tells_it_when_it_goes_on(desk: Desk) -> None:
    webhook = desk.listen("user_created")
    revise_webhook(webhook, {"state": "paused"}, now=desk.now)
    desk.person("1")
    assert desk.deliver(4 * DAY) == []
    bury_overdue(desk.now)
    revise_webhook(webhook, {"state": "on"}, now=desk.now)
    assert len(desk.deliver()) == 1


def test_a_redirect_is_not_followed(desk: Desk) -> None:
    desk.listen("user_created")
    desk.person("1")
    desk.receiver.next_answers = [(302, {})]
    desk.deliver()
    assert [asked.path for asked in desk.receiver.asked] == ["/hook"]
    assert Delivery.objects.get().trouble == "redirected"


def test_an_address_that_fails_again_and_again_is_left_alone_and_does_not_hold_up_others(desk: Desk) -> None:
    with run_provider(lambda asked: (500, {})) as broken:
        bad = desk.listen("user_created", url=broken.url)
        good = desk.listen("user_created")
        for number in range(30):
            desk.person(str(number))
        assert len(desk.deliver(rounds=40)) == 30
        assert TRIPS <= len(broken.asked) <= AT_ONCE
        assert Health.objects.get(webhook=bad).open_until > desk.now
        assert Health.objects.get(webhook=good).failures == 0
        tried = len(broken.asked)
        desk.deliver(MINUTE)
        assert len(broken.asked) == tried + 1
        broken.answer = lambda asked: (200, {})
        for _ in range(4):
            desk.deliver(11 * MINUTE, rounds=60)
        assert count_by_state(bad)["delivered"] == 30


def test_an_address_that_does_not_answer_holds_up_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("troth.webhooks.courier.LONGEST_S", 0.3)
    release = threading.Event()

    def hang(asked: Any) -> tuple[int, Any]:
        release.wait(10)
        return 200, {}

    with run_provider(hang) as slow:
        desk.listen("user_created", url=slow.url)
        desk.listen("user_created")
        for number in range(20):
            desk.person(str(number))
        by = Courier()
        begun = time.monotonic()
        while len(desk.receiver.asked) < 20:
            by.deliver_due(desk.now)
            assert time.monotonic() - begun < 60
        while not Delivery.objects.filter(trouble="timed_out").exists():
            by.deliver_due(desk.now)
            assert time.monotonic() - begun < 60
        # Its threads are still waiting, so it gets no more of them.
        desk.now += MINUTE
        by.deliver_due(desk.now)
        assert len(slow.asked) <= AT_ONCE
        release.set()
        by.wait(10)


def test_a_worker_that_dies_after_the_answer_tells_it_again_under_the_same_id(desk: Desk) -> None:
    desk.listen("user_created")
    desk.person("1")
    dying = Courier()
    dying.deliver_due(desk.now)
    dying.wait(10)
    # It had the answer, and wrote nothing down.
    assert desk.deliver() == []
    again = desk.deliver(LEASE + 1)
    assert [asked.headers["webhook-id"] for asked in desk.receiver.asked] == [again[0].headers["webhook-id"]] * 2
    assert [asked.body for asked in desk.receiver.asked] == [again[0].body] * 2


def test_two_workers_do_not_tell_the_same(desk: Desk) -> None:
    desk.listen("user_created")
    desk.person("1")
    one, other = Courier(), Courier()
    one.deliver_due(desk.now)
    other.deliver_due(desk.now)
    one.wait(10)
    other.wait(10)
    one.deliver_due(desk.now)
    assert len(desk.receiver.asked) == 1


def test_what_was_told_is_forgotten_after_a_week_and_that_it_was_after_a_month(desk: Desk) -> None:
    webhook = desk.listen("user_created")
    desk.person("1")
    desk.deliver()
    forget_old(desk.now + 8 * DAY)
    (told,) = list_deliveries(webhook, Filter())
    assert not told.is_whole
    assert replay(webhook, Filter(), desk.now, ids=[told.delivery_id]) == 0
    forget_old(desk.now + 31 * DAY)
    assert list_deliveries(webhook, Filter()) == []


def test_another_workspace_hears_nothing(desk: Desk) -> None:
    from troth.workspaces.registry import create_workspace

    other = Desk(create_workspace("Other").workspace, desk.receiver)
    other.listen("user_created", path="/other")
    desk.person("1")
    assert desk.deliver() == []
    other.person("1")
    assert [asked.path for asked in other.deliver()] == ["/other"]


def test_pauses_grow_to_six_hours_and_rests_to_ten_minutes() -> None:
    pauses = [next_try(attempt, 0, 0) for attempt in range(1, 20)]
    assert pauses[:4] == [5_000, 15_000, 45_000, 135_000]
    assert max(pauses) == 6 * HOUR
    assert next_try(1, 999, 0) <= 5_500
    assert next_try(1, 0, 0, 60_000) == 60_000
    assert rest_until(TRIPS - 1, 7) == 0
    assert rest_until(TRIPS, 0) == 5 * SECOND
    assert rest_until(1_000, 0) == 10 * MINUTE


def test_who_may_not_be_handed_on_is_withheld_and_counted(desk: Desk) -> None:
    webhook = desk.listen("user_created", purpose="marketing_email")
    desk.person("1")
    assert desk.states() == []
    (counted,) = Withheld.objects.all()
    assert (counted.webhook_id, counted.type, counted.reason, counted.times) == (
        webhook.pk,
        "user_created",
        "marketing_email:no_consent",
        1,
    )
    assert Webhook.objects.count() == 1
