"""“Nothing is moving because …”: every reason in a sentence of its own, with the remedy and the moment at which it ends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import call_command

from tests.messages.posting import Post
from troth.kernel.clock import DAY, HOUR, MINUTE, SECOND, now_ms
from troth.messages.controls import Control, let_go, read_controls
from troth.messages.lane_settings import LaneRow, list_lanes, set_pace
from troth.messages.lanes import CLOSED, Breaker, Lane, Pace
from troth.messages.models import Message, SendFence, State
from troth.messages.senders import this_sender
from troth.messages.sending import send_due
from troth.messages.stuck import Facts, explain, next_wake
from troth.messages.stuck_facts import gather
from troth.workspaces.send_mode import set_send_mode

NOW = 1_000 * DAY


def facts(**more: Any) -> Facts:
    return Facts(**{"now": NOW, "workspace_id": 1, "senders_alive": 1, **more})


def codes(found: Facts) -> list[str]:
    return [sentence.code for sentence in explain(found)]


def stop(workspace_id: int = 1, source: str = "", why: str = "by_hand", *, marketing_only: bool = False) -> Control:
    return Control(workspace_id, source, NOW - HOUR, why, "member 3", marketing_only, 0)


def lane(mailbox: str = "", pace: Pace | None = None, state: Lane | None = None, breaker: Breaker = CLOSED) -> LaneRow:
    return LaneRow("installation", mailbox, pace or Pace(), state or Lane(), breaker)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (facts(), ["nothing_waits"]),
        (facts(due=3, oldest_due=NOW - SECOND, sent_lately=9), ["moving"]),
        (facts(due=3, oldest_due=NOW - HOUR), ["not_moving"]),
        (facts(due=3, oldest_due=NOW - HOUR, sent_lately=9), ["too_slow"]),
        (facts(due=3, oldest_due=NOW - HOUR, senders_alive=0), ["no_sender"]),
        (facts(send_mode="off", held=4), ["sending_off", "held"]),
        (facts(send_mode="test", has_tester=False, held=4), ["no_tester", "held"]),
        (facts(controls=[stop()], held=1), ["stopped:by_hand", "held"]),
        (facts(controls=[stop(0, why="moved")], due=1, oldest_due=NOW - HOUR), ["stopped:moved"]),
        (facts(controls=[stop(2)]), ["nothing_waits"]),
        (facts(controls=[stop(source="campaign:7")], due=1, oldest_due=NOW), ["stopped:by_hand", "moving"]),
        (facts(lanes=[lane(breaker=Breaker(failures=4, open_until=NOW + MINUTE))], due=1, oldest_due=NOW - HOUR), ["breaker_open"]),
        (facts(lanes=[lane("google", state=Lane(refusals=9, paused_until=NOW + MINUTE))], later=5, next_due=NOW + MINUTE), ["refused_for_now", "later"]),
        (facts(lanes=[lane(pace=Pace(per_day=5), state=Lane(day=1_000, today=5))], later=5, next_due=NOW + DAY), ["ceiling", "later"]),
        (facts(lanes=[lane("google", Pace(per_second=2))], put_off={"paced:google": 5}, later=5, next_due=NOW + 1), ["paced", "later"]),
        (facts(lanes=[lane("google", Pace(per_second=2))]), ["nothing_waits"]),
        (facts(senders_dead=1, sending=4), ["sender_died"]),
        (facts(is_locked=True, due=1, oldest_due=NOW - HOUR), ["locked"]),
    ],
)  # fmt: skip
def test_each_reason_has_its_sentence(found: Facts, expected: list[str]) -> None:
    assert codes(found) == expected


def test_what_stops_says_what_to_do_and_what_ends_by_itself_says_when() -> None:
    found = facts(
        controls=[stop(0, why="moved"), stop()],
        lanes=[lane(breaker=Breaker(failures=4, open_until=NOW + MINUTE)), lane("google", state=Lane(refusals=9, paused_until=NOW + HOUR))],
        later=2,
        next_due=NOW + 2 * HOUR,
        is_locked=True,
        senders_alive=0,
    )
    sentences = explain(found)
    assert all(sentence.remedy or sentence.until for sentence in sentences if sentence.stops)
    assert next_wake(found, sentences) == NOW + MINUTE
    assert next_wake(facts(), explain(facts())) is None
    assert "troth sending confirm" in sentences[0].remedy


def test_the_facts_are_those_of_the_workspace(post: Post) -> None:
    this_sender()
    dana = post.person("dana")
    moment = now_ms()
    post.queue(dana, 1, due_at=moment - HOUR)
    post.queue(dana, 2, due_at=moment + HOUR)
    found = gather(post.workspace, moment)
    assert (found.due, found.later, found.oldest_due, found.next_due) == (1, 1, moment - HOUR, moment + HOUR)
    assert found.senders_alive >= 1
    assert not found.is_locked
    send_due(moment)
    later = gather(post.workspace, now_ms())
    assert (later.due, later.later, later.sent_lately) == (0, 1, 1)
    set_send_mode(post.workspace, "off")
    send_due(moment + 2 * HOUR)
    assert gather(post.workspace, now_ms()).held == 1


def test_the_ways_of_another_workspace_are_not_told(post: Post) -> None:
    set_pace("channel 12345", per_second=2, now=now_ms())
    set_pace("installation", "google", per_second=2, now=now_ms())
    assert [lane.way for lane in gather(post.workspace, now_ms()).lanes] == ["installation"]


def test_the_command_says_it_in_words_and_as_json(post: Post, capsys: pytest.CaptureFixture[str]) -> None:
    this_sender()
    set_send_mode(post.workspace, "off")
    post.queue(post.person("dana"), due_at=1)
    send_due(now_ms())
    call_command("why_stuck")
    told = capsys.readouterr().out
    assert "Sending is off in this workspace." in told
    assert "1 messages are held" in told
    call_command("why_stuck", post.workspace.name, json=True)
    [workspace] = json.loads(capsys.readouterr().out)
    assert workspace["sentences"][0]["code"] == "sending_off"


def test_the_switches_of_the_command_line(post: Post, capsys: pytest.CaptureFixture[str]) -> None:
    name = post.workspace.name
    call_command("sending_stop", name, "campaign:1", note="wrong price")
    post.queue(post.person("dana"))
    send_due(now_ms())
    assert post.states() == [(State.HELD, "stopped:by_hand")]
    call_command("sending_go", name, "campaign:1")
    call_command("sending_hold", name, 5, "campaign:1")
    post.queue(post.person("dana"), 2)
    call_command("sending_cancel", name, "campaign:1")
    assert "2 cancelled" in capsys.readouterr().out
    assert set(Message.objects.values_list("state", flat=True)) == {State.CANCELLED}
    call_command("sending_pace", "installation", "google", per_second=5.0, per_day=100, growth=1.5)
    assert "installation → google: 5 a second; 100 a day, growing 1.5 times a day" in capsys.readouterr().out
    call_command("sending_pace", "installation", "google", try_again=True)
    assert list_lanes()[0].pace.per_second == 5
    call_command("sending_stop", marketing=True)
    assert read_controls()[0, ""].marketing_only
    SendFence.objects.all().delete()
    call_command("sending_confirm")
    assert SendFence.objects.get().place
    assert not let_go(0, now=now_ms())
