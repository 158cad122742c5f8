"""A marketer writes when a newsletter repeats in words; a line of cron keeps it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.campaigns.newsletters.schedule import read_schedule
from troth.console.newsletters.spoken_schedules import read_spoken_schedule, say_schedule


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("every day at 9:00", "0 9 * * *"),
        ("Daily at 18.30", "30 18 * * *"),
        ("every weekday at 8", "0 8 * * 1-5"),
        ("every Monday at 9:00", "0 9 * * 1"),
        ("Mondays, Wednesdays and Fridays at 07:15", "15 7 * * 1,3,5"),
        ("every tues and thursday at 12", "0 12 * * 2,4"),
        ("every month on the 1st at 9:00", "0 9 1 * *"),
        ("monthly on the 22nd at 9:00", "0 9 22 * *"),
        ("every month on the last day at 20:00", "0 20 L * *"),
        ("0 9 * * 1", "0 9 * * 1"),
    ],
)
def test_what_a_marketer_writes_is_kept_as_a_line_of_cron_that_a_newsletter_takes(written: str, kept: str) -> None:
    assert read_spoken_schedule(written) == kept
    read_schedule({"kind": "recurring", "cron": kept, "zone": "UTC"})


@pytest.mark.parametrize(
    "written", ["now and then", "every someday at 9:00", "at 9:00", "every Monday", "*/5 * * * *", "every month on the at 9"]
)
def test_what_is_no_schedule_stays_as_it_was_written_so_that_the_error_shows_it(written: str) -> None:
    assert read_spoken_schedule(written) == written


@pytest.mark.parametrize("cron", ["0 9 1 * 1", "0 9 * 1 *", "*/5 * * * *", "0 9,18 * * *", ""])
def test_what_these_words_cannot_say_is_shown_as_it_is(cron: str) -> None:
    assert say_schedule(cron) == cron


DAYS = st.one_of(
    st.just(("*", "*")),
    st.just(("*", "1-5")),
    st.just(("L", "*")),
    st.integers(1, 31).map(lambda day: (str(day), "*")),
    st.sets(st.integers(0, 6), min_size=1).map(lambda days: ("*", ",".join(map(str, sorted(days))))),
)


@given(days=DAYS, hour=st.integers(0, 23), minute=st.integers(0, 59))
def test_what_is_said_is_read_back_the_same(days: tuple[str, str], hour: int, minute: int) -> None:
    cron = f"{minute} {hour} {days[0]} * {days[1]}"
    assert say_schedule(cron) != cron
    assert read_spoken_schedule(say_schedule(cron)) == cron
