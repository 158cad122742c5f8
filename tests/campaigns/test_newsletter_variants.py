"""Variants of a newsletter and its hold-out: drawn, tried, decided."""

from __future__ import annotations

from tests.campaigns.newsdesk import Desk, follow_a_link, start_a_test
from troth.campaigns.models import NewsletterRun
from troth.kernel.clock import DAY, HOUR
from troth.messages.models import Message, State


def test_the_hold_out_gets_nothing_and_is_counted(desk: Desk) -> None:
    for number in range(30):
        desk.post.person(f"p{number}")
    made = desk.start(holdout=40)
    desk.work()
    counts = desk.counts(made)
    assert counts["skipped", "holdout:drawn"] > 2
    assert counts["sent", ""] + counts["skipped", "holdout:drawn"] == 30


def test_the_better_variant_goes_to_all_who_waited(desk: Desk) -> None:
    made = start_a_test(desk, decide="highest")
    first = len(desk.post.sent)
    assert 0 < first < 40
    run = NewsletterRun.objects.get()
    templates = run.plan["templates"]
    follow_a_link(templates["B"], desk.now)
    desk.work(3 * HOUR)
    assert len(desk.post.sent) == first
    desk.work(HOUR)
    desk.work()
    assert len(desk.got()) == len(set(desk.got())) == 40
    shown = desk.run(made)
    assert (shown["winner"], shown["decided_by"]) == ("B", "highest")
    assert desk.state(made) == "finished"
    late = Message.objects.filter(template_id=templates["B"], state=State.SENT).count()
    assert late > 40 - first


def test_where_nothing_can_be_told_the_first_variant_goes_out(desk: Desk) -> None:
    made = start_a_test(desk)
    desk.work(4 * HOUR)
    desk.work()
    assert (desk.run(made)["winner"], desk.run(made)["decided_by"]) == ("A", "nothing")
    assert len(desk.post.sent) == 40


def test_by_hand_it_waits_until_somebody_chooses(desk: Desk) -> None:
    made = start_a_test(desk, decide="hand")
    desk.work(30 * DAY)
    assert len(desk.post.sent) < 40
    desk.api.json("POST", f"/newsletters/{made}/runs/1/winner", {"winner": "C"}, status=400)
    desk.api.json("POST", f"/newsletters/{made}/runs/1/winner", {"winner": "B"})
    desk.work()
    desk.work()
    assert len(desk.got()) == len(set(desk.got())) == 40
