"""When a newsletter goes out, across zones and clock changes; and who is drawn for what."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernel.test_local_time import ZONES
from troth.campaigns.newsletters.drawing import HELD_OUT, WAITS, Share, assign, draw, pick
from troth.campaigns.newsletters.errors import NewsletterInvalid
from troth.campaigns.newsletters.schedule import due_for, first_begin, next_begin, read_schedule
from troth.kernel.ids import new_person_id
from troth.kernel.local_time import find_zone, local_time


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


NOW = ms("2026-11-25T12:00:00+00:00")
WRONG: list[tuple[Any, str]] = [
    ({}, "$.schedule"),
    ({"kind": "soon"}, "$.schedule.kind"),
    ({"kind": "at", "at": "tomorrow"}, "$.schedule.at"),
    ({"kind": "at", "at": "2026-12-01T09:00:00"}, "$.schedule.at"),
    ({"kind": "local", "day": "2026-12-01", "time": "9 o'clock", "zone": "Europe/Berlin"}, "$.schedule.time"),
    ({"kind": "local", "day": "2026-12-01", "time": "09:00", "zone": "Berlin"}, "$.schedule.zone"),
    ({"kind": "recurring", "cron": "every monday", "zone": "Europe/Berlin"}, "$.schedule.cron"),
    ({"kind": "recurring", "cron": "0 9 31 2 *", "zone": "Europe/Berlin"}, "$.schedule.cron"),
    ({"kind": "recurring", "cron": "*/10 * * * *", "zone": "Europe/Berlin"}, "$.schedule.cron"),
    ({"kind": "now", "cron": "0 9 * * 1"}, "$.schedule"),
]


@pytest.mark.parametrize(("given_", "place"), WRONG, ids=[place + str(number) for number, (_, place) in enumerate(WRONG)])
def test_a_schedule_that_cannot_be_kept_is_refused_with_its_place(given_: Any, place: str) -> None:
    with pytest.raises(NewsletterInvalid) as refused:
        read_schedule(given_)
    assert str(refused.value).startswith(place)


def test_now_begins_now_and_an_instant_that_has_passed_too() -> None:
    assert first_begin(read_schedule({"kind": "now"}), NOW) == NOW
    assert first_begin(read_schedule({"kind": "at", "at": "2020-01-01T00:00:00Z"}), NOW) == NOW
    assert first_begin(read_schedule({"kind": "at", "at": "2026-12-01T09:00:00+01:00"}), NOW) == ms("2026-12-01T08:00:00+00:00")


def test_each_person_gets_it_when_their_own_clock_shows_the_time() -> None:
    schedule = read_schedule({"kind": "local", "day": "2026-12-01", "time": "09:00", "zone": "Europe/Berlin"})
    begins = first_begin(schedule, NOW)
    assert due_for(schedule, begins, "Asia/Tokyo") == ms("2026-12-01T00:00:00+00:00")
    assert due_for(schedule, begins, "America/New_York") == ms("2026-12-01T14:00:00+00:00")
    assert due_for(schedule, begins, None) == due_for(schedule, begins, "Mars/Olympus") == ms("2026-12-01T08:00:00+00:00")


@settings(max_examples=60)
@given(zone=st.sampled_from(ZONES), day=st.dates(date(2026, 1, 1), date(2030, 12, 31)), hour=st.integers(0, 23))
def test_a_local_time_is_never_before_it_begins_and_is_what_the_clock_shows(zone: str, day: date, hour: int) -> None:
    schedule = read_schedule({"kind": "local", "day": day.isoformat(), "time": f"{hour:02d}:30", "zone": "UTC"})
    begins = first_begin(schedule, 0)
    due = due_for(schedule, begins, zone)
    known = find_zone(zone)
    assert known is not None
    shown = local_time(due, known)
    assert begins <= due
    assert (shown.date(), shown.hour, shown.minute) == (day, hour, 30) or shown.replace(tzinfo=None) > datetime(
        day.year, day.month, day.day, hour, 30
    )


def test_mondays_at_nine_stay_at_nine_when_the_clock_is_changed() -> None:
    schedule = read_schedule({"kind": "recurring", "cron": "0 9 * * 1", "zone": "Europe/Berlin"})
    at = ms("2027-03-20T00:00:00+00:00")
    found = []
    for _ in range(3):
        following = next_begin(schedule, at)
        assert following is not None
        found.append(datetime.fromtimestamp(following / 1000, UTC).isoformat())
        at = following
    assert found == ["2027-03-22T08:00:00+00:00", "2027-03-29T07:00:00+00:00", "2027-04-05T07:00:00+00:00"]


@given(name=st.text(max_size=20), person_id=st.integers(1, 2**63 - 1))
def test_a_draw_is_the_same_every_time_and_between_nought_and_one(name: str, person_id: int) -> None:
    assert draw(name, person_id) == draw(name, person_id)
    assert 0 <= draw(name, person_id) < 1


def test_variants_are_spread_as_their_shares_say_and_independently_of_the_hold_out() -> None:
    shares = [Share("A", 50), Share("B", 30), Share("C", 20)]
    people = [new_person_id() for _ in range(20_000)]
    drawn = [assign(newsletter_id=1, run_id=2, person_id=one, shares=shares, holdout=10, tested=None) for one in people]
    counts = Counter(drawn)
    for key, expected in {HELD_OUT: 0.1, "A": 0.45, "B": 0.27, "C": 0.18}.items():
        assert abs(counts[key] / len(people) - expected) < 0.015, key


def test_who_waits_for_the_better_variant_is_the_rest_of_the_test() -> None:
    people = [new_person_id() for _ in range(10_000)]
    shares = [Share("A", 1), Share("B", 1)]
    drawn = Counter(assign(newsletter_id=1, run_id=2, person_id=one, shares=shares, holdout=0, tested=20) for one in people)
    assert abs(drawn[WAITS] / len(people) - 0.8) < 0.02
    assert abs(drawn["A"] - drawn["B"]) < 300


def test_the_hold_out_is_the_same_people_every_time_while_variants_are_drawn_anew() -> None:
    people = [new_person_id() for _ in range(2_000)]
    shares = [Share("A", 1), Share("B", 1)]
    first, second = (
        [assign(newsletter_id=1, run_id=run, person_id=one, shares=shares, holdout=20, tested=None) for one in people] for run in (1, 2)
    )
    assert [one == HELD_OUT for one in first] == [one == HELD_OUT for one in second]
    assert first != second


@given(st.lists(st.integers(1, 100), min_size=1, max_size=5), st.floats(0, 1, exclude_max=True))
def test_every_draw_has_a_variant(parts: list[int], drawn: float) -> None:
    shares = [Share(str(number), part) for number, part in enumerate(parts)]
    assert pick(shares, drawn) in {share.key for share in shares}
