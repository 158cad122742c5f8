"""A local time is one instant, in every zone and on both nights of the clock change."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from troth.kernel.local_time import find_zone, first_instant_anywhere, instant_of, last_instant_anywhere, local_time

ZONES = sorted(zoneinfo.available_timezones() - {"localtime"})
days = st.dates(date(1990, 1, 1), date(2060, 12, 31))
times = st.times()


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def test_a_time_that_the_clock_skips_comes_an_hour_later() -> None:
    berlin = find_zone("Europe/Berlin")
    assert berlin is not None
    assert instant_of(date(2027, 3, 28), time(2, 30), berlin) == ms("2027-03-28T01:30:00+00:00")
    assert local_time(instant_of(date(2027, 3, 28), time(2, 30), berlin), berlin).time() == time(3, 30)


def test_a_time_that_comes_twice_is_the_first() -> None:
    berlin = find_zone("Europe/Berlin")
    assert berlin is not None
    assert instant_of(date(2026, 10, 25), time(2, 30), berlin) == ms("2026-10-25T00:30:00+00:00")


def test_what_is_no_zone_is_none() -> None:
    assert find_zone("Mars/Olympus") is None
    assert find_zone("") is None
    assert find_zone("../../etc/passwd") is None


@given(day=days, at=times, name=st.sampled_from(ZONES))
def test_the_clock_shows_the_time_that_was_asked_for_or_it_was_skipped(day: date, at: time, name: str) -> None:
    zone = find_zone(name)
    assert zone is not None
    wanted = datetime.combine(day, at.replace(microsecond=at.microsecond // 1000 * 1000))
    shown = local_time(instant_of(day, wanted.time(), zone), zone).replace(tzinfo=None)
    assert shown == wanted or timedelta() < shown - wanted <= timedelta(hours=24)


@given(day=days, at=times, name=st.sampled_from(ZONES))
def test_everywhere_a_local_time_comes_between_the_first_and_the_last_instant(day: date, at: time, name: str) -> None:
    zone = find_zone(name)
    assert zone is not None
    assert first_instant_anywhere(day, at) - 1 <= instant_of(day, at, zone) <= last_instant_anywhere(day, at) + 24 * 3_600_000
    assert datetime.fromtimestamp(first_instant_anywhere(day, at) / 1000, UTC)
