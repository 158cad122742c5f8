"""Pace, pauses and breakers: pure rules, and what they do to real mail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mail_sink import mail_sink
from tests.messages.posting import Post
from troth.kernel.clock import DAY, HOUR, MINUTE, SECOND, now_ms
from troth.messages.channels import channel_from_url
from troth.messages.configured import Route
from troth.messages.errors import ChannelDown, ChannelError
from troth.messages.governor import BOUNCES, COMPLAINTS, Figures, govern, judge_reputation, lower_bound
from troth.messages.lane_settings import PaceInvalid, list_lanes, set_pace, try_again
from troth.messages.lanes import (
    CLOSED,
    FAILURES,
    FIRST_BREAK,
    LONGEST_BREAK,
    LONGEST_PAUSE,
    REFUSALS,
    TRIAL,
    Lane,
    Pace,
    after_answers,
    after_failure,
    last_of,
    may_try,
    on_trial,
    refill,
    room,
    take,
)
from troth.messages.mailboxes import mailbox_of
from troth.messages.models import Message, State
from troth.messages.sending import resume, send_due


@given(st.floats(0.1, 500), st.lists(st.integers(0, 2_000), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_in_no_time_does_more_go_than_the_rate_and_one_burst(per_second: float, steps: list[int]) -> None:
    pace, lane, now, went = Pace(per_second=per_second), Lane(filled_at=1_000_000), 1_000_000, 0
    for step in steps:
        now += step
        lane = refill(lane, pace, now)
        number = room(lane, pace, now)
        assert number is not None
        lane = take(lane, pace, number)
        went += number
    assert went <= per_second * (now - 1_000_000) / 1000 + max(1.0, per_second) + 1e-6


def test_what_the_rate_allows_does_go() -> None:
    pace, lane, went = Pace(per_second=14), Lane(), 0
    for second in range(1, 61):
        lane = refill(lane, pace, second * 1000)
        number = room(lane, pace, second * 1000) or 0
        lane, went = take(lane, pace, number), went + number
    assert 59 * 14 <= went <= 60 * 14


def test_a_new_sender_is_warmed_up_by_a_ceiling_that_grows_from_day_to_day() -> None:
    pace = Pace(per_day=100, growth=1.5, since=10 * DAY)
    assert [pace.ceiling((10 + day) * DAY) for day in range(4)] == [100, 150, 225, 337]
    lane = take(refill(Lane(), pace, 10 * DAY), pace, 100)
    assert room(refill(lane, pace, 10 * DAY + HOUR), pace, 10 * DAY + HOUR) == 0
    assert room(refill(lane, pace, 11 * DAY), pace, 11 * DAY) == 150
    assert Pace().ceiling(0) == 0
    assert room(Lane(), Pace(), 5) is None


def test_refusals_in_a_row_make_a_lane_pause_longer_each_time_and_one_success_forgives_them() -> None:
    lane, now, pauses = Lane(), 0, []
    for _ in range(8):
        lane = after_answers(lane, accepted=0, refused=REFUSALS, now=now)
        pauses.append(lane.paused_until - now)
        assert room(lane, Pace(), now) == 0
        now = lane.paused_until
        assert room(lane, Pace(), now) is None
    assert pauses == sorted(pauses)
    assert pauses[0] == 30 * SECOND
    assert pauses[-1] == LONGEST_PAUSE
    assert after_answers(lane, accepted=1, refused=9, now=now).refusals == 0
    assert after_answers(Lane(), accepted=0, refused=1, now=0).paused_until == 0


def test_a_breaker_opens_lets_one_message_try_and_closes_or_waits_longer() -> None:
    breaker, began = CLOSED, 1_000 * DAY
    for _ in range(FAILURES):
        assert may_try(breaker, began)
        breaker = after_failure(breaker, began)
    over = began + FIRST_BREAK
    assert not may_try(breaker, over - 1)
    assert may_try(breaker, over)
    trying = on_trial(breaker, over)
    assert not may_try(trying, over + 1), "a second message tried beside the first"
    assert may_try(trying, over + TRIAL), "a trial that never ended kept the way shut"
    again = after_failure(trying, over)
    assert again.open_until - over == 2 * FIRST_BREAK
    for _ in range(20):
        again = after_failure(again, began)
    assert again.open_until == began + LONGEST_BREAK


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("dana@gmail.com", "google"),
        ("Dana@GoogleMail.com", "google"),
        ("d@acme.example", "acme.example"),
        ("d@bücher.example", "xn--bcher-kva.example"),
        ("nobody", "nobody"),
    ],
)
def test_domains_of_one_provider_are_one_mailbox(address: str, mailbox: str) -> None:
    assert mailbox_of(address) == mailbox


def test_only_so_much_goes_as_the_pace_of_a_mailbox_allows_and_nothing_else_waits_for_it(post: Post) -> None:
    moment = now_ms()
    set_pace("installation", "example.com", per_second=2, now=moment)
    for number in range(10):
        post.queue(post.person("dana"), number)
    elsewhere = post.person("erin")
    post.say_email("erin", "erin@elsewhere.example")
    post.queue(elsewhere, 99)
    send_due(moment)
    assert sorted(outgoing.recipient for outgoing in post.sent) == ["dana@example.com"] * 2 + ["erin@elsewhere.example"]
    assert {reason for state, reason in post.states() if state == State.QUEUED} == {"paced:example.com"}
    assert set(Message.objects.values_list("attempts", flat=True)) == {0, 1}
    for second in range(1, 8):
        while send_due(moment + second * SECOND):
            pass
    assert len(post.sent) == 11


def test_a_day_s_ceiling_puts_the_rest_off_until_tomorrow(post: Post) -> None:
    moment = now_ms()
    set_pace("installation", per_day=3, growth=2, now=moment)
    for number in range(8):
        post.queue(post.person("dana"), number)
    send_due(moment)
    assert len(post.sent) == 3
    assert set(Message.objects.filter(state=State.QUEUED).values_list("due_at", flat=True)) == {(moment // DAY + 1) * DAY}
    send_due(moment + DAY)
    assert len(post.sent) == 8


def test_a_mailbox_that_refuses_for_now_is_left_in_peace_and_others_go_on(post: Post) -> None:
    moment = now_ms()
    post.trouble = ChannelError("421 later", permanent=False)
    for number in range(REFUSALS + 1):
        post.queue(post.person("dana"), number)
    send_due(moment)
    [lane] = [row for row in list_lanes() if row.mailbox]
    assert (lane.way, lane.mailbox, lane.lane.refusals) == ("installation", "example.com", REFUSALS + 1)
    post.trouble = None
    post.queue(post.person("dana"), 77)
    send_due(moment + SECOND)
    assert post.sent == []
    send_due(moment + MINUTE)
    assert len(post.sent) == REFUSALS + 2
    assert [row.lane.refusals for row in list_lanes() if row.mailbox] == [0]


def test_while_the_mail_server_is_away_no_message_loses_a_try_and_one_finds_out_when_it_is_back(post: Post) -> None:
    moment = now_ms()
    post.trouble = ChannelDown("away")
    for number in range(20):
        post.queue(post.person("dana"), number)
    for second in range(0, 3_600, 60):
        send_due(moment + second * SECOND)
    assert {state for state, _ in post.states()} == {State.QUEUED}
    assert set(Message.objects.values_list("attempts", flat=True)) == {0}
    [way] = list_lanes()
    assert not way.breaker.is_closed
    post.trouble = None
    post.sent.clear()
    at = max(way.breaker.open_until, moment + HOUR) + TRIAL
    send_due(at)
    assert len(post.sent) == 1, "one message alone tries"
    for second in range(1, 5):
        send_due(at + second * SECOND + LONGEST_BREAK)
    assert {state for state, _ in post.states()} == {State.SENT}


def test_when_one_provider_is_away_mail_goes_by_the_next(post: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_sink(tmp_path) as (url, taken):
        away, works = channel_from_url("smtp+plain://127.0.0.1:1"), channel_from_url(url)
        monkeypatch.setattr("troth.messages.preparing.routes_for", lambda *way: [Route(away, 1), Route(works, 2)])
        for number in range(12):
            post.queue(post.person("dana"), number)
        send_due(now_ms())
        assert taken.read_text().split() == ["dana@example.com"] * 12
        assert {state for state, _ in post.states()} == {State.SENT}
        [way] = list_lanes()
        assert (way.way, way.breaker.is_closed) == ("channel 1", False)
        tried: list[Any] = []
        monkeypatch.setattr(away, "send", tried.append)
        post.queue(post.person("dana"), 50)
        send_due(now_ms())
        assert tried == []
        try_again("channel 1")
        assert list_lanes()[0].breaker.is_closed


def test_a_pace_that_cannot_be_kept_is_refused(workspace: Any) -> None:
    for wrong in ({"per_second": -1}, {"per_day": -1}, {"growth": 0.5}):
        with pytest.raises(PaceInvalid):
            set_pace("installation", now=0, **wrong)  # type: ignore[arg-type]
    with pytest.raises(PaceInvalid):
        set_pace("", now=0)


def test_a_rate_is_held_against_its_limit_with_its_uncertainty() -> None:
    assert judge_reputation(Figures(100, 0, 3)) is None
    assert judge_reputation(Figures(1_000, 0, 4)) is None
    shown = judge_reputation(Figures(10_000, 0, 60))
    assert shown is not None
    assert shown.why == COMPLAINTS
    assert "0.60% complaints" in shown.told
    bounced = judge_reputation(Figures(200, 30, 0))
    assert bounced is not None
    assert bounced.why == BOUNCES
    assert judge_reputation(Figures(0, 0, 0)) is None
    assert lower_bound(0, 0) == 0
    assert lower_bound(50, 100) == pytest.approx(0.4038, abs=1e-4)


def test_bounces_pause_marketing_and_letting_go_arms_the_governor_anew(post: Post) -> None:
    from troth.messages.controls import let_go, read_controls

    dana = post.person("dana")
    for number in range(40):
        post.queue(dana, number, purpose="marketing_email")
    Message.objects.all().update(state=State.DELIVERED)
    Message.objects.filter(occurrence__lt=12).update(state=State.BOUNCED)
    govern(now_ms())
    [control] = read_controls().values()
    assert (control.why, control.by, control.marketing_only) == (BOUNCES, "governor", True)
    assert "30.00% bounces" in control.note
    post.queue(dana, 100, purpose="marketing_email")
    post.queue(dana, 101)
    send_due(now_ms())
    assert [o.message_id for o in post.sent] == [Message.objects.get(occurrence=101).message_id]
    let_go(post.workspace.pk, now=now_ms() + 1)
    govern(now_ms() + 2)
    resume(now_ms())
    send_due(now_ms())
    assert len(post.sent) == 2


def test_when_the_last_of_many_goes_is_told_from_the_pace_that_was_set() -> None:
    noon = DAY * 20_000 + DAY // 2
    assert last_of(Pace(), 1_000, noon) == noon
    assert last_of(Pace(per_second=10), 1_000, noon) == noon + 100 * SECOND
    warming = Pace(per_day=100, growth=2, since=noon)
    assert last_of(warming, 100, noon) == noon
    assert last_of(warming, 300, noon) == DAY * 20_001, "a hundred on the first day, and twice as many on the next"
    assert last_of(msgspec.structs.replace(warming, per_second=1), 300, noon) == DAY * 20_001 + 200 * SECOND
