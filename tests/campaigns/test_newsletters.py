"""Newsletters through the control API and the worker: everybody once, at their time, nobody against their will, and it always adds up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.campaigns.newsdesk import Desk, instant
from troth.campaigns.newsletters.gathering import gather_next
from troth.campaigns.newsletters.running import begin_due, keep_paused
from troth.intake.commands import Decide, Decision, Identify, Identity
from troth.kernel.clock import DAY, HOUR, MINUTE
from troth.messages.models import Message, State
from troth.messages.queue import release_held


def test_everybody_who_agreed_gets_it_once_and_the_others_are_told_apart(desk: Desk) -> None:
    for name in ("alice", "bob"):
        desk.post.person(name)
    desk.post.person("carol", consents=False)
    made = desk.start()
    desk.work()
    assert desk.got() == ["alice@example.com", "bob@example.com"]
    assert desk.counts(made) == {("sent", ""): 2, ("skipped", "marketing_email:no_consent"): 1}
    assert desk.run(made)["audience"] == 3
    assert desk.state(made) == "finished"
    desk.work()
    assert len(desk.post.sent) == 2


def test_a_withdrawal_reaches_what_is_queued(desk: Desk) -> None:
    desk.post.person("alice")
    made = desk.start(hold_minutes=10)
    desk.work()
    assert desk.post.sent == []
    who = Identity(external_id="alice")
    desk.post.say(Decide(identity=who, decision=Decision.WITHDRAW, purpose="marketing_email", **desk.post.common))
    desk.work(11 * MINUTE)
    assert desk.post.sent == []
    assert desk.counts(made) == {("skipped", "marketing_email:withdrawn"): 1}


def test_within_the_hold_it_can_be_taken_back(desk: Desk) -> None:
    desk.post.person("alice")
    made = desk.start(hold_minutes=10)
    desk.work(MINUTE)
    assert desk.api.json("POST", f"/newsletters/{made}/cancel")["state"] == "cancelled"
    desk.work(HOUR)
    assert desk.post.sent == []
    assert desk.counts(made) == {("cancelled", ""): 1}


def test_each_person_gets_it_when_their_own_clock_shows_the_time(desk: Desk) -> None:
    for name, zone in (("tokyo", "Asia/Tokyo"), ("lima", "America/Lima"), ("nowhere", "Mars/Olympus")):
        desk.post.person(name)
        desk.post.say(Identify(identity=Identity(external_id=name), attributes={"timezone": zone}, **desk.post.common))
    made = desk.start(schedule={"kind": "local", "day": "2099-03-10", "time": "09:00", "zone": "Europe/Berlin"})
    begins = desk.api.json("GET", f"/newsletters/{made}")["next_at"]
    assert begins == "2099-03-09T19:00:00.000Z"
    desk.now = instant(begins)
    desk.work()
    due = dict(Message.objects.values_list("recipient", "due_at"))
    assert desk.post.sent == [] and len(due) == 1
    desk.work(instant("2099-03-10T00:00:00Z") - desk.now)
    assert desk.got() == ["tokyo@example.com"]
    desk.work(8 * HOUR)
    assert desk.got() == ["nowhere@example.com", "tokyo@example.com"]
    desk.work(6 * HOUR)
    assert desk.got() == ["lima@example.com", "nowhere@example.com", "tokyo@example.com"]
    assert desk.state(made) == "finished"


def test_only_so_many_go_an_hour(desk: Desk) -> None:
    for number in range(6):
        desk.post.person(f"p{number}")
    made = desk.start(per_hour=2)
    desk.work()
    assert len(desk.post.sent) == 1
    desk.work(HOUR)
    assert len(desk.post.sent) == 3
    desk.work(2 * HOUR)
    assert len(desk.post.sent) == 6
    assert desk.state(made) == "finished"


def test_paused_it_waits_and_resumed_it_goes_on_with_nobody_twice(desk: Desk) -> None:
    for number in range(6):
        desk.post.person(f"p{number}")
    made = desk.start(per_hour=2)
    desk.work()
    assert desk.api.json("POST", f"/newsletters/{made}/pause")["state"] == "paused"
    release_held(100)
    desk.work(DAY // 4)
    assert len(desk.post.sent) == 1
    assert desk.counts(made) == {("sent", ""): 1, ("held", "paused"): 5}
    assert desk.api.json("POST", f"/newsletters/{made}/resume")["state"] == "sending"
    desk.work()
    assert len(desk.got()) == len(set(desk.got())) == 6
    assert desk.counts(made) == {("sent", ""): 6}


def test_what_a_sender_had_in_hand_and_puts_off_waits_as_well_while_it_is_paused(desk: Desk) -> None:
    for number in range(3):
        desk.post.person(f"p{number}")
    made = desk.start(per_hour=2)
    desk.work()
    Message.objects.filter(state=State.QUEUED).update(state=State.SENDING)
    desk.api.json("POST", f"/newsletters/{made}/pause")
    Message.objects.filter(state=State.SENDING).update(state=State.QUEUED)  # the mail server refused it for now
    keep_paused(desk.now)
    desk.work(DAY // 4)
    assert desk.counts(made) == {("sent", ""): 1, ("held", "paused"): 2}
    desk.api.json("POST", f"/newsletters/{made}/resume")
    keep_paused(desk.now)
    desk.work()
    assert desk.counts(made) == {("sent", ""): 3}


def test_what_is_too_late_is_not_sent_any_more(desk: Desk) -> None:
    desk.post.person("alice")
    made = desk.start(expires_hours=2)
    begin_due(desk.now)
    gather_next(desk.now)
    desk.work(3 * HOUR)
    assert desk.post.sent == []
    assert desk.counts(made) == {("skipped", "expired"): 1}


def test_it_recurs_and_each_sending_is_counted_by_itself(desk: Desk) -> None:
    desk.post.person("alice")
    made = desk.start(schedule={"kind": "recurring", "cron": "0 9 * * *", "zone": "Europe/Berlin"})
    for _ in range(3):
        desk.now = instant(desk.api.json("GET", f"/newsletters/{made}")["next_at"])
        desk.work()
    runs = desk.api.json("GET", f"/newsletters/{made}/runs")
    assert [run["number"] for run in runs] == [3, 2, 1]
    assert len(desk.post.sent) == 3
    assert desk.state(made) == "scheduled"
    assert desk.api.json("POST", f"/newsletters/{made}/pause")["state"] == "paused"
    desk.work(5 * DAY)
    assert len(desk.post.sent) == 3


def test_a_worker_that_dies_between_batches_leaves_nobody_out_and_nobody_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from troth.campaigns.newsletters import gathering

    monkeypatch.setattr(gathering, "BATCH", 4)
    for number in range(11):
        desk.post.person(f"p{number}")
    desk.start()
    begin_due(desk.now)
    gather_next(desk.now)
    real = gathering.enqueue

    def dies(messages: Any, now: int) -> int:
        real(messages, now)
        raise KeyboardInterrupt

    monkeypatch.setattr(gathering, "enqueue", dies)
    with pytest.raises(KeyboardInterrupt):
        gather_next(desk.now)
    monkeypatch.setattr(gathering, "enqueue", real)
    desk.work()
    assert len(desk.got()) == len(set(desk.got())) == 11
