"""Time alone moves people at the very instant: on both nights of the clock change, over months of every length, in every zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.segments.shop import Shop
from troth.kernel.clock import DAY, HOUR, MINUTE
from troth.kernel.json_text import encode
from troth.kernel.local_time import months_later, zones
from troth.kernel.sql import is_sqlite
from troth.messages.limit_settings import Limits, save_limits
from troth.segments.changes import Changed, mark
from troth.segments.clocks import cutoffs, end_in_sql, end_of, least_and_most, zone_of
from troth.segments.horizons import Horizon, Span, local_day, midnight, read_horizon, read_moment, read_span, shift
from troth.segments.kinds import REACH, Facts
from troth.segments.looking import read_freshness
from troth.segments.membership import Cause
from troth.segments.models import Mark, Timer

MOMENTS = st.integers(int(datetime(1980, 1, 1, tzinfo=UTC).timestamp()) * 1000, int(datetime(2060, 1, 1, tzinfo=UTC).timestamp()) * 1000)
SPANS = st.builds(Span, st.integers(0, 30), st.integers(0, 40 * DAY))


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1000


@given(MOMENTS, st.integers(0, 3 * DAY), SPANS, st.sampled_from([1, -1]))
def test_a_horizon_never_runs_back(now: int, later: int, span: Span, sign: int) -> None:
    assert shift(now, span, sign) <= shift(now + later, span, sign)


@given(MOMENTS, st.integers(0, 3 * DAY), st.sampled_from(sorted(zones())))
@settings(max_examples=300)
def test_a_day_that_has_begun_never_comes_back_in_any_zone(now: int, later: int, zone: str) -> None:
    day = local_day(now, zone)
    assert midnight(day, zone) <= now < midnight(day + 1, zone)
    assert day <= local_day(now + later, zone)


@given(
    st.sampled_from(["", "-P7D", "P1M"]), st.sampled_from(["UTC", "Europe/Paris"]), st.one_of(st.none(), st.integers(-9, 9)), st.booleans()
)
def test_a_horizon_is_read_back_from_its_key(span: str, zone: str, days: int | None, in_days: bool) -> None:
    horizon = Horizon(span, zone, days, in_days)
    assert read_horizon(horizon.key) == horizon


@pytest.mark.parametrize(
    ("now", "expected"),
    [("2026-03-28T10:00", "2026-02-28T10:00"), ("2026-03-31T10:00", "2026-03-01T00:00"), ("2026-04-30T10:00", "2026-03-30T10:00")],
)
def test_a_month_ago_is_the_same_day_or_the_end_of_the_month_that_lacks_it(now: str, expected: str) -> None:
    span = read_span("P1M")
    assert span is not None and shift(at(now + "+00:00"), span, -1) == at(expected + "+00:00")


def naively_later(begins: int, months: int, zone: str) -> int:
    """`months_later` told by the offsets that a zone had around the day."""
    own, second = ZoneInfo(zone), begins // 1000
    shown = datetime.fromtimestamp(second, UTC) + (datetime.fromtimestamp(second, own).utcoffset() or timedelta())
    month = shown.month - 1 + months
    first = shown.replace(day=1, year=shown.year + month // 12, month=month % 12 + 1)
    wanted = first + timedelta(days=shown.day - 1)
    if wanted.month != first.month:
        wanted = wanted.replace(day=1, hour=0, minute=0, second=0)
    wall = int(wanted.timestamp())
    before, after = (
        int((datetime.fromtimestamp(wall + days * 86_400, own).utcoffset() or timedelta()).total_seconds()) for days in (-2, 2)
    )
    real = [wall - ahead for ahead in (before, after) if datetime.fromtimestamp(wall - ahead, own).utcoffset() == timedelta(seconds=ahead)]
    return (max(real) if real else wall - before) * 1000 + (begins % 1000 if wanted.day == shown.day else 0)


CLOCKS = st.sampled_from(["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns"])
NEAR_A_CHANGE = st.builds(
    lambda day, minutes: at(f"{day}T00:00:00+00:00") + minutes * MINUTE + 123,
    st.sampled_from(["2025-09-26", "2026-01-30", "2026-02-08", "2026-02-28", "2026-03-03", "2026-09-25", "2026-10-01", "2027-02-28"]),
    st.integers(-36 * 60, 36 * 60),
)


@given(st.one_of(MOMENTS, NEAR_A_CHANGE), st.integers(1, 14), CLOCKS)
def test_a_month_later_is_the_same_time_on_the_clock_of_the_zone(begins: int, months: int, zone: str) -> None:
    assert months_later(begins, months, zone) == naively_later(begins, months, zone)


@pytest.mark.parametrize(
    ("began", "zone", "ends"),
    [
        ("2026-02-08T02:30:00-05:00", "America/New_York", "2026-03-08T03:30:00-04:00"),
        ("2026-10-01T01:30:00-04:00", "America/New_York", "2026-11-01T01:30:00-05:00"),
        ("2026-01-31T23:30:00+01:00", "Europe/Paris", "2026-03-01T00:00:00+01:00"),
        ("2026-03-01T00:30:00+01:00", "Europe/Paris", "2026-04-01T00:30:00+02:00"),
    ],
    ids=["a time that the clock skips", "a time that comes twice", "a day that the month lacks", "a clock put forward between"],
)
def test_a_month_ends_as_the_clock_on_the_wall_says(began: str, zone: str, ends: str) -> None:
    assert months_later(at(began), 1, zone) == at(ends)


@given(
    begins=st.one_of(MOMENTS, NEAR_A_CHANGE),
    span=st.builds(Span, st.integers(0, 14), st.sampled_from([0, 1, DAY])),
    said=st.one_of(CLOCKS, st.sampled_from(["Mars/Olympus", "europe/paris", "", 5, None])),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_database_and_python_read_the_same_clock(workspace: Any, begins: int, span: Span, said: Any) -> None:
    save_limits(workspace.pk, Limits(zone="Europe/Lisbon"))
    end = end_in_sql("e.begins", span, workspace.pk)
    row = "(SELECT CAST(%s AS TEXT) AS attributes) p" if is_sqlite() else "(SELECT CAST(%s AS jsonb) AS attributes) p"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {end.text} FROM {row}, (SELECT CAST(%s AS BIGINT) AS begins) e", [*end.values, encode({"timezone": said}), begins]
        )
        (found,) = cursor.fetchone()
    zone = zone_of(Facts(attributes={"timezone": said}, workspace_id=workspace.pk))
    assert zone == (said if said in zones() else "Europe/Lisbon")
    assert found == end_of(begins, span, zone)
    least, most = least_and_most(span)
    assert begins + least <= found <= begins + most


@given(st.one_of(MOMENTS, NEAR_A_CHANGE), SPANS, st.sampled_from(sorted(zones())), st.integers(-4 * DAY, 4 * DAY))
@settings(max_examples=60, deadline=None)
def test_what_is_over_wherever_somebody_is_is_told_without_a_calendar(now: int, span: Span, zone: str, near: int) -> None:
    over, nowhere = cutoffs(now, span)
    for begins in (over, nowhere + 1, shift(now, span, -1) + near):
        assert begins > over or end_of(begins, span, zone) <= now
        assert begins <= nowhere or end_of(begins, span, zone) > now
    assert nowhere - over <= (8 * DAY if span.months else 0)


@pytest.mark.parametrize("text", ["P", "PT", "7 days", "P1.5D", "-P1D", "P0D", "P300Y", "P1H", ""])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert read_span(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-14T09:00:00.123+02:00", at("2026-05-14T07:00:00+00:00") + 123),
        ("2026-05-14 09:00", at("2026-05-14T09:00:00+00:00")),
        ("2026-05-14T09:00:00.123456789Z", at("2026-05-14T09:00:00+00:00") + 123),
    ],
)
def test_instants_are_read_to_the_millisecond(text: str, expected: int) -> None:
    found = read_moment(text)
    assert found is not None and found.at == expected


@pytest.mark.parametrize(
    ("zone", "day", "midnight_at", "hours"),
    [
        ("Europe/Paris", "2026-03-29", "2026-03-29T00:00:00+01:00", 23),
        ("Europe/Paris", "2026-10-25", "2026-10-25T00:00:00+02:00", 25),
        ("America/New_York", "2026-11-01", "2026-11-01T00:00:00-04:00", 25),
    ],
)
def test_a_renewal_today_is_noticed_at_local_midnight_for_a_day_of_23_or_25_hours(
    shop: Shop, zone: str, day: str, midnight_at: str, hours: int
) -> None:
    begins = at(midnight_at)
    shop.now = begins - 3 * HOUR
    ada = shop.person("ada", renews=day)
    segment = shop.segment({"attribute": "renews", "op": "on_day", "value": 0, "zone": zone})
    shop.pass_time(3 * HOUR - 1)
    assert shop.members(segment) == set()
    shop.pass_time(1)
    assert shop.members(segment) == {ada.person_id}
    shop.pass_time(hours * HOUR - 1)
    assert shop.members(segment) == {ada.person_id}
    shop.pass_time(1)
    assert shop.members(segment) == set()


def test_a_birthday_of_29_february_is_on_the_28th_of_other_years(shop: Shop) -> None:
    shop.now = at("2027-02-27T12:00:00+00:00")
    ada = shop.person("ada", born="1988-02-29")
    segment = shop.segment({"attribute": "born", "op": "anniversary", "value": 0})
    for days, expected in ((0, set()), (1, {ada.person_id}), (1, set()), (365, {ada.person_id}), (1, set())):
        shop.pass_time(days * DAY)
        assert shop.members(segment) == expected, days


def test_three_purchases_in_ten_minutes_count_until_the_first_of_them_is_too_old(shop: Shop) -> None:
    ada = shop.person("ada")
    segment = shop.segment({"event": "bought", "op": "did", "count": {"at_least": 3}, "within": "PT10M"})
    for ago in (9, 5, 1, 8):
        shop.track("ada", "bought", ago=ago * MINUTE)
    assert shop.members(segment) == {ada.person_id}
    assert [timer.value for timer in Timer.objects.filter(segment_id=segment.pk)] == [shop.now - 8 * MINUTE]
    shop.pass_time(2 * MINUTE - 1)
    assert shop.members(segment) == {ada.person_id}
    shop.pass_time(1)
    assert shop.members(segment) == set()


def test_no_timer_waits_where_time_cannot_matter_and_no_mark_where_nothing_is_read(shop: Shop) -> None:
    ada = shop.person("ada", plan="free")
    silent = {"event": "login", "op": "did_not", "within": "P7D"}
    segment = shop.segment({"all": [{"attribute": "plan", "op": "equals", "value": "pro"}, silent]})
    shop.track("ada", "login")
    assert not Timer.objects.exists()
    shop.identify("ada", plan="pro")
    assert Timer.objects.filter(segment_id=segment.pk, person_id=ada.person_id).count() == 1
    unread: list[Any] = [Changed(shop.pk, ada.person_id, what) for what in ("event:viewed", "attribute:city", "tags", "messages")]
    assert mark(unread) == 0
    assert mark([Changed(shop.pk + 1, ada.person_id, "event:login")]) == 0
    assert mark([Changed(shop.pk, ada.person_id, "event:login")] * 2) == 1
    assert Mark.objects.count() == 1


def test_what_lies_farther_ahead_than_timers_reach_is_noticed_at_its_instant_all_the_same(shop: Shop) -> None:
    shop.now = at("2026-05-01T12:00:00+00:00")
    ada = shop.person("ada", renews="2026-05-21")
    segment = shop.segment({"attribute": "renews", "op": "within_next", "value": "P1D", "zone": "Europe/Paris"})
    assert not Timer.objects.exists()
    shop.news.clear()
    for _ in range(6):
        shop.pass_time(3 * DAY)
    shop.pass_time(10 * HOUR - 1)
    assert shop.members(segment) == set()
    shop.pass_time(1)
    assert shop.members(segment) == {ada.person_id}
    assert [(change.entered, change.cause) for change in shop.news] == [(True, Cause.TIME)]


def test_a_segment_that_nobody_looked_at_for_longer_than_timers_reach_says_so(shop: Shop) -> None:
    shop.person("ada")
    silent = shop.segment({"event": "login", "op": "did_not", "within": "P30D"})
    assert read_freshness(silent, shop.now + REACH).behind == 0
    assert read_freshness(silent, shop.now + REACH + HOUR).behind == HOUR
