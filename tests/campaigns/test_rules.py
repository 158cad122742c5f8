"""When and how often a campaign goes out: delay, what happens meanwhile, re-entry, caps and priorities, quiet hours, expiry; each with its reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.campaigns.town import NOON, TOMORROW, Town
from troth.campaigns.editing import CampaignInvalid
from troth.campaigns.rules import RulesInvalid
from troth.consent.purposes import assign
from troth.consent.refusing import PurposeNotCovered
from troth.intake.commands import Identify, Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import DAY, HOUR, MINUTE
from troth.messages.limit_settings import read_limits, save_limits
from troth.messages.models import Message, State


@pytest.fixture
def town(workspace: Any) -> Town:
    return Town(workspace)


def test_a_delayed_message_goes_out_when_its_time_has_come(town: Town) -> None:
    town.campaign(rules={"delay": "PT2H"})
    town.does(town.person("ann"), "bought")
    town.later(2 * HOUR - 1)
    assert town.states() == [(State.QUEUED, "")]
    town.later(1)
    assert town.states() == [(State.SENT, "")]


def test_what_happens_meanwhile_ends_it_at_once(town: Town) -> None:
    town.campaign(
        event="cart",
        rules={"delay": "PT2H", "unless": {"event": "Bought", "conditions": {"property": "total", "op": "greater", "value": 0}}},
    )
    ann = town.person("ann")
    town.does(ann, "bought", total=5)
    town.now += MINUTE
    town.does(ann, "cart")
    town.now += MINUTE
    town.does(ann, "bought", total=0)
    assert town.states() == [(State.QUEUED, "")]
    town.does(ann, "bought", total=9)
    assert town.states() == [(State.SKIPPED, "unless:bought")]
    assert Message.objects.get().context == {}


def test_what_happened_meanwhile_counts_when_due_also_if_it_came_before_its_trigger(town: Town) -> None:
    town.campaign(event="cart", rules={"delay": "PT2H", "unless": {"event": "bought"}})
    ann = town.person("ann")
    town.does(ann, "bought")
    town.does(ann, "cart", at=town.now - MINUTE)
    assert town.states() == [(State.QUEUED, "")]
    town.later(2 * HOUR)
    assert town.states() == [(State.SKIPPED, "unless:bought")]


@pytest.mark.parametrize(
    ("reentry", "messages"),
    [
        ({}, 4),
        ({"rule": "once"}, 1),
        ({"rule": "once_per_span", "span": "P1D"}, 2),
        ({"rule": "once_per_value", "property": "order.id"}, 3),
    ],
)
def test_a_person_gets_it_as_often_as_the_rule_says(town: Town, reentry: dict[str, str], messages: int) -> None:
    town.campaign(rules={"reentry": reentry})
    ann = town.person("ann")
    for order in (1, 1, 2):
        town.does(ann, "bought", order={"id": order})
    town.later(DAY)
    town.does(ann, "bought", order={"id": "1"})
    town.later()
    assert town.states() == [(State.SENT, "")] * messages


def test_two_at_once_are_one_where_it_is_had_once(town: Town) -> None:
    town.campaign(rules={"reentry": {"rule": "once"}})
    ann = town.person("ann")
    apply([Track(identity=ann, name="bought", ts=town.now, **town.common()) for _ in range(3)], now=town.now)
    town.later()
    assert len(town.states()) == 1


def test_who_was_left_out_for_lack_of_consent_can_still_have_it_once(town: Town) -> None:
    town.campaign(purpose="marketing_email", rules={"reentry": {"rule": "once"}})
    ben = Identity(external_id="ben", email="ben@example.com")
    apply([Identify(identity=ben, **town.common())], now=town.now)
    town.does(ben, "bought")
    town.person("ben")
    town.does(ben, "bought")
    town.does(ben, "bought")
    assert town.states() == [(State.SKIPPED, "behavioural_profiling:no_consent"), (State.QUEUED, "")]


def test_old_events_such_as_imported_ones_trigger_nothing(town: Town) -> None:
    town.campaign()
    town.campaign(name="patient", rules={"oldest_event": "P10D"})
    town.does(town.person("ann"), "bought", at=town.now - 2 * DAY)
    assert [message.source for message in Message.objects.all()] == [f"campaign:{2}"] or len(town.states()) == 1


def test_of_several_that_compete_the_declared_priority_wins_and_the_losers_say_why(town: Town) -> None:
    save_limits(town.pk, read_limits({"caps": [{"messages": 1, "per": "P7D"}]}))
    for name, priority in (("low", 10), ("high", 90), ("middle", 50)):
        town.campaign(name=name, purpose="marketing_email", rules={"priority": priority})
    town.campaign(name="receipt")
    town.does(town.person("ann"), "bought")
    town.later()
    states = {message.source: (message.state, message.reason) for message in Message.objects.all()}
    names = {f"campaign:{own.pk}": own.name for own in _campaigns(town)}
    assert {names[source]: told for source, told in states.items()} == {
        "low": (State.SKIPPED, "cap:workspace"),
        "high": (State.SENT, ""),
        "middle": (State.SKIPPED, "cap:workspace"),
        "receipt": (State.SENT, ""),
    }
    lost = Message.objects.get(source=next(source for source, name in names.items() if name == "low")).decisions[-1]
    won = Message.objects.get(source=next(source for source, name in names.items() if name == "high"))
    assert lost["told"] == {"messages": 1, "per": "P7D", "against": [won.message_id]}


def _campaigns(town: Town) -> Any:
    from troth.campaigns.models import Campaign

    return Campaign.objects.filter(workspace_id=town.pk)


def test_a_campaign_has_a_cap_of_its_own(town: Town) -> None:
    town.campaign(rules={"cap": {"messages": 2, "per": "P1D"}})
    ann = town.person("ann")
    for _ in range(3):
        town.does(ann, "bought")
    town.later()
    assert sorted(town.states()) == [(State.SENT, ""), (State.SENT, ""), (State.SKIPPED, "cap:campaign")]


@pytest.mark.parametrize("told", [State.DELIVERED, State.BOUNCED, State.COMPLAINED])
def test_what_a_provider_told_of_takes_room_of_a_cap_as_before(town: Town, told: State) -> None:
    save_limits(town.pk, read_limits({"caps": [{"messages": 1, "per": "P7D"}]}))
    town.campaign(purpose="marketing_email")
    ann = town.person("ann")
    town.does(ann, "bought")
    town.later()
    Message.objects.update(state=told)
    town.does(ann, "bought")
    town.later()
    assert sorted(town.states()) == sorted([(told, ""), (State.SKIPPED, "cap:workspace")])


def test_in_quiet_hours_marketing_waits_until_they_end_where_the_person_is(town: Town) -> None:
    save_limits(town.pk, read_limits({"zone": "Etc/GMT-1", "quiet_hours": {"from": "22:00", "until": "08:00"}}))
    town.campaign(purpose="marketing_email")
    town.campaign(name="receipt")
    town.now = NOON + 11 * HOUR
    town.does(town.person("here"), "bought")
    town.does(town.person("there", timezone="Etc/GMT+5"), "bought")
    town.does(town.person("odd", timezone="Mars/Olympus"), "bought")
    town.later()
    marketing = Message.objects.filter(is_marketing=True).order_by("message_id")
    assert [(one.state, one.reason, one.attempts) for one in marketing] == [
        (State.QUEUED, "quiet_hours", 0),
        (State.SENT, "", 1),
        (State.QUEUED, "quiet_hours", 0),
    ]
    morning = NOON + 19 * HOUR
    assert marketing[0].due_at == marketing[2].due_at == morning
    assert set(Message.objects.filter(is_marketing=False).values_list("state", flat=True)) == {State.SENT}
    town.later(morning - town.now)
    assert {one.state for one in Message.objects.all()} == {State.SENT}
    told = marketing[0].decisions
    assert ("quiet_hours", True, "put_off") in [(one["purpose"], one["allow"], one["basis"]) for one in told]


def test_a_campaign_may_keep_hours_of_its_own_and_keep_quiet_though_it_is_service(town: Town) -> None:
    save_limits(town.pk, read_limits({"quiet_hours": {"from": "11:00", "until": "13:00"}}))
    town.campaign(name="hours", rules={"hours": {"from": "09:00", "until": "17:00", "days": [TOMORROW]}})
    town.campaign(name="quiet", rules={"keeps_quiet_hours": True})
    town.campaign(name="at once")
    town.does(town.person("ann"), "bought")
    town.later()
    due = {Message.objects.get(source=f"campaign:{own.pk}").due_at - NOON: own.name for own in _campaigns(town)}
    assert due == {21 * HOUR: "hours", HOUR: "quiet", 0: "at once"}


def test_what_would_come_too_late_is_not_sent_at_all(town: Town) -> None:
    town.campaign(name="soon", rules={"delay": "PT1H", "expires_after": "PT1H"})
    town.campaign(name="night", rules={"expires_after": "PT2H", "hours": {"from": "20:00", "until": "21:00"}})
    town.does(town.person("ann"), "bought")
    town.later()
    assert town.states() == [(State.QUEUED, ""), (State.SKIPPED, "expired")]
    town.later(2 * HOUR)
    assert town.states() == [(State.SKIPPED, "expired"), (State.SKIPPED, "expired")]


def test_whichever_of_several_events_happens_first_ends_the_message(town: Town) -> None:
    paid = {"event": "paid", "conditions": {"property": "total", "op": "greater", "value": 10}}
    town.campaign(event="cart", rules={"delay": "PT2H", "unless": [{"event": "Bought"}, paid]})
    ann, bob, cid = town.person("ann"), town.person("bob"), town.person("cid")
    for person in (ann, bob, cid):
        town.does(person, "cart")
    town.later(HOUR)
    town.does(ann, "bought")
    town.does(bob, "paid", total=5)
    town.does(cid, "paid", total=50)
    assert sorted(town.states()) == [(State.QUEUED, ""), (State.SKIPPED, "unless:bought"), (State.SKIPPED, "unless:paid")]


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (
            {"delay": "2 hours"},
            "$.rules.delay: write a span of time in days, hours, minutes and seconds, at most ten years: P7D, PT90M, P1DT12H.",
        ),
        ({"delay": "P400D"}, "$.rules.delay: wait at most 366 days."),
        ({"unless": {"event": " "}}, "$.rules.unless[0].event: name the event after which it is not wanted any more."),
        ({"reentry": {"rule": "twice"}}, "$.rules.reentry.rule: this is none of the choices."),
        ({"reentry": {"rule": "once_per_value"}}, "$.rules.reentry.property: name the property of the event, such as order_id."),
        ({"hours": {"from": "9", "until": "10:00"}}, "$.rules.hours.from: write a time of day as HH:MM, such as 09:00."),
        ({"cap": {"messages": 0, "per": "P1D"}}, "$.rules.cap.messages: choose from 1 to 1000."),
        ({"priority": 101}, "$.rules.priority: choose from 0, the least, to 100."),
        ({"prio": 1}, "$.rules: object contains unknown field `prio`."),
    ],
)
def test_rules_that_cannot_be_kept_are_refused_with_the_place(town: Town, rules: dict[str, Any], told: str) -> None:
    with pytest.raises(Exception) as caught:
        town.campaign(rules=rules)
    assert str(caught.value) == told


def test_hours_within_the_quiet_hours_are_refused_at_publish(town: Town) -> None:
    save_limits(town.pk, read_limits({"quiet_hours": {"from": "22:00", "until": "08:00"}}))
    with pytest.raises(CampaignInvalid, match="nothing would ever go out"):
        town.campaign(purpose="marketing_email", rules={"hours": {"from": "23:00", "until": "07:00"}})
    with pytest.raises(RulesInvalid, match="choose a segment"):
        town.campaign(trigger={"kind": "segment", "segment": 0})


def test_data_read_to_choose_the_moment_has_to_be_covered_too(town: Town) -> None:
    assign(town.pk, "event", "clicked_tip", "open_tracking")
    with pytest.raises(PurposeNotCovered, match="clicked_tip"):
        town.campaign(purpose="marketing_email", rules={"unless": {"event": "clicked_tip"}})
    made = town.campaign(purpose="marketing_email", rules={"unless": {"event": "clicked_tip"}}, also_for=["open_tracking"])
    town.does(town.person("ann"), "bought")
    assert town.states() == [(State.SKIPPED, "open_tracking:no_consent")]
    assert made.published["rules"] == {"unless": [{"event": "clicked_tip"}]}


def test_what_does_not_go_takes_no_room_from_what_does(town: Town) -> None:
    save_limits(town.pk, read_limits({"caps": [{"messages": 1, "per": "P7D"}]}))
    high = town.campaign(name="high", purpose="marketing_email", rules={"priority": 90, "hours": {"from": "20:00", "until": "21:00"}})
    held = town.campaign(name="held", purpose="marketing_email", rules={"priority": 80})
    low = town.campaign(name="low", purpose="marketing_email", rules={"priority": 10})
    stop_sending(town.pk, f"campaign:{held.pk}")
    town.does(town.person("ann"), "bought")
    town.later()
    states = {message.source: message.state for message in Message.objects.all()}
    assert states == {f"campaign:{high.pk}": State.QUEUED, f"campaign:{held.pk}": State.HELD, f"campaign:{low.pk}": State.SENT}


def test_people_who_share_an_address_get_a_reminder_once_between_them(town: Town) -> None:
    day = datetime.fromtimestamp(NOON / 1000, UTC).date().isoformat()
    town.campaign(event="", purpose="marketing_email", trigger={"kind": "date", "attribute": "renews_on", "at": "13:00"})
    for name in ("ann", "ben"):
        town.person(name, renews_on=day)
        who = Identity(external_id=name, email="home@example.com")
        apply([Identify(identity=who, **town.common())], now=town.now)
    town.later()
    town.later(HOUR)
    assert sorted(town.states()) == [(State.SENT, ""), (State.SKIPPED, "address:had_it_already")]


def stop_sending(workspace_id: int, source: str) -> None:
    from troth.messages.controls import forget_controls
    from troth.messages.models import SendControl

    SendControl.objects.create(workspace_id=workspace_id, source=source, stopped_at=NOON, why="by_hand", by="ann", marketing_only=False)
    forget_controls()
