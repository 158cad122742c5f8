"""From the queue to the hand-over: once each, only what still stands, and nothing lost or doubled when something breaks in between."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection

from tests.messages.posting import Post
from troth.content.models import Template
from troth.intake.commands import Alias, Decide, Decision, Delete, Identity
from troth.kernel.clock import DAY, HOUR, MINUTE, SECOND, now_ms
from troth.messages import composing, preparing, sending
from troth.messages.errors import ChannelError
from troth.messages.models import Message, State
from troth.messages.queue import LEASE, MAX_ATTEMPTS, Settlement, claim_due, next_try, recover_abandoned, settle
from troth.messages.sending import BODY_RETENTION, forget_old_bodies, send_due


def test_one_occurrence_is_one_message_however_often_it_is_queued(post: Post) -> None:
    dana = post.person("dana")
    assert [post.queue(dana, 1), post.queue(dana, 1), post.queue(dana, 2)] == [1, 0, 1]
    send_due(now_ms())
    assert post.queue(dana, 1) == 0
    send_due(now_ms())
    assert len(post.sent) == 2


def test_what_was_refused_at_the_start_is_kept_with_its_reason_and_never_sent(post: Post) -> None:
    post.queue(post.person("dana"), purpose="marketing_email", allowed=False)
    send_due(now_ms())
    assert post.states() == [(State.SKIPPED, "marketing_email:no_consent")]
    assert Message.objects.get().context == {}
    assert post.sent == []


def test_two_workers_never_claim_the_same_message(post: Post) -> None:
    dana = post.person("dana")
    for number in range(5):
        post.queue(dana, number, due_at=number)
    first, second, third = claim_due(now_ms(), 3), claim_due(now_ms(), 3), claim_due(now_ms(), 3)
    assert [claim.context["event"]["n"] for claim in (*first, *second)] == [0, 1, 2, 3, 4]
    assert third == []


def test_nothing_is_claimed_before_it_is_due(post: Post) -> None:
    moment = now_ms()
    post.queue(post.person("dana"), due_at=moment + 1)
    assert claim_due(moment, 10) == []
    assert len(claim_due(moment + 1, 10)) == 1


def test_a_withdrawal_between_claim_and_hand_over_still_counts(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    dana = post.person("dana")
    post.queue(dana, purpose="marketing_email")
    render = composing.render_email

    def slow_render(*args: Any, **options: Any) -> Any:
        with connection.cursor():
            withdraw_elsewhere()
        return render(*args, **options)

    def withdraw_elsewhere() -> None:
        post.say(Decide(identity=Identity(external_id="dana"), decision=Decision.WITHDRAW, **post.common))

    monkeypatch.setattr(sending, "FRESH_MS", -1)
    monkeypatch.setattr(composing, "render_email", slow_render)
    send_due(now_ms())
    assert post.states() == [(State.SKIPPED, "marketing_email:withdrawn")]
    assert post.sent == []


def test_the_decisions_that_led_there_are_kept_in_order(post: Post) -> None:
    post.queue(post.person("dana"), purpose="marketing_email")
    send_due(now_ms())
    told = [(v["purpose"], v["operation"], v["allow"]) for v in Message.objects.get().decisions]
    assert told == [
        ("marketing_email", "message", True),
        ("behavioural_profiling", "hand_over", True),
        ("marketing_email", "hand_over", True),
    ]


def test_a_message_follows_its_person_into_a_merge_and_heeds_the_refusal_found_there(post: Post) -> None:
    dana = post.person("dana")
    post.queue(dana, purpose="marketing_email")
    post.person("d", consents=False)
    post.say(Decide(identity=Identity(external_id="d"), decision=Decision.WITHDRAW, purpose="marketing_email", **post.common))
    post.say(Alias(identity=Identity(external_id="d"), previous=Identity(external_id="dana"), **post.common))
    send_due(now_ms())
    assert post.states() == [(State.SKIPPED, "marketing_email:withdrawn")]
    assert post.sent == []


def test_what_became_of_a_message_of_somebody_erased_meanwhile_is_not_written_down(post: Post) -> None:
    dana = post.person("dana")
    post.queue(dana)
    [claim] = claim_due(now_ms(), 10)
    post.say(Delete(identity=Identity(external_id="dana"), **post.common))
    Message.objects.all().delete()
    settle([Settlement(claim=claim, state=State.SENT, recipient="dana@example.com", rendered={"subject": "Hi"})], now_ms())
    assert not Message.objects.exists()


def test_a_permanent_refusal_fails_at_once(post: Post) -> None:
    post.queue(post.person("dana"))
    post.trouble = ChannelError("no", permanent=True)
    send_due(now_ms())
    assert post.states() == [(State.FAILED, "refused_by_channel")]


@pytest.mark.parametrize(("purpose", "state"), [("marketing_email", State.UNKNOWN), ("service", State.QUEUED)])
def test_when_the_answer_is_lost_marketing_is_never_sent_again(post: Post, purpose: str, state: str) -> None:
    post.queue(post.person("dana"), purpose=purpose)
    post.trouble = ChannelError("lost", permanent=False, doubtful=True)
    send_due(now_ms())
    assert post.states()[0][0] == state
    post.trouble = None
    send_due(now_ms() + HOUR)
    assert len(post.sent) == (purpose == "service")


def test_a_channel_that_breaks_in_an_unheard_of_way_leaves_no_message_behind(post: Post) -> None:
    for number in range(3):
        post.queue(post.person("dana"), number)
    post.trouble = ZeroDivisionError("dana@example.com")
    send_due(now_ms())
    assert {state for state, _ in post.states()} == {State.QUEUED}


def test_it_is_tried_again_with_growing_pauses_and_given_up_in_the_end(post: Post) -> None:
    post.queue(post.person("dana"))
    post.trouble = ChannelError("away", permanent=False)
    moment = now_ms()
    for _ in range(MAX_ATTEMPTS + 3):
        moment += 2 * HOUR
        send_due(moment)
    assert post.states() == [(State.FAILED, "gave_up")]
    assert Message.objects.get().attempts == MAX_ATTEMPTS
    pauses = [next_try(attempts, 0) for attempts in range(1, 10)]
    assert pauses[0] == 30 * SECOND
    assert pauses == sorted(pauses)
    assert pauses[-1] == HOUR


def test_a_database_that_fails_before_the_hand_over_costs_no_message(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    post.queue(post.person("dana"), purpose="marketing_email")

    def broken(person_ids: Any) -> Any:
        raise DatabaseError

    with monkeypatch.context() as patch:
        patch.setattr(preparing, "load_profiles", broken)
        with pytest.raises(DatabaseError):
            send_due(now_ms())
    recover_abandoned(now_ms() + LEASE + MINUTE)
    send_due(now_ms())
    assert post.states() == [(State.SENT, "")]
    assert len(post.sent) == 1


def test_a_missing_template_is_a_failure_that_says_so(post: Post) -> None:
    post.queue(post.person("dana"))
    Template.objects.all().delete()
    send_due(now_ms())
    assert post.states() == [(State.FAILED, "template_missing")]


def test_what_comes_too_late_is_not_sent_and_says_so(post: Post) -> None:
    moment = now_ms()
    dana = post.person("dana")
    for number, expires_at in ((1, moment - 1), (2, moment + HOUR), (3, None)):
        post.queue(dana, number, expires_at=expires_at)
    send_due(moment)
    assert post.states() == [(State.SKIPPED, "expired"), (State.SENT, ""), (State.SENT, "")]


def test_service_goes_before_marketing_that_was_due_long_before(post: Post) -> None:
    dana = post.person("dana")
    for number in range(5):
        post.queue(dana, number, purpose="marketing_email", due_at=number)
    post.queue(dana, 5, due_at=now_ms() - 1)
    assert [claim.is_marketing for claim in claim_due(now_ms(), 3)] == [False, True, True]


def test_bodies_go_when_their_time_is_over_and_figures_stay(post: Post) -> None:
    post.queue(post.person("dana"))
    send_due(now_ms())
    forget_old_bodies(now_ms() + BODY_RETENTION - DAY)
    assert Message.objects.get().rendered is not None
    forget_old_bodies(now_ms() + BODY_RETENTION + DAY)
    message = Message.objects.get()
    assert (message.rendered, message.recipient, message.state) == (None, "", State.SENT)
