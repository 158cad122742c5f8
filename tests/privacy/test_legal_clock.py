"""One month, as the law counts it: pure, held against a clock that counts day by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.kernel.clock import DAY
from troth.privacy.legal_clock import (
    EXTENDED,
    FIRST,
    PROMPT,
    ExtensionImpossible,
    Pause,
    Seat,
    SeatUnknown,
    check_extension,
    check_seat,
    due_at,
    read_clock,
    term_end,
)

SEATS = [
    Seat(),
    Seat("DE", "BY", "Europe/Berlin"),
    Seat("FR", "", "Europe/Paris"),
    Seat("IE", "", "Europe/Dublin"),
    Seat("", "", "Asia/Tokyo"),
]


def ms(text: str, zone: str = "+00:00") -> int:
    return int(datetime.fromisoformat(text + zone).timestamp() * 1000)


def day_due(instant: int, seat: Seat = SEATS[0]) -> str:
    end = datetime.fromtimestamp((instant + 1) / 1000, seat.zone_info)
    assert (end.hour, end.minute) == (0, 0), "a term ends with the last hour of a day"
    return (end.date() - timedelta(days=1)).isoformat()


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-03-05T10:00", "2026-04-06"),  # 5 April is a Sunday (Easter), so Monday
        ("2027-01-31T23:59", "2027-03-01"),  # 28 February is a Sunday
        ("2028-01-31T00:00", "2028-02-29"),  # a leap year
        ("2026-12-15T08:00", "2027-01-15"),
        ("2026-05-31T12:00", "2026-06-30"),
    ],
)
def test_a_request_is_due_on_the_same_day_of_the_next_month_or_the_next_working_day(received: str, due: str) -> None:
    assert day_due(due_at(ms(received))) == due


@pytest.mark.parametrize(
    ("seat", "received", "due"),
    [
        (Seat("DE", "BY", "Europe/Berlin"), "2026-03-05T10:00", "2026-04-07"),  # Easter Monday too
        (Seat("DE", "BY", "Europe/Berlin"), "2025-12-06T09:00", "2026-01-07"),  # Epiphany in Bavaria
        (Seat("DE", "BE", "Europe/Berlin"), "2025-12-06T09:00", "2026-01-06"),  # … and not in Berlin
        (Seat("FR", "", "Europe/Paris"), "2026-06-14T09:00", "2026-07-15"),  # the national day
        (Seat("", "", "Europe/Berlin"), "2027-03-31T22:30", "2027-05-03"),  # there it was 1 April already; 1 May is a Saturday
    ],
)
def test_public_holidays_and_days_are_those_of_the_seat(seat: Seat, received: str, due: str) -> None:
    assert day_due(due_at(ms(received), seat), seat) == due


def naive_end(received: date, seat: Seat, months: int, stood_days: int) -> date:
    """Day by day, with no arithmetic on months: the same number in the month that comes after so many, or the day before it is over."""
    day, left = received, months
    while left:
        day += timedelta(days=1)
        if day.day == 1:
            left -= 1
    while day.day != received.day:
        if (day + timedelta(days=1)).month != day.month:
            break
        day += timedelta(days=1)
    for _ in range(stood_days):
        day += timedelta(days=1)
    while not seat.is_working_day(day):
        day += timedelta(days=1)
    return day


@given(
    moment=st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2060, 1, 1)),
    seat=st.sampled_from(SEATS),
    months=st.sampled_from([FIRST, EXTENDED]),
    stood=st.integers(0, 40 * DAY),
)
def test_the_end_of_the_term_is_that_of_a_clock_that_counts_day_by_day(moment: datetime, seat: Seat, months: int, stood: int) -> None:
    received = int(moment.replace(tzinfo=UTC).timestamp() * 1000)
    local = datetime.fromtimestamp(received / 1000, seat.zone_info).date()

    end = term_end(received, seat, months, stood)

    assert day_due(end, seat) == naive_end(local, seat, months, stood // DAY).isoformat()
    assert seat.is_working_day(date.fromisoformat(day_due(end, seat)))


RECEIVED = ms("2026-03-02T09:00")
spans = st.lists(st.tuples(st.integers(0, 60 * DAY), st.integers(0, 30 * DAY)), max_size=4)


@given(spans=spans, seat=st.sampled_from(SEATS), extended=st.booleans(), now=st.integers(0, 200 * DAY))
def test_the_clock_stands_still_only_while_the_person_owes_an_answer_to_a_prompt_question(
    spans: list[tuple[int, int]], seat: Seat, extended: bool, now: int
) -> None:
    pauses = [Pause(RECEIVED + since, RECEIVED + since + length) for since, length in spans]
    counted = sum(length for since, length in spans if since <= PROMPT)

    reading = read_clock(RECEIVED, seat, pauses, RECEIVED if extended else None, RECEIVED + now)

    assert reading.first_due_at == term_end(RECEIVED, seat, FIRST, counted)
    assert reading.due_at == term_end(RECEIVED, seat, EXTENDED if extended else FIRST, counted)
    assert reading.left == reading.due_at - RECEIVED - now
    assert not reading.is_paused and reading.is_extended == extended


@given(began=st.integers(0, 2 * PROMPT), first=st.integers(0, 50 * DAY), later=st.integers(0, 50 * DAY))
def test_while_it_stands_still_nothing_becomes_due(began: int, first: int, later: int) -> None:
    pause = [Pause(RECEIVED + began)]
    one, two = (read_clock(RECEIVED, Seat(), pause, None, RECEIVED + began + waited) for waited in (first, first + later))

    assert one.is_paused == two.is_paused == (began <= PROMPT)
    # Whole days count, and a working day may lie further on: within those the time that is left stays the same.
    moved = two.left - one.left
    assert abs(moved) <= 4 * DAY if one.is_paused else moved == -later


def test_an_extension_is_told_inside_the_first_month_once() -> None:
    first = read_clock(RECEIVED, Seat(), [], None, RECEIVED)
    check_extension(first, first.first_due_at)
    with pytest.raises(ExtensionImpossible, match="first month is over"):
        check_extension(first, first.first_due_at + 1)
    with pytest.raises(ExtensionImpossible, match="once"):
        check_extension(read_clock(RECEIVED, Seat(), [], RECEIVED + DAY, RECEIVED + DAY), RECEIVED + DAY)
    assert day_due(term_end(ms("2026-11-30T09:00"), Seat(), EXTENDED)) == "2027-03-01"  # 28 February is a Sunday


@pytest.mark.parametrize(
    ("seat", "told"),
    [
        (Seat("ZZ"), "not known"),
        (Seat("DE", "XX"), "no such region"),
        (Seat("", "BY"), "needs its country"),
        (Seat("", "", "Mars/Base"), "no such time zone"),
    ],
)
def test_a_seat_that_is_not_known_is_refused_with_what_is(seat: Seat, told: str) -> None:
    with pytest.raises(SeatUnknown, match=told):
        check_seat(seat)
    check_seat(Seat("DE", "BY", "Europe/Berlin"))
