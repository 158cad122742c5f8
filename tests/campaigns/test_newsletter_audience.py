"""Who gets a newsletter: members of its segment as fresh as it demands, each address once."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from tests.campaigns.newsdesk import Desk
from troth.campaigns.models import Newsletter
from troth.campaigns.newsletters.freshness import find_wait
from troth.intake.commands import Decide, Decision, Identify, Identity, Track
from troth.kernel.clock import HOUR, MINUTE, now_ms
from troth.messages.models import Message, State
from troth.segments.computing import compute_due, evaluate_marked
from troth.segments.registry import create_segment


def _pros(desk: Desk) -> int:
    """A segment of the people of the plan pro, which is alice."""
    for name, plan in (("alice", "pro"), ("bob", "free")):
        desk.post.person(name)
        desk.post.say(Identify(identity=Identity(external_id=name), attributes={"plan": plan}, **desk.post.common))
    definition = {"attribute": "plan", "op": "equals", "value": "pro"}
    segment = create_segment(desk.post.workspace.pk, name="Pros", definition=definition)
    return int(segment.pk)


def test_what_goes_to_everybody_chooses_nobody_by_behaviour(desk: Desk) -> None:
    who = Identity(external_id="dora", email="dora@example.com")
    from tests.evidence import GIVEN

    desk.post.say(
        Identify(identity=who, **desk.post.common),
        Decide(identity=who, decision=Decision.GRANT, purpose="marketing_email", evidence=GIVEN, **desk.post.common),
    )
    desk.start()
    desk.work()
    assert desk.got() == ["dora@example.com"]


def test_only_the_members_of_its_segment_get_it_and_it_waits_until_that_is_computed(desk: Desk) -> None:
    made = desk.start(segment_id=_pros(desk))
    desk.work()
    assert desk.post.sent == []
    desk.now = now_ms()
    while compute_due(desk.now):
        pass
    desk.work()
    assert desk.got() == ["alice@example.com"]
    assert desk.counts(made) == {("sent", ""): 1}


@pytest.mark.parametrize(("audience", "gets"), [("frozen", ["alice@example.com"]), ("live", [])])
def test_who_leaves_the_segment_before_their_mail_is_due_gets_it_only_of_a_frozen_audience(
    desk: Desk, audience: str, gets: list[str]
) -> None:
    segment_id = _pros(desk)
    while compute_due(now_ms()):
        pass
    made = desk.start(segment_id=segment_id, audience=audience, hold_minutes=5)
    desk.work()
    desk.post.say(Identify(identity=Identity(external_id="alice"), attributes={"plan": "free"}, **desk.post.common))
    while evaluate_marked(now_ms()):
        pass
    desk.work(6 * MINUTE)
    assert desk.got() == gets
    assert sum(desk.counts(made).values()) == 1


def test_one_that_demands_freshness_waits_while_its_segment_lags_and_is_paused_if_that_does_not_end(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    segment_id = _pros(desk)
    desk.now = now_ms()
    while compute_due(desk.now):
        pass
    evaluate_marked(desk.now)
    who = Identity(external_id="bob")
    desk.post.say(Identify(identity=who, attributes={"plan": "pro"}, **desk.post.common))
    changed = now_ms()
    careless, careful = desk.start(segment_id=segment_id), desk.start(segment_id=segment_id, fresh_minutes=5, expires_hours=1)
    desk.now = changed + 6 * MINUTE
    desk.work()
    assert desk.state(careless) == "finished" and desk.state(careful) == "scheduled"
    assert "not fresh enough" in str(find_wait(Newsletter.objects.get(pk=careful), desk.now))
    call_command("newsletter_show", str(desk.post.workspace.pk), careful)
    assert "begins" in capsys.readouterr().out
    evaluate_marked(desk.now)
    desk.work()
    assert desk.state(careful) == "finished"
    assert desk.got() == ["alice@example.com", "alice@example.com", "bob@example.com"]


def test_events_that_no_history_has_yet_count_as_lag(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    segment_id = _pros(desk)
    desk.now = now_ms()
    while compute_due(desk.now):
        pass
    evaluate_marked(desk.now)
    desk.post.say(Track(identity=Identity(external_id="bob"), name="bought", ts=now_ms(), properties={}, **desk.post.common))
    made = desk.start(segment_id=segment_id, fresh_minutes=5, expires_hours=1)
    desk.work(6 * MINUTE)
    assert desk.state(made) == "scheduled" and desk.post.sent == []
    desk.work(HOUR)
    call_command("newsletter_show", str(desk.post.workspace.pk), made)
    assert "not fresh enough" in capsys.readouterr().out
    shown = desk.api.json("GET", f"/newsletters/{made}")
    assert shown["state"] == "paused" and "not fresh enough" in shown["trouble"]
    assert desk.post.sent == []
    desk.api.json("PATCH", f"/newsletters/{desk.draft()}", {"fresh_minutes": 0}, status=422)


def test_who_shares_an_address_gets_none_either_after_a_provider_told_that_the_other_one_arrived(desk: Desk) -> None:
    for name in ("alice", "ally"):
        subject = desk.post.person(name)
        desk.post.say(Identify(identity=Identity(person_id=subject.person_id, email="shared@example.com"), **desk.post.common))
    made = desk.start(per_hour=1)
    desk.work()
    Message.objects.filter(state=State.SENT).update(state=State.DELIVERED)
    desk.work(2 * HOUR)
    assert desk.got() == ["shared@example.com"]
    assert desk.counts(made) == {("delivered", ""): 1, ("skipped", "address:had_it_already"): 1}


def test_people_who_share_an_address_get_it_once(desk: Desk) -> None:
    for name in ("alice", "ally"):
        subject = desk.post.person(name)
        who = Identity(person_id=subject.person_id, email="shared@example.com")
        desk.post.say(Identify(identity=who, **desk.post.common))
    made = desk.start()
    desk.work()
    assert desk.got() == ["shared@example.com"]
    assert desk.counts(made) == {("sent", ""): 1, ("skipped", "address:had_it_already"): 1}
