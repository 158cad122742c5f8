"""Members write and read durations in words; ISO 8601 keeps them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.kernel.spoken_durations import read_duration, read_from_now, say_duration, say_from_now

_NUMBERS = st.integers(0, 9_999)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("24 months", "P24M"),
        ("1 year, 6 months", "P1Y6M"),
        ("90 minutes", "PT90M"),
        ("1 day 12 hours", "P1DT12H"),
        (" p30d ", "P30D"),
        ("", ""),
        ("soon", "SOON"),
        ("3 days maybe", "3 DAYS MAYBE"),
    ],
)
def test_what_a_member_writes_is_kept_as_iso_8601_and_what_is_no_duration_as_it_is(written: str, kept: str) -> None:
    assert read_duration(written) == kept


def test_durations_are_said_in_words() -> None:
    assert [say_duration(text) for text in ("P1Y6M", "P1W", "PT1H30M", "", "P", "soon")] == [
        "1 year, 6 months",
        "1 week",
        "1 hour, 30 minutes",
        "",
        "P",
        "soon",
    ]


def test_moments_from_now_are_said_and_read_in_words_and_days_stay_days() -> None:
    for kept, told in (("-P30D", "30 days ago"), ("PT12H", "in 12 hours"), ("2026-05-14", "2026-05-14")):
        assert (say_from_now(kept), read_from_now(told)) == (told, kept)


@given(days=st.dictionaries(st.sampled_from("YMWD"), _NUMBERS), hours=st.dictionaries(st.sampled_from("HMS"), _NUMBERS))
def test_what_is_said_is_read_back_the_same(days: dict[str, int], hours: dict[str, int]) -> None:
    written = "P" + "".join(f"{days[unit]}{unit}" for unit in "YMWD" if unit in days)
    written += "T" + "".join(f"{hours[unit]}{unit}" for unit in "HMS" if unit in hours) if hours else ""
    assert read_duration(say_duration(written)) == written
    assert read_from_now(say_from_now(f"-{written}")) == f"-{written}" or written == "P"
