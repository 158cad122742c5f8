"""Rehearsal: a draft on the recorded past decides as running it would have, and leaves nothing behind."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import call_command

from tests.campaigns.town import NOON, Town
from tests.members import join
from troth.campaigns.editing import create_campaign
from troth.campaigns.models import Campaign
from troth.campaigns.publishing import publish_campaign
from troth.campaigns.rehearsal import rehearse
from troth.intake.commands import Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import DAY, HOUR, MINUTE
from troth.messages.limit_settings import read_limits, save_limits
from troth.messages.models import Message, State


@pytest.fixture
def town(workspace: Any) -> Town:
    return Town(workspace)


RULES = {
    "delay": "PT1H",
    "unless": {"event": "bought"},
    "reentry": {"rule": "once_per_span", "span": "P2D"},
    "cap": {"messages": 2, "per": "P30D"},
    "hours": {"from": "08:00", "until": "20:00"},
}


def draft(town: Town, **more: Any) -> Campaign:
    fields = {"name": "R", "trigger_event": "cart", "purpose": "marketing_email", "subject": "s", "html": "<p>x</p>", "rules": RULES}
    return create_campaign(town.pk, **{**fields, **more})


def live(town: Town) -> None:
    """Days in which people fill carts, buy or not."""
    ann, ben = town.person("ann"), town.person("ben")
    eve = Identity(external_id="eve", email="eve@example.com")
    apply([Identify(identity=eve, **town.common())], now=town.now)
    for day in range(6):
        town.does(ann, "cart", plan="pro")
        town.does(ben, "cart", plan="free" if day % 2 else "pro")
        town.does(eve, "cart", plan="pro")
        town.later(10 * MINUTE)
        if day in (0, 4):
            town.does(ben, "bought")
        town.later(2 * HOUR)
        town.later(DAY - 2 * HOUR - 10 * MINUTE)


def test_a_rehearsal_tells_what_running_it_would_have_done(town: Town) -> None:
    condition = {"property": "plan", "op": "equals", "value": "pro"}
    own = publish_campaign(draft(town, conditions=condition), now=town.now)
    live(town)
    told = rehearse(own, days=30, now=town.now)
    real = Message.objects.filter(source=f"campaign:{own.pk}")
    assert told.occasions == 18
    assert told.would == real.filter(state=State.SENT).count() > 0
    for reason in ("behavioural_profiling:no_consent", "cap:campaign", "unless:bought"):
        assert told.outcomes[reason] == real.filter(reason=reason).count() > 0, reason
    assert told.outcomes["trigger:conditions"] == 3
    assert told.is_whole
    assert sum(told.by_day.values()) == told.would


def test_a_draft_is_rehearsed_and_nothing_is_left_behind(town: Town) -> None:
    own = draft(town)
    live(town)
    before = (Message.objects.count(), Campaign.objects.get().state)
    told = rehearse(own, days=30, now=town.now)
    assert told.would > 0
    assert (Message.objects.count(), Campaign.objects.get().state) == before == (0, "draft")
    few = rehearse(own, days=30, now=town.now, most=5)
    assert (few.occasions, few.is_whole) == (5, False)
    assert rehearse(own, days=1, now=town.now + 2 * DAY).occasions == 0


def test_quiet_hours_and_caps_of_the_workspace_count(town: Town) -> None:
    save_limits(town.pk, read_limits({"quiet_hours": {"from": "10:00", "until": "15:00"}, "caps": [{"messages": 1, "per": "P30D"}]}))
    own = draft(town, rules={})
    ann = town.person("ann")
    town.does(ann, "cart")
    town.does(ann, "cart", at=town.now - MINUTE)
    told = rehearse(own, days=1, now=town.now)
    assert (told.would, told.outcomes["cap:workspace"]) == (1, 1)
    assert told.samples[""][0].due_at == NOON + 3 * HOUR


def test_dates_are_rehearsed_on_the_days_that_were(town: Town) -> None:
    own = draft(town, trigger={"kind": "date", "attribute": "joined_on", "days": 1, "at": "10:00"}, trigger_event="", rules={})
    from datetime import UTC, datetime

    town.person("ann", joined_on=datetime.fromtimestamp((NOON - 3 * DAY) / 1000, UTC).date().isoformat())
    town.person("ben", joined_on="2001-01-01")
    assert (rehearse(own, days=5, now=town.now).would, rehearse(own, days=1, now=town.now).would) == (1, 0)


@pytest.mark.parametrize("on", ["entry", "exit"])
def test_who_would_have_entered_or_left_a_segment_is_rehearsed_as_running_it_went(town: Town, on: str) -> None:
    from troth.segments.registry import create_segment

    active = create_segment(town.pk, name="Active", definition={"event": "login", "op": "did", "within": "P2D"}, now=town.now)
    trigger = {"kind": "segment", "segment": active.pk, "on": on}
    own = publish_campaign(draft(town, trigger=trigger, trigger_event="", rules={}), now=town.now)
    town.later(HOUR)
    ann, ben = town.person("ann"), town.person("ben")
    for day in range(9):
        if day in (0, 1, 5):
            town.does(ann, "login")
        if day == 3:
            town.does(ben, "login")
        for _ in range(4):
            town.later(6 * HOUR)
    told = rehearse(own, days=30, now=town.now)
    real = Message.objects.filter(source=f"campaign:{own.pk}", state=State.SENT).count()
    assert told.would == told.occasions == real == 3
    assert (told.is_known, told.is_whole, told.unrecorded) == (True, True, [])


def test_where_nothing_recorded_tells_who_left_it_says_so(town: Town) -> None:
    from troth.segments.registry import create_segment

    vip = {"tag": "vip"}
    tagged = create_segment(town.pk, name="VIP", definition=vip, now=town.now)
    mixed = create_segment(town.pk, name="Active VIP", definition={"all": [vip, {"event": "login", "op": "did"}]}, now=town.now)
    told = [
        rehearse(draft(town, trigger={"kind": "segment", "segment": one.pk, "on": "exit"}, trigger_event=""), days=7, now=town.now)
        for one in (tagged, mixed)
    ]
    assert [(one.is_known, one.unrecorded) for one in told] == [(False, ["has the tag vip"]), (True, ["has the tag vip"])]


def test_it_is_shown_in_the_console_and_on_a_terminal_with_persons_only_to_who_may_see_them(town: Town, workspace: Any) -> None:
    from troth.kernel.clock import now_ms

    own = draft(town, rules={})
    town.now = now_ms() - HOUR
    town.does(town.person("ann"), "cart")
    page = f"/console/{workspace.pk}/campaigns/{own.pk}/rehearsal"
    assert "Would have been sent" not in join(workspace, "marketer").get(page).content.decode()
    seen = join(workspace, "developer").get(f"{page}?days=7").content.decode()
    assert "Would have been sent" in seen
    assert "ann@example.com" in seen
    hidden = join(workspace, "viewer").get(f"{page}?days=7").content.decode()
    assert "Would have been sent" in hidden
    assert "ann@example.com" not in hidden
    out, plain = io.StringIO(), io.StringIO()
    call_command("campaign_rehearse", str(workspace.pk), str(own.pk), "--days", "7", stdout=out)
    assert "1  would have been sent" in out.getvalue()
    call_command("campaign_rehearse", str(workspace.pk), str(own.pk), "--json", stdout=plain)
    assert json.loads(plain.getvalue())["outcomes"] == {"": 1}
