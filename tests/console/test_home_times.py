"""Days and quarters of an hour as the member's clock divides them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.console.home.times import QUARTER, divide, label_steps, local_day, mark_hours, midnight
from troth.kernel.clock import DAY, HOUR

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Apia")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1000


@given(now=st.integers(at("2024-01-01T00:00:00+00:00"), at("2036-01-01T00:00:00+00:00")), zone=st.sampled_from(ZONES))
def test_thirty_days_end_with_today_and_each_begins_with_its_date(now: int, zone: str) -> None:
    steps = divide("30d", now, zone)
    days = [local_day(edge, zone) for edge in steps.edges]
    assert [(later - earlier).days for earlier, later in pairwise(days)] == [1] * 30
    assert steps.edges[-2] <= now < steps.until
    assert all(local_day(edge - 1, zone) < day for edge, day in zip(steps.edges, days, strict=True))
    assert all(edge % steps.finest == 0 for edge in steps.edges)


@given(now=st.integers(0, at("2036-01-01T00:00:00+00:00")))
def test_a_day_of_quarters_ends_with_the_present_one(now: int) -> None:
    steps = divide("24h", now, "UTC")
    assert len(steps.edges) == 97
    assert steps.until - steps.since == DAY
    assert steps.edges[-2] <= now < steps.until
    assert steps.finest == QUARTER or steps.since % HOUR == 0


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 1), 24)])
def test_a_day_on_which_the_clock_is_set_has_23_or_25_hours(day: date, hours: int) -> None:
    begin = midnight(day, "Europe/Berlin")
    steps = divide("30d", begin + 5 * HOUR, "Europe/Berlin")
    assert steps.edges[-2] == begin
    assert steps.until - begin == hours * HOUR


def test_a_day_whose_midnight_is_skipped_begins_when_it_is_skipped() -> None:
    begin = midnight(date(2026, 4, 24), "Africa/Cairo")
    assert datetime.fromtimestamp(begin / 1000, UTC).astimezone(ZoneInfo("Africa/Cairo")).isoformat() == "2026-04-24T01:00:00+03:00"


def test_days_that_begin_on_a_quarter_are_read_in_quarters() -> None:
    assert divide("30d", at("2026-11-23T12:00:00+00:00"), "Asia/Kathmandu").finest == QUARTER
    assert divide("30d", at("2026-11-23T12:00:00+00:00"), "Europe/Berlin").finest == HOUR


def test_steps_are_called_by_the_members_clock_and_language() -> None:
    now = at("2026-11-23T12:07:00+00:00")
    assert label_steps(divide("24h", now, "UTC"), "Europe/Berlin", "de")[-1] == "13:00"
    assert label_steps(divide("30d", now, "Pacific/Apia"), "Pacific/Apia", "de")[-1] == "24 Nov."


def test_a_day_of_quarters_is_marked_at_round_hours() -> None:
    steps = divide("24h", at("2026-11-23T12:07:00+00:00"), "UTC")
    marks = mark_hours(steps, label_steps(steps, "Europe/Berlin", "en"), "Europe/Berlin")
    assert [mark.label for mark in marks] == ["16:00", "20:00", "00:00", "04:00", "08:00", "12:00"]
