"""Conversions, revenue, hold-outs, cohorts and links in reports: each deed counts once, of who agreed, and nobody can be told from a number."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.messages.posting import Post
from tests.messages.test_report_figures import SPAN, measure, put
from troth.intake.actor import fold_inbox
from troth.intake.commands import Decide, Decision, Identity, Track
from troth.kernel.clock import DAY, HOUR
from troth.messages.models import Engaged, Message, State
from troth.messages.reports.cohorts import count_cohorts
from troth.messages.reports.goals import HELD_OUT, Converted, Counted, Revenue, count_conversions, count_with_holdout
from troth.messages.reports.links import Link, count_links
from troth.messages.reports.shapes import By, Goal

AT = SPAN.since + 10 * HOUR
NOW = SPAN.until + 60 * DAY
GOAL = Goal(event="bought", days=7, revenue="total", currency="in")
SOURCE = "campaign:1"


def does(post: Post, who: Any, name: str, at: int, **properties: Any) -> None:
    post.say(Track(identity=Identity(person_id=who.person_id), name=name, ts=at, properties=properties, **post.common))


def convert(post: Post, by: By = By.ALL, now: int = NOW, goal: Goal = GOAL) -> Any:
    fold_inbox(now)
    return count_conversions(post.workspace.pk, SPAN, goal, source=SOURCE, by=by, now=now)


def click(message: Message, at: int) -> None:
    measure(message, Engaged.CLICK)
    measure(message, Engaged.CLICK, "https://example.com/a", times=1, first_at=at)


def test_a_goal_is_direct_after_a_link_was_followed_and_else_assisted(post: Post) -> None:
    alice, bob, carol = (post.person(name) for name in ("alice", "bob", "carol"))
    click(put(post, alice, 1, at=AT), AT + HOUR)
    click(put(post, bob, 2, at=AT), AT + 5 * HOUR)
    put(post, carol, 3, at=AT)
    does(post, alice, "bought", AT + 2 * HOUR)
    does(post, bob, "bought", AT + 2 * HOUR)
    does(post, carol, "bought", AT + 7 * DAY)
    found = convert(post).whole
    assert (found.arrived, found.converted, found.direct, found.assisted) == (3, 2, 1, 1)


def test_what_machines_followed_makes_nothing_direct(post: Post) -> None:
    message = put(post, alice := post.person("alice"), 1, at=AT)
    measure(message, Engaged.CLICK)
    measure(message, Engaged.CLICK, "https://example.com/a", machine_times=3)
    does(post, alice, "bought", AT + HOUR)
    assert (convert(post).whole.direct, convert(post).whole.assisted) == (0, 1)


def test_a_deed_counts_for_the_last_message_alone_and_its_revenue_once(post: Post) -> None:
    alice = post.person("alice")
    for number, at in enumerate((AT, AT + DAY, AT + 2 * DAY)):
        put(post, alice, number, at=at)
    does(post, alice, "bought", AT + DAY + HOUR, total=20, **{"in": "eur"})
    does(post, alice, "bought", AT + DAY + 2 * HOUR, total=5.5, **{"in": "EUR"})
    does(post, alice, "bought", AT + DAY + 3 * HOUR, total=7, **{"in": "USD"})
    does(post, alice, "bought", AT + DAY + 4 * HOUR, total="9 euros")
    found = convert(post, By.DAY)
    assert (found.whole.arrived, found.whole.converted) == (3, 1)
    assert found.revenue == (Revenue("EUR", 25.5, 0, 2), Revenue("USD", 7, 0, 1))
    assert [(line.key, line.converted) for line in found.lines] == [("2026-03-20", 0), ("2026-03-21", 1), ("2026-03-22", 0)]


def test_who_did_not_agree_to_be_looked_at_is_told_as_not_counted(post: Post) -> None:
    alice, bob = post.person("alice"), post.person("bob", consents=False)
    for number, person in enumerate((alice, bob)):
        put(post, person, number, at=AT)
        does(post, person, "bought", AT + HOUR, total=10)
    found = convert(post)
    assert (found.whole.arrived, found.whole.converted, found.not_counted) == (1, 1, 1)
    assert found.revenue == (Revenue("", 10, 0, 1),)
    post.say(Decide(identity=Identity(external_id="alice"), decision=Decision.WITHDRAW, purpose="behavioural_profiling", **post.common))
    found = convert(post)
    assert (found.whole.arrived, found.whole.converted, found.not_counted, found.revenue) == (0, 0, 2, ())


def test_what_bounced_converts_nobody_and_what_is_recent_may_still(post: Post) -> None:
    alice, bob = post.person("alice"), post.person("bob")
    put(post, alice, 1, at=AT, state=State.BOUNCED)
    put(post, bob, 2, at=AT)
    does(post, alice, "bought", AT + HOUR)
    assert convert(post, now=AT + DAY).whole == Converted("", 1, 0, 0, 1)
    assert convert(post, now=AT + 8 * DAY).whole.still_open == 0


def test_variants_are_told_apart(post: Post) -> None:
    people = [post.person(f"p{number}") for number in range(4)]
    for number, person in enumerate(people):
        put(post, person, number, at=AT, template_id=70 + number % 2)
    does(post, people[0], "bought", AT + HOUR)
    assert {line.key: (line.arrived, line.converted) for line in convert(post, By.VARIANT).lines} == {"70": (2, 1), "71": (2, 0)}


def test_another_workspace_sees_none_of_it(post: Post) -> None:
    put(post, alice := post.person("alice"), 1, at=AT)
    does(post, alice, "bought", AT + HOUR, total=1)
    fold_inbox(NOW)
    other = post.workspace.pk + 1
    found = count_conversions(other, SPAN, GOAL, source=SOURCE, now=NOW)
    assert (found.whole.arrived, found.not_counted, found.revenue) == (0, 0, ())
    assert count_with_holdout(other, SPAN, GOAL, source=SOURCE, now=NOW) is None
    assert count_cohorts(other, SPAN, "bought", source=SOURCE, now=NOW) == []
    assert count_links(other, SPAN, source=SOURCE).shown == ()


def test_people_held_out_are_compared_with_all_who_were_drawn(post: Post) -> None:
    people = [post.person(f"p{number}") for number in range(6)]
    assert count_with_holdout(post.workspace.pk, SPAN, GOAL, source=SOURCE, now=NOW) is None
    put(post, people[0], 0, at=AT)
    put(post, people[1], 1, at=AT, state=State.SKIPPED, reason="cap:topic", settled_at=AT + HOUR)
    put(post, people[2], 2, at=AT, state=State.SKIPPED, reason="marketing_email:no_consent")
    for number in (3, 4):
        put(post, people[number], number, at=AT, state=State.SKIPPED, reason=HELD_OUT)
    for person in people[:4]:
        does(post, person, "bought", AT + DAY)
    fold_inbox(NOW)
    assert count_with_holdout(post.workspace.pk, SPAN, GOAL, source=SOURCE, now=NOW) == (Counted(2, 2), Counted(2, 1))


@pytest.fixture
def crowd(post: Post) -> list[Any]:
    return [post.person(f"p{number}") for number in range(8)]


def test_a_link_that_fewer_than_five_persons_followed_is_not_told(post: Post, crowd: list[Any]) -> None:
    for number, person in enumerate(crowd):
        message = put(post, person, number, at=AT)
        measure(message, Engaged.CLICK)
        if number < 5:
            measure(message, Engaged.CLICK, "https://example.com/offer", times=2)
        measure(message, Engaged.CLICK, f"https://example.com/for/{number}", times=1)
        measure(message, Engaged.CLICK, "https://example.com/scanned", machine_times=4)
    found = count_links(post.workspace.pk, SPAN, source=SOURCE)
    assert found.shown == (Link("https://example.com/offer", 5, 5),)
    assert found.hidden == 8


def test_cohorts_begin_on_monday_and_tell_nothing_of_few(post: Post, crowd: list[Any]) -> None:
    monday = SPAN.edges[3]  # 23 March 2026
    for number, person in enumerate(crowd[:6]):
        put(post, person, number, at=monday + HOUR)
        put(post, person, 50 + number, at=monday + 9 * DAY)
    put(post, crowd[6], 6, at=monday - HOUR)
    for person in crowd[:3]:
        does(post, person, "bought", monday + DAY)
        does(post, person, "bought", monday + 2 * DAY)
    does(post, crowd[3], "bought", monday + 10 * DAY)
    does(post, crowd[6], "bought", monday + DAY)
    fold_inbox(NOW)
    few, many = count_cohorts(post.workspace.pk, SPAN, "bought", source=SOURCE, now=monday + 16 * DAY)
    assert (few.week, few.people, set(few.did)) == (date(2026, 3, 16), None, {None})
    assert (many.week, many.people, many.did) == (date(2026, 3, 23), 6, (3, 1, 0, None, None, None, None, None))
