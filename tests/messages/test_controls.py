"""Undo and recall (row D12): a hold before anything goes, a kill switch that reaches what senders hold, and numbers that add up."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.mail_sink import mail_sink
from tests.messages.posting import Post
from troth.kernel.clock import HOUR, MINUTE, now_ms
from troth.messages import configured, fencing
from troth.messages.cancelling import cancel_source
from troth.messages.channels import channel_from_url
from troth.messages.controls import INSTALLATION, ControlInvalid, let_go, set_hold, stop_sending
from troth.messages.fencing import check_fence, confirm_place, is_at_home
from troth.messages.models import Message, SendFence, State
from troth.messages.reconciling import reconcile
from troth.messages.sending import resume, send_due

SOURCE = "campaign:1"


def test_what_is_held_first_goes_when_its_minutes_are_over(post: Post) -> None:
    set_hold(post.workspace.pk, SOURCE, minutes=10)
    moment = now_ms()
    post.queue(post.person("dana"), due_at=moment)
    send_due(moment + 9 * MINUTE)
    assert post.sent == []
    send_due(moment + 11 * MINUTE)
    assert len(post.sent) == 1


def test_the_hold_of_a_workspace_is_for_marketing_and_no_receipt_waits(post: Post) -> None:
    set_hold(post.workspace.pk, minutes=10)
    dana = post.person("dana")
    post.queue(dana, 1, purpose="marketing_email")
    post.queue(dana, 2)
    send_due(now_ms())
    assert [state for state, _ in post.states()] == [State.QUEUED, State.SENT]


def test_while_it_is_held_it_can_be_taken_back_and_the_count_is_told(post: Post) -> None:
    dana = post.person("dana")
    for number in range(3):
        post.queue(dana, number)
    send_due(now_ms())
    set_hold(post.workspace.pk, SOURCE, minutes=10)
    for number in range(3, 8):
        post.queue(dana, number)
    assert cancel_source(post.workspace.pk, SOURCE, now=now_ms(), by="member 1") == (5, 0, 3)
    send_due(now_ms() + HOUR)
    assert len(post.sent) == 3
    found = reconcile(post.workspace.pk, SOURCE)
    assert (found.audience, found.handed_over, found.reasons) == (8, 3, {"cancelled": {"cancelled": 5}})
    assert found.is_over


def test_what_comes_after_its_source_was_cancelled_is_cancelled_too(post: Post) -> None:
    cancel_source(post.workspace.pk, SOURCE, now=now_ms(), by="member 1")
    post.queue(post.person("dana"))
    send_due(now_ms())
    assert post.states() == [(State.CANCELLED, "cancelled")]


@pytest.mark.parametrize("scope", ["source", "workspace", "installation"])
def test_what_is_stopped_waits_and_goes_on_afterwards_without_loss(post: Post, scope: str) -> None:
    where = {"source": (post.workspace.pk, SOURCE), "workspace": (post.workspace.pk, ""), "installation": (INSTALLATION, "")}[scope]
    stop_sending(*where, now=now_ms(), by="member 1")
    post.queue(post.person("dana"))
    send_due(now_ms())
    resume(now_ms())
    assert post.states() == [(State.HELD, "stopped:by_hand")]
    assert reconcile(post.workspace.pk, SOURCE).held == 1
    assert let_go(*where, now=now_ms())
    resume(now_ms())
    send_due(now_ms())
    assert post.states() == [(State.SENT, "")]
    assert not let_go(*where, now=now_ms())


def test_a_stop_of_marketing_lets_service_mail_go(post: Post) -> None:
    stop_sending(post.workspace.pk, now=now_ms(), by="governor", why="complaints", marketing_only=True)
    dana = post.person("dana")
    post.queue(dana, 1, purpose="marketing_email")
    post.queue(dana, 2)
    send_due(now_ms())
    assert post.states() == [(State.HELD, "stopped:complaints"), (State.SENT, "")]


def test_a_stop_of_one_source_is_none_of_another(post: Post) -> None:
    stop_sending(post.workspace.pk, "campaign:2", now=now_ms(), by="member 1")
    post.queue(post.person("dana"))
    send_due(now_ms())
    assert len(post.sent) == 1


def test_a_control_that_cannot_be_is_refused(workspace: Any) -> None:
    with pytest.raises(ControlInvalid):
        stop_sending(INSTALLATION, SOURCE, now=0, by="")
    for minutes in (-1, 8 * 24 * 60):
        with pytest.raises(ControlInvalid):
            set_hold(workspace.pk, minutes=minutes)


def test_the_kill_switch_reaches_what_a_sender_holds_within_a_second(post: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dana = post.person("dana")
    for number in range(60):
        post.queue(dana, number)
    with mail_sink(tmp_path, delay_ms=100) as (url, taken):
        channel = channel_from_url(url)
        monkeypatch.setattr(configured, "installation_channel", lambda url: channel)
        stopped_at: list[float] = []

        def stop_when_mail_flows() -> None:
            while taken.read_bytes().count(b"\n") < 8:
                time.sleep(0.005)
            stop_sending(post.workspace.pk, SOURCE, now=now_ms(), by="member 1")
            stopped_at.append(time.monotonic())
            connection.close()

        hand = threading.Thread(target=stop_when_mail_flows)
        hand.start()
        send_due(now_ms())  # claims all sixty, and hands over for about three seconds
        took = time.monotonic() - stopped_at[0]
        hand.join()
        arrived = taken.read_bytes().count(b"\n")
    assert took < 2, "one second on a quiet machine; without the switch it takes about three"
    found = reconcile(post.workspace.pk, SOURCE)
    assert (found.audience, found.handed_over, found.held) == (60, arrived, 60 - arrived)
    assert found.held > 20
    assert found.reasons == {"held": {"stopped:by_hand": found.held}}


def test_a_restored_or_copied_database_sends_nothing_until_somebody_confirms(post: Post) -> None:
    assert check_fence(now_ms())
    SendFence.objects.update(place="file 1")
    fencing._checked = (0, False)
    post.queue(post.person("dana"))
    assert send_due(now_ms()) is False
    assert not is_at_home(now_ms())
    assert post.sent == []
    assert post.states() == [(State.QUEUED, "")]
    confirm_place(now_ms())
    send_due(now_ms())
    assert post.states() == [(State.SENT, "")]


def test_of_an_audience_the_parts_are_the_whole_whatever_became_of_each(post: Post) -> None:
    dana = post.person("dana")
    for number, state in enumerate(State.values):
        post.queue(dana, number)
        Message.objects.filter(occurrence=number).update(state=state, reason="because" if state in ("skipped", "failed") else "")
    found = reconcile(post.workspace.pk, SOURCE)
    told = found.queued + found.sending + found.held + found.handed_over + found.unknown
    told += sum(found.by_state.get(state, 0) for state in ("skipped", "cancelled", "failed"))
    assert found.audience == told == len(State.values)
    assert found.reasons == {"skipped": {"because": 1}, "failed": {"because": 1}}
    assert not found.is_over
