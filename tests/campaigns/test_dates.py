"""Campaigns that wait for a date: due by the person's clock, every year or once, moved with the date, whatever clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.campaigns.town import NOON, Town
from troth.campaigns.dates import find_coming
from troth.campaigns.publishing import pause_campaign, resume_campaign
from troth.campaigns.rules import DateTrigger
from troth.campaigns.why import tell_why
from troth.intake.commands import Identify
from troth.intake.door import apply
from troth.kernel.clock import DAY, HOUR, MINUTE
from troth.messages.models import Message, State
from troth.people.lookup import find_person

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "America/Santiago", "Australia/Lord_Howe")


def day_after(days: int) -> str:
    return (datetime.fromtimestamp(NOON / 1000, UTC).date() + timedelta(days=days)).isoformat()


@pytest.fixture
def town(workspace: Any) -> Town:
    return Town(workspace)


def renewal(town: Town, **more: Any) -> Any:
    trigger = {"kind": "date", "attribute": "renews_on", "days": -7, "at": "14:00"}
    return town.campaign(event="", trigger={**trigger, **more})


def test_a_reminder_is_due_some_days_before_at_the_time_of_the_person(town: Town) -> None:
    renewal(town)
    town.person("here", renews_on=day_after(7))
    town.person("east", renews_on=day_after(7), timezone="Etc/GMT-1")
    town.person("later", renews_on=day_after(8))
    town.person("odd", renews_on="soon")
    town.later(30 * MINUTE)
    due = sorted((message.due_at - NOON) // HOUR for message in Message.objects.all())
    assert due == [1, 2]
    town.later(90 * MINUTE)
    assert town.states() == [(State.SENT, "")] * 2


def test_a_date_that_is_moved_takes_its_message_with_it(town: Town) -> None:
    renewal(town)
    ann = town.person("ann", renews_on=day_after(7))
    town.later()
    assert town.states() == [(State.QUEUED, "")]
    apply([Identify(identity=ann, attributes={"renews_on": day_after(8)}, **town.common())], now=town.now)
    town.later(2 * HOUR)
    assert town.states() == [(State.SKIPPED, "date:moved")]
    town.later(DAY - HOUR)
    town.later(HOUR)
    assert town.states() == [(State.SKIPPED, "date:moved"), (State.SENT, "")]


def test_a_birthday_comes_every_year_and_is_had_once_a_year(town: Town) -> None:
    own = town.campaign(event="", trigger={"kind": "date", "attribute": "born_on", "at": "13:00", "yearly": True})
    town.person("ann", born_on=f"1990{day_after(0)[4:]}" if day_after(0)[5:] != "02-29" else "1988-02-29")
    for _ in range(4):
        town.later(30 * MINUTE)
    assert town.states() == [(State.SENT, "")]
    now = tell_why(find_person(town.pk, "ann"), own, town.now)[-1]
    assert any("“born_on” comes on " in link.says for link in now.links)


def test_what_came_while_it_was_paused_is_not_made_up_for(town: Town) -> None:
    own = renewal(town)
    pause_campaign(own)
    town.person("ann", renews_on=day_after(7))
    town.later(4 * HOUR)
    own.refresh_from_db()
    resume_campaign(own)
    from troth.campaigns.date_planning import begin_planning

    begin_planning(own, town.now)
    town.later()
    assert town.states() == []


texts = st.dates(date(1950, 1, 1), date(2030, 12, 31)).map(date.isoformat)


@settings(max_examples=120, deadline=None)
@given(
    text=texts,
    zone=st.sampled_from(ZONES),
    since=st.datetimes(datetime(2023, 1, 1), datetime(2029, 1, 1)),
    length=st.integers(1, 60),
    days=st.integers(-40, 40),
    minute=st.integers(0, 24 * 60 - 1),
    yearly=st.booleans(),
)
@example(text="1988-02-29", zone="UTC", since=datetime(2027, 2, 1), length=60, days=0, minute=540, yearly=True)
@example(text="1988-02-29", zone="UTC", since=datetime(2028, 2, 1), length=60, days=0, minute=540, yearly=True)
@example(text="2026-03-29", zone="Europe/Berlin", since=datetime(2026, 3, 28), length=2, days=0, minute=150, yearly=False)
@example(text="2026-10-25", zone="Europe/Berlin", since=datetime(2026, 10, 24), length=2, days=0, minute=150, yearly=False)
def test_a_date_comes_when_a_calendar_says_so(
    text: str, zone: str, since: datetime, length: int, days: int, minute: int, yearly: bool
) -> None:
    begin = round(since.replace(tzinfo=UTC).timestamp() * 1000)
    end = begin + length * DAY
    trigger = DateTrigger(attribute="x", days=days, at=f"{minute // 60:02}:{minute % 60:02}", yearly=yearly)
    found = find_coming(trigger, text, ZoneInfo(zone), begin, end)
    # Naively: every day of the span, is the day that many days before it the date?
    own = date.fromisoformat(text)
    expected = []
    for number in range(-3, length + 4):
        day = since.date() + timedelta(days=number)
        meant = day - timedelta(days=days)
        leapless = (own.month, own.day) == (2, 29) and (meant.month, meant.day) == (2, 28) and (meant + timedelta(days=1)).month == 3
        same = (meant.month, meant.day) == (own.month, own.day) or leapless
        if meant == own or (yearly and same and meant.year >= own.year):
            local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=ZoneInfo(zone))
            at = round(local.astimezone(UTC).timestamp() * 1000)
            if begin < at <= end:
                expected.append((meant, at))
    assert found == (expected[0] if expected else None)
