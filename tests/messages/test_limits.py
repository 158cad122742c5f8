"""Caps, quiet hours and hours of the day: the pure rules against a naive model, over all zones and both nights of the clock change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from troth.kernel.clock import DAY, HOUR, MINUTE
from troth.messages.hours import WEEKDAYS, Hours, HoursInvalid, check_hours, next_allowed
from troth.messages.limits import Cap, Had, Room, Waiting, judge_caps

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "America/Santiago",
    "Asia/Tehran",
)
SPRING = datetime(2026, 3, 28, 12, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 24, 12, tzinfo=UTC)
OCTOBER_LORD_HOWE = datetime(2026, 10, 3, 9, tzinfo=UTC)


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def of(hours: Hours | None, local: datetime) -> bool:
    """Said again, naively: compares texts as the clock shows them."""
    if hours is None:
        return False
    if hours.days and WEEKDAYS[local.weekday()] not in hours.days:
        return False
    shown = local.strftime("%H:%M")
    return hours.since <= shown < hours.until if hours.since < hours.until else shown >= hours.since or shown < hours.until


def walk(at: int, zone: ZoneInfo, only: Hours | None, quiet: Hours | None) -> int | None:
    """Minute by minute, for nine days."""
    moment, step = at, MINUTE - at % MINUTE
    while moment < at + 8 * DAY:
        local = datetime.fromtimestamp(moment / 1000, UTC).astimezone(zone)
        if (only is None or of(only, local)) and not of(quiet, local):
            return moment
        moment, step = moment + step, MINUTE
    return None


minutes = st.integers(0, 24 * 60 - 1)
spans = st.tuples(minutes, minutes).filter(lambda two: two[0] != two[1])


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    begin=st.sampled_from([SPRING, AUTUMN, OCTOBER_LORD_HOWE]),
    after=st.integers(0, 2 * DAY),
    quiet=st.none() | spans,
    only=st.none() | spans,
    days=st.sets(st.sampled_from(WEEKDAYS), max_size=2),
)
@example(zone="Europe/Berlin", begin=SPRING, after=11 * HOUR, quiet=(22 * 60, 2 * 60 + 30), only=None, days=set())
@example(zone="Europe/Berlin", begin=AUTUMN, after=12 * HOUR + 40 * MINUTE, quiet=(22 * 60, 2 * 60 + 30), only=None, days=set())
def test_the_next_moment_that_is_allowed_is_the_one_a_walk_by_the_minute_finds(
    zone: str, begin: datetime, after: int, quiet: tuple[int, int] | None, only: tuple[int, int] | None, days: set[str]
) -> None:
    at = round(begin.timestamp() * 1000) + after
    hours = Hours(since=clock(only[0]), until=clock(only[1]), days=tuple(sorted(days))) if only else None
    still = Hours(since=clock(quiet[0]), until=clock(quiet[1])) if quiet else None
    there = ZoneInfo(zone)
    found = next_allowed(at, there, only=hours, quiet=still)
    assert found == walk(at, there, hours, still)


def test_quiet_hours_end_by_the_clock_on_the_wall_on_both_nights() -> None:
    berlin, quiet = ZoneInfo("Europe/Berlin"), Hours(since="22:00", until="08:00")
    for evening, hours in ((datetime(2026, 3, 28, 22, tzinfo=berlin), 9), (datetime(2026, 10, 24, 22, tzinfo=berlin), 11)):
        at = round(evening.timestamp() * 1000)
        assert next_allowed(at, berlin, quiet=quiet) == at + hours * HOUR
        assert next_allowed(at - 1, berlin, quiet=quiet) == at - 1


def test_a_time_that_the_clock_skips_ends_quiet_hours_when_the_clock_is_changed() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    at = round(datetime(2026, 3, 29, 0, 30, tzinfo=berlin).timestamp() * 1000)
    found = next_allowed(at, berlin, quiet=Hours(since="22:00", until="02:30"))
    assert found is not None
    assert datetime.fromtimestamp(found / 1000, berlin).strftime("%H:%M") == "03:00"


def test_hours_within_quiet_hours_never_come() -> None:
    assert next_allowed(0, ZoneInfo("UTC"), only=Hours(since="23:00", until="05:00"), quiet=Hours(since="22:00", until="08:00")) is None


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        (Hours(since="9:00", until="10:00"), "$.h.from: write a time of day as HH:MM, such as 09:00."),
        (Hours(since="09:00", until="25:00"), "$.h.until: write a time of day as HH:MM, such as 09:00."),
        (Hours(since="09:00", until="09:00"), "$.h: begins and ends at the same time: choose two times."),
    ],
)
def test_hours_that_cannot_be_kept_are_refused_with_the_place(hours: Hours, told: str) -> None:
    with pytest.raises(HoursInvalid) as caught:
        check_hours(hours, "$.h")
    assert str(caught.value) == told


NOW = 100 * DAY
messages = st.builds(
    Had,
    message_id=st.integers(1, 10**6),
    at=st.integers(NOW - 10 * DAY, NOW - 1),
    source=st.sampled_from(["campaign:1", "campaign:2"]),
    channel=st.sampled_from(["email", "push"]),
    topic=st.sampled_from(["", "a", "b"]),
    is_marketing=st.booleans(),
)
caps = st.builds(
    Cap,
    messages=st.integers(1, 3),
    per=st.sampled_from(["P1D", "P7D"]),
    scope=st.sampled_from(["campaign", "topic", "channel", "workspace"]),
)
LENGTH = {"P1D": DAY, "P7D": 7 * DAY}


def concerns(cap: Cap, one: Had, other: Had) -> bool:
    alike = {
        "campaign": one.source == other.source,
        "topic": one.topic != "" and one.topic == other.topic and other.is_marketing,
        "channel": one.channel == other.channel and other.is_marketing,
        "workspace": other.is_marketing,
    }
    return alike[cap.scope]


@settings(max_examples=80, deadline=None)
@given(
    limits=st.lists(caps, max_size=3), had=st.lists(messages, max_size=5), new=st.lists(st.tuples(messages, st.integers(0, 3)), max_size=5)
)
def test_no_cap_is_ever_exceeded_and_the_highest_priority_goes_first(limits: list[Cap], had: list[Had], new: list[tuple[Had, int]]) -> None:
    numbered = [(one._replace(message_id=10**7 + place, at=NOW), priority) for place, (one, priority) in enumerate(new)]
    waiting = [Waiting(one, priority, NOW, is_ours=True) for one, priority in numbered]
    rulings = judge_caps(limits, had, waiting, NOW)
    went = [one for one, _ in numbered if rulings[one.message_id].room is Room.GO]
    # Naively: one after the other, the highest priority first, each if after it no cap that concerns it is over.
    expected: list[Had] = []
    for one, _ in sorted(numbered, key=lambda pair: (-pair[1], pair[0].message_id)):
        all_had = [*had, *expected]
        if all(sum(o.at > NOW - LENGTH[c.per] and concerns(c, one, o) for o in all_had) < c.messages for c in limits):
            expected.append(one)
    assert {one.message_id for one in went} == {one.message_id for one in expected}
    assert all(ruling.room is not Room.WAIT for ruling in rulings.values())


def test_what_depends_on_an_undecided_message_of_higher_priority_waits_and_what_does_not_goes() -> None:
    one_a_day = [Cap(messages=1, per="P1D")]
    mine = Had(1, NOW, "campaign:1", "email", "", is_marketing=True)
    rival = Had(2, NOW, "campaign:2", "email", "", is_marketing=True)
    ours = Waiting(mine, 50, NOW, is_ours=True)
    assert judge_caps(one_a_day, [], [ours, Waiting(rival, 60, NOW, is_ours=False)], NOW)[1].room is Room.WAIT
    assert judge_caps(one_a_day, [], [ours, Waiting(rival, 40, NOW, is_ours=False)], NOW)[1].room is Room.GO
    assert judge_caps(one_a_day, [], [ours, Waiting(rival, 40, NOW, is_ours=False, is_ahead=True)], NOW)[1].room is Room.WAIT
    two = [Cap(messages=2, per="P1D")]
    assert judge_caps(two, [], [ours, Waiting(rival, 60, NOW, is_ours=False)], NOW)[1].room is Room.GO
    full = judge_caps(one_a_day, [rival._replace(at=NOW - 1)], [ours], NOW)[1]
    assert (full.room, full.against) == (Room.FULL, (2,))
    assert judge_caps(one_a_day, [rival._replace(at=NOW - DAY)], [ours], NOW)[1].room is Room.GO


def test_service_messages_take_no_room_from_marketing() -> None:
    receipt = Had(2, NOW - 1, "campaign:2", "email", "", is_marketing=False)
    ours = Waiting(Had(1, NOW, "campaign:1", "email", "", is_marketing=True), 50, NOW, is_ours=True)
    assert judge_caps([Cap(messages=1, per="P1D")], [receipt], [ours], NOW)[1].room is Room.GO


def test_all_zones_have_an_end_of_the_quiet_hours() -> None:
    from zoneinfo import available_timezones

    quiet = Hours(since="21:00", until="09:00")
    for begin in (SPRING, AUTUMN):
        for name in sorted(available_timezones())[::9]:
            zone, at = ZoneInfo(name), round((begin + timedelta(hours=9)).timestamp() * 1000)
            found = next_allowed(at, zone, quiet=quiet)
            assert found is not None
            local = datetime.fromtimestamp(found / 1000, UTC).astimezone(zone)
            assert found == at or (local.hour, local.minute) == (9, 0)
