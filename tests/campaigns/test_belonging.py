"""Campaigns and segments: who enters or leaves one, and who has to be in one when the message is due."""

from __future__ import annotations

from typing import Any

import pytest

from tests.campaigns.town import Town
from troth.campaigns.editing import CampaignInvalid
from troth.campaigns.why import tell_why
from troth.consent.purposes import assign
from troth.consent.refusing import PurposeNotCovered
from troth.intake.commands import Identify
from troth.intake.door import apply
from troth.kernel.clock import HOUR
from troth.messages.models import State
from troth.people.lookup import find_person
from troth.segments.registry import archive_segment, create_segment

PRO = {"attribute": "plan", "op": "equals", "value": "pro"}


@pytest.fixture
def town(workspace: Any) -> Town:
    return Town(workspace)


def becomes(town: Town, who: Any, plan: str) -> None:
    apply([Identify(identity=who, attributes={"plan": plan}, **town.common())], now=town.now)
    town.later()


def test_who_enters_and_who_leaves_gets_it_but_not_who_was_in_before(town: Town) -> None:
    town.person("old", plan="pro")
    segment = create_segment(town.pk, name="Pro", definition=PRO, now=town.now)
    town.later()
    town.campaign(name="welcome", event="", trigger={"kind": "segment", "segment": segment.pk})
    own = town.campaign(name="goodbye", event="", trigger={"kind": "segment", "segment": segment.pk, "on": "exit"})
    ann = town.person("ann", plan="free")
    town.later()
    assert town.states() == []
    becomes(town, ann, "pro")
    assert town.states() == [(State.SENT, "")]
    becomes(town, ann, "free")
    assert town.states() == [(State.SENT, "")] * 2
    story, now = tell_why(find_person(town.pk, "ann"), own, town.now)
    assert story.links[0].says == "Membership of the segment changed."
    assert any(link.says.startswith("Not in the segment “Pro”: ") for link in now.links)


def test_who_is_no_longer_in_the_segment_when_it_is_due_does_not_get_it(town: Town) -> None:
    segment = create_segment(town.pk, name="Pro", definition=PRO, now=town.now)
    town.later()
    town.campaign(rules={"delay": "PT1H", "only_if_in": segment.pk})
    ann, ben = town.person("ann", plan="pro"), town.person("ben", plan="pro")
    town.later()
    town.does(ann, "bought")
    town.does(ben, "bought")
    becomes(town, ann, "free")
    town.later(HOUR)
    assert town.states() == [(State.SKIPPED, "segment:left"), (State.SENT, "")]


def test_a_segment_that_is_gone_or_reads_what_is_not_covered_is_refused_at_publish(town: Town) -> None:
    segment = create_segment(town.pk, name="Pro", definition=PRO, now=town.now)
    assign(town.pk, "attribute", "plan", "open_tracking")
    with pytest.raises(PurposeNotCovered, match="plan"):
        town.campaign(purpose="marketing_email", rules={"only_if_in": segment.pk})
    archive_segment(segment)
    with pytest.raises(CampaignInvalid, match="there is no such segment in use"):
        town.campaign(event="", trigger={"kind": "segment", "segment": segment.pk})
