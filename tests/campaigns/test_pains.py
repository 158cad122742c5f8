"""Pains that users of such software tell of again and again, which no other test here holds against our way (docs/pains.md lists them all)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from tests.campaigns.newsdesk import Desk
from tests.campaigns.town import Town
from tests.messages.posting import Post
from troth.campaigns.editing import update_campaign
from troth.campaigns.publishing import publish_campaign
from troth.kernel.clock import HOUR
from troth.messages.models import Message, State
from troth.people.models import Person


@pytest.fixture
def town(post: Post) -> Town:
    return Town(post.workspace)


def test_of_people_who_came_in_the_same_millisecond_nobody_falls_between_two_batches(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from troth.campaigns.newsletters import gathering

    monkeypatch.setattr(gathering, "BATCH", 4)
    for number in range(11):
        desk.post.person(f"p{number}")
    Person.objects.update(created_at=1_767_225_600_000)
    made = desk.start()
    desk.work()
    assert desk.got() == sorted(f"p{number}@example.com" for number in range(11))
    assert desk.run(made)["audience"] == 11


def test_publishing_anew_while_messages_wait_neither_drops_them_nor_starts_everybody_over(town: Town) -> None:
    made = town.campaign(event="cart", rules={"delay": "PT2H"})
    town.does(town.person("ann"), "cart")
    publish_campaign(update_campaign(made, subject="Written anew"), now=town.now)
    town.later(HOUR)
    assert town.states() == [(State.QUEUED, "")]
    town.later(2 * HOUR)
    assert town.states() == [(State.SENT, "")]
    assert Message.objects.get().rendered["subject"] == "C"


def test_what_sends_waits_for_no_segment_and_no_campaign() -> None:
    from troth.kernel import worker

    sending = {duty.where for duty in worker._duties.values() if duty.role == worker.SENDER}
    assert sending and all(where.startswith("troth.messages.") for where in sending)


def test_a_run_is_finished_only_when_no_message_of_it_is_open_and_the_parts_are_the_whole(desk: Desk) -> None:
    for name in ("alice", "bob", "carol"):
        desk.post.person(name)
    desk.post.person("dora", consents=False)
    from troth.messages.errors import ChannelError

    desk.post.trouble = ChannelError("The server is away.", permanent=False)
    made = desk.start()
    desk.work()
    assert desk.state(made) == "sending"
    assert sum(desk.counts(made).values()) == desk.run(made)["audience"] == 4
    desk.post.trouble = None
    desk.work(HOUR)
    assert desk.state(made) == "finished"
    assert desk.counts(made) == {("sent", ""): 3, ("skipped", "marketing_email:no_consent"): 1}


def test_the_work_for_one_change_does_not_grow_with_the_people_of_a_segment(desk: Desk) -> None:
    from troth.intake.commands import Identify, Identity
    from troth.kernel.clock import now_ms
    from troth.segments.computing import compute_due, evaluate_marked
    from troth.segments.registry import create_segment

    create_segment(desk.post.workspace.pk, name="Pros", definition={"attribute": "plan", "op": "equals", "value": "pro"})

    def change_one() -> int:
        """How many values the statements of the worker named: people whom nothing happened to are in none of them."""
        who = Identity(external_id="p0")
        for plan in ("free", "pro"):
            desk.post.say(Identify(identity=who, attributes={"plan": plan}, **desk.post.common))
        named = 0

        def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            nonlocal named
            named += sum(len(row) for row in params) if many else len(params or ())
            return execute(sql, params, many, context)

        with connection.execute_wrapper(count):
            evaluate_marked(now_ms())
        return named

    for number in range(4):
        desk.post.person(f"p{number}")
    while compute_due(now_ms()):
        pass
    evaluate_marked(now_ms())
    few = change_one()
    for number in range(4, 40):
        desk.post.person(f"p{number}")
    evaluate_marked(now_ms())
    assert change_one() <= few
