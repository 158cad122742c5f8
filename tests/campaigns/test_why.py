"""Why somebody got it, or did not: told in words, also where nothing was ever queued."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import call_command

from tests.campaigns.town import NOON, Town
from troth.campaigns.editing import create_campaign
from troth.campaigns.publishing import pause_campaign, publish_campaign
from troth.campaigns.why import Story, tell_why
from troth.intake.commands import Decide, Decision, Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import DAY, HOUR, MINUTE
from troth.messages.limit_settings import read_limits, save_limits
from troth.people.lookup import find_person


@pytest.fixture
def town(workspace: Any) -> Town:
    return Town(workspace)


def asked(town: Town, name: str, campaign: Any) -> list[Story]:
    campaign.refresh_from_db()
    return tell_why(find_person(town.pk, name), campaign, town.now)


def says(stories: list[Story]) -> list[str]:
    return [story.says for story in stories]


def links(story: Story) -> list[tuple[str, bool | None]]:
    return [(link.what, link.allow) for link in story.links]


def test_a_sent_message_tells_its_chain_from_the_trigger_to_the_hand_over(town: Town) -> None:
    own = town.campaign(purpose="marketing_email")
    town.does(town.person("ann"), "bought")
    town.later()
    story, now = asked(town, "ann", own)
    assert (story.about, story.state, story.says, story.at) == ("message", "sent", "It was handed over.", NOON)
    assert links(story) == [("trigger", True), *[("consent", True)] * 4, ("hand_over", True)]
    assert [link.says for link in story.links][1:4] == [
        "May be chosen by behaviour (consent).",
        "May be sent something for “News and offers by e-mail” (consent).",
        "Asked again at the hand-over: may be chosen by behaviour (consent).",
    ]
    assert now.says == "Now they would get it, if it is triggered."


def test_an_event_that_did_not_meet_the_conditions_tells_which_and_what_was_found(town: Town) -> None:
    own = town.campaign(
        conditions={"all": [{"property": "plan", "op": "equals", "value": "pro"}, {"not": {"property": "trial", "op": "is_set"}}]}
    )
    ann = town.person("ann")
    town.does(ann, "bought", plan="free", trial=True)
    town.does(ann, "bought", at=town.now - 2 * DAY, plan="pro")
    late, early, _now = asked(town, "ann", own)
    assert late.says == "The event came, but plan was “free”, and has to be: equals “pro”; it must not be that trial is set."
    assert early.says == "The event was older than 1 day when it came."
    assert links(late) == [("trigger", False)]


def test_who_had_it_already_is_told_so(town: Town) -> None:
    own = town.campaign(rules={"reentry": {"rule": "once"}})
    ann = town.person("ann")
    town.does(ann, "bought")
    town.later(HOUR)
    town.does(ann, "bought")
    second, first, now = asked(town, "ann", own)
    assert second.says.startswith("They had it already")
    assert second.says.endswith("once ever.")
    assert first.state == "sent"
    assert now.says.startswith("Now they would not get it. They had it already")


def test_who_did_not_agree_to_be_chosen_is_told_so_before_anything_happens(town: Town) -> None:
    own = town.campaign(purpose="marketing_email")
    apply([Identify(identity=Identity(external_id="ben", email="ben@example.com"), **town.common())], now=town.now)
    nothing, now = asked(town, "ben", own)
    assert nothing.says == "No event “bought” of this person is known."
    assert now.says == "Now they would not get it. Left out: no consent to being chosen by behaviour."


def test_what_happened_before_it_was_published_or_while_it_was_paused_is_told(town: Town) -> None:
    draft = create_campaign(town.pk, name="D", trigger_event="bought", purpose="service", subject="s", html="<p>x</p>")
    ann = town.person("ann")
    town.does(ann, "bought")
    assert says(asked(town, "ann", draft))[0] == "The campaign was never published, so nothing leads to a message."
    publish_campaign(draft, now=town.now + 1)
    assert says(asked(town, "ann", draft))[0].startswith("The campaign was published only later")
    pause_campaign(draft)
    assert says(asked(town, "ann", draft))[-1] == "Now they would not get it. The campaign is paused: nothing leads to a message."


def test_what_ended_a_waiting_message_and_which_cap_left_no_room_is_told(town: Town) -> None:
    save_limits(town.pk, read_limits({"caps": [{"messages": 1, "per": "P7D"}]}))
    cart = town.campaign(event="cart", rules={"delay": "PT2H", "unless": {"event": "bought"}})
    first, second = (town.campaign(name=name, purpose="marketing_email", rules={"priority": p}) for name, p in (("a", 60), ("b", 40)))
    ann = town.person("ann")
    town.does(ann, "cart")
    town.now += MINUTE
    town.does(ann, "bought")
    town.later()
    assert asked(town, "ann", cart)[0].links[-1].says.startswith("Not wanted any more: “bought” happened meanwhile")
    assert asked(town, "ann", first)[0].state == "sent"
    lost = asked(town, "ann", second)[0]
    assert lost.links[-1].says == "No room: the workspace's cap is 1 in 7 days, and what goes first had it."


def test_why_at_this_hour_is_told_with_the_clock_of_the_person(town: Town) -> None:
    save_limits(town.pk, read_limits({"quiet_hours": {"from": "13:00", "until": "15:30"}}))
    own = town.campaign(purpose="marketing_email")
    town.does(town.person("ann", timezone="Etc/GMT-2"), "bought")
    town.later()
    story, now = asked(town, "ann", own)
    told = next(link.says for link in story.links if link.what == "quiet_hours")
    assert told.startswith("It is 14:00 in Etc/GMT-2, in quiet hours: it goes out at 15:30 on ")
    assert told in [link.says for link in now.links]


def test_the_command_tells_it_on_a_terminal_and_as_json(town: Town) -> None:
    own = town.campaign(conditions={"property": "plan", "op": "equals", "value": "pro"})
    town.does(town.person("ann"), "bought", plan="free")
    out, plain = io.StringIO(), io.StringIO()
    call_command("campaign_why", str(town.pk), str(own.pk), "ann@example.com", stdout=out)
    assert "event: The event came, but plan was “free”, and has to be: equals “pro”." in out.getvalue()
    call_command("campaign_why", str(town.pk), str(own.pk), "ann", "--json", stdout=plain)
    assert [story["about"] for story in json.loads(plain.getvalue())] == ["event", "now"]


def test_a_withdrawal_before_the_hand_over_is_the_last_link(town: Town) -> None:
    own = town.campaign(purpose="marketing_email", rules={"delay": "PT1H"})
    ann = town.person("ann")
    town.does(ann, "bought")
    apply([Decide(identity=ann, decision=Decision.WITHDRAW, purpose="marketing_email", **town.common())], now=town.now)
    town.later(HOUR)
    story = asked(town, "ann", own)[0]
    assert story.links[-1].says == "Asked again at the hand-over: left out: the consent was withdrawn for “News and offers by e-mail”."
