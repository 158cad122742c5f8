"""Funnels of freely chosen events: they reconcile to the events, count who agreed, and tell on nobody."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.messages.posting import Post
from tests.messages.test_report_figures import put
from tests.segments.test_one_meaning import make_people, undone
from troth.consent.catalog import PROFILING, forget_catalogs
from troth.consent.models import Assignment
from troth.consent.refusing import PurposeNotCovered
from troth.intake.actor import fold_inbox
from troth.intake.commands import Decide, Decision, Identity, Track
from troth.kernel.clock import DAY, HOUR, MINUTE, now_ms
from troth.kernel.worker import drain
from troth.messages.models import State
from troth.messages.reports import funnels
from troth.messages.reports.funnels import Course, Funnel, FunnelInvalid, count_funnel, read_funnel
from troth.messages.reports.shapes import Span
from troth.segments.conditions import ConditionInvalid, holds
from troth.segments.kinds import DefinitionInvalid
from troth.segments.registry import create_segment

SPAN = Span(date(2026, 3, 27), date(2026, 4, 2), "Europe/Berlin")
AT = SPAN.since
NOW = SPAN.until + 30 * DAY
WHERES = st.sampled_from([None, {"property": "x", "op": "equals", "value": 1}, {"not": {"property": "x", "op": "is_set"}}])
STEPS = st.builds(
    lambda event, where: {"event": event, **({"where": where} if where else {})}, st.sampled_from(["Cart added", "paid", "a"]), WHERES
)
FUNNELS = st.builds(
    lambda steps, days: {"steps": steps, "days": days, "source": "campaign:1"},
    st.lists(STEPS, min_size=2, max_size=4),
    st.integers(1, 3),
)
HISTORIES = st.lists(
    st.tuples(
        st.sampled_from(["cart_added", "paid", "a"]),
        # Often at the same instant, on the night of the clock change, or just outside the span.
        st.one_of(
            st.integers(-3 * 24, 10 * 24).map(lambda hours: AT + hours * HOUR), st.sampled_from([AT - 1, AT, AT + DAY, AT + DAY - 1])
        ),
        st.fixed_dictionaries({}, optional={"x": st.sampled_from([1, 2])}),
    ),
    max_size=7,
)
PERSONS = st.tuples(HISTORIES, st.sampled_from([1, 1, 1, 0, -1]), st.lists(st.integers(-4 * 24, 10 * 24), max_size=2))


def naively(plain: dict[str, Any], history: list[tuple[str, int, dict[str, Any]]]) -> tuple[int, int] | None:
    """When somebody began, and how many steps they came; None: they did not begin."""
    events = sorted((ts, seq, name, properties) for seq, (name, ts, properties) in enumerate(history, start=1))
    began, reached, last = 0, 0, (0, 0)
    for step in plain["steps"]:
        for ts, seq, name, properties in events:
            is_meant = name == step["event"].lower().replace(" ", "_") and ("where" not in step or holds(step["where"], properties))
            in_time = AT <= ts < SPAN.until if reached == 0 else ts < began + plain["days"] * DAY
            if is_meant and in_time and (ts, seq) > last:
                began, last = (ts if reached == 0 else began), (ts, seq)
                reached += 1
                break
        else:
            break
    return (began, reached) if reached else None


def come(reached: list[int], steps: int) -> tuple[int, ...]:
    return tuple(sum(one >= step for one in reached) for step in range(1, steps + 1))


@given(FUNNELS, st.lists(PERSONS, min_size=1, max_size=8))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_funnel_counts_what_the_events_say(post: Post, monkeypatch: pytest.MonkeyPatch, plain: Any, people: Any) -> None:
    monkeypatch.setattr(funnels, "FEWEST", 1)

    def check() -> None:
        subjects = make_people(post.workspace.pk, [({}, [], history, {PROFILING: (standing, None)}) for history, standing, _ in people])
        days: dict[str, list[int]] = {}
        sent: dict[str, list[int]] = {}
        whole, opened = [], 0
        now = SPAN.until + DAY
        for number, (subject, (history, standing, mails)) in enumerate(zip(subjects, people, strict=True)):
            for nth, hours in enumerate(mails):
                put(post, subject, 10 * number + nth, at=AT + hours * HOUR, template_id=70 + nth)
            found = naively(plain, history) if standing == 1 else None
            if found is None:
                continue
            began, reached = found
            around = [
                (AT + hours * HOUR, nth)
                for nth, hours in enumerate(mails)
                if -plain["days"] * DAY <= AT + hours * HOUR - began < plain["days"] * DAY
            ]
            days.setdefault(datetime.fromtimestamp(began / 1000, UTC).astimezone(ZoneInfo(SPAN.zone)).date().isoformat(), []).append(
                reached
            )
            sent.setdefault(str(70 + max(around)[1]) if around else "", []).append(reached)
            whole.append(reached)
            opened += reached < len(plain["steps"]) and began > now - plain["days"] * DAY
        counted = count_funnel(post.workspace.pk, SPAN, read_funnel(post.workspace.pk, plain), now=now)
        steps = len(plain["steps"])
        assert counted.people == come(whole, steps)
        assert counted.still_open == opened
        assert counted.left_out == sum(standing != 1 for _, standing, _ in people)
        assert counted.days == tuple(Course(day, come(own, steps)) for day, own in sorted(days.items()))
        assert counted.variants == tuple(Course(key, come(own, steps)) for key, own in sorted(sent.items()))

    undone(check)


def does(post: Post, who: Any, name: str, at: int, **properties: Any) -> None:
    post.say(Track(identity=Identity(person_id=who.person_id), name=name, ts=at, properties=properties, **post.common))


@pytest.fixture
def crowd(post: Post) -> list[Any]:
    """Nine who looked; seven of them put something into the cart; five bought, one after a fortnight."""
    people = [post.person(f"p{number}") for number in range(9)]
    for number, person in enumerate(people):
        does(post, person, "looked", AT + number * MINUTE)
        if number < 7:
            does(post, person, "cart", AT + HOUR, total=number)
        if number < 5:
            does(post, person, "bought", AT + (14 * DAY if number == 4 else DAY))
    fold_inbox(NOW)
    return people


def count(post: Post, *steps: Any, **further: Any) -> Any:
    plain = {"steps": [step if isinstance(step, dict) else {"event": step} for step in steps], **further}
    return count_funnel(post.workspace.pk, SPAN, read_funnel(post.workspace.pk, plain), now=NOW)


def test_each_step_is_told_within_the_days_that_were_chosen(post: Post, crowd: list[Any]) -> None:
    assert count(post, "looked", "cart", "bought").people == (9, 7, 4)
    assert count(post, "Looked", "cart", "bought", days=30).people == (9, 7, 5)
    assert count(post, "looked", {"event": "cart", "where": {"property": "total", "op": "at_least", "value": 3}}, "bought").people == (
        9,
        4,
        1,
    )
    assert count(post, "cart", "looked").people == (7, 0), "in that order nobody did it"


def test_who_withdraws_is_in_it_no_more_and_counted_as_left_out(post: Post, crowd: list[Any]) -> None:
    post.say(Decide(identity=Identity(external_id="p0"), decision=Decision.WITHDRAW, purpose=PROFILING, **post.common))
    found = count(post, "looked", "cart")
    assert (found.people, found.left_out) == ((8, 6), 1)


def test_fewer_than_five_are_not_told_at_all(post: Post, crowd: list[Any]) -> None:
    few = count(post, {"event": "cart", "where": {"property": "total", "op": "less", "value": 4}}, "bought")
    assert (few.people, few.still_open, [day.people for day in few.days]) == (None, None, [None])
    assert count(post, "nothing", "bought").people == (0, 0)


def test_members_of_a_segment_alone_are_counted_and_recipients_apart(post: Post, crowd: list[Any]) -> None:
    segment = create_segment(post.workspace.pk, name="Carts", definition={"event": "cart", "op": "did"}, purpose=PROFILING, author="me")
    drain(now_ms())
    assert count(post, "looked", "bought", segment=segment.pk).people == (7, 4)
    for number, person in enumerate(crowd[:6]):
        put(
            post,
            person,
            number,
            at=AT + HOUR,
            source="newsletter:3",
            template_id=8,
            state=State.BOUNCED if number == 5 else State.DELIVERED,
        )
    found = count(post, "looked", "bought", source="newsletter:3")
    assert found.variants == (Course("", None), Course("8", (5, 4)))
    other = Funnel(steps=read_funnel(post.workspace.pk, {"steps": [{"event": "looked"}, {"event": "cart"}]}).steps, segment=segment.pk)
    assert count_funnel(post.workspace.pk + 1, SPAN, other, now=NOW).people == (0, 0), "another workspace sees nothing"


def test_an_event_collected_for_something_else_is_refused_until_the_funnel_serves_that_too(post: Post, crowd: list[Any]) -> None:
    Assignment.objects.create(workspace_id=post.workspace.pk, kind="event", name="cart", purpose="marketing_email")
    forget_catalogs()
    with pytest.raises(PurposeNotCovered, match=r"`cart` is collected for .* this funnel is for .*`\$\.steps\[1\]\.event`"):
        count(post, "looked", "cart")
    post.say(Decide(identity=Identity(external_id="p1"), decision=Decision.WITHDRAW, purpose="marketing_email", **post.common))
    found = count(post, "looked", "cart", also_for=["marketing_email"])
    assert (found.people, found.left_out) == ((8, 6), 1)


@pytest.mark.parametrize(
    ("plain", "fault", "says"),
    [
        ({"steps": [{"event": "a"}]}, FunnelInvalid, r"^\$\.steps: choose from 2 to 6"),
        ({"steps": [{"event": "a"}] * 7}, FunnelInvalid, r"^\$\.steps: choose from 2 to 6"),
        ({"steps": [{"event": "a"}, {"event": " "}]}, DefinitionInvalid, r"^\$\.steps\[1\]\.event: the name of an event is missing"),
        (
            {"steps": [{"event": "a"}, {"event": "b", "where": {"property": "x", "op": "is"}}]},
            ConditionInvalid,
            r"^\$\.steps\[1\]\.where\.op",
        ),
        ({"steps": [{"event": "a"}, {"event": "b", "within": 3}]}, FunnelInvalid, r"^\$\.steps\[1\]: Object contains unknown field"),
        ({"steps": [{"event": "a"}, {"event": "b"}], "days": 91}, FunnelInvalid, r"^\$\.days: choose from 1 to 90"),
        ({"steps": [{"event": "a"}, {"event": "b"}], "segment": 999}, DefinitionInvalid, "there is no such segment"),
    ],
)
def test_what_cannot_be_counted_is_refused_with_its_place(post: Post, plain: Any, fault: Any, says: str) -> None:
    with pytest.raises(fault, match=says):
        read_funnel(post.workspace.pk, plain)
