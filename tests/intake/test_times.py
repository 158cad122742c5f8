from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from troth.intake.times import EARLIEST, LATEST, parse_time
from troth.kernel.clock import iso

ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.integers(0, LATEST))
def test_a_time_written_in_iso_8601_is_read_to_the_millisecond(ms: int) -> None:
    assert parse_time(iso(ms)) == ms
    assert parse_time(iso(ms).replace("Z", "+00:00")) == ms


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)), ZONES)
def test_offsets_count_with_and_without_colon(moment: datetime, zone: timezone) -> None:
    text = moment.replace(microsecond=0, tzinfo=zone).isoformat()
    ms = round(moment.replace(microsecond=0, tzinfo=zone).timestamp() * 1000)
    assert parse_time(text) == ms
    assert parse_time(text[:-3] + text[-2:]) == ms


def test_a_time_without_zone_is_utc() -> None:
    assert parse_time("2026-01-02T03:04:05") == round(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp() * 1000)


def test_numbers_are_seconds_and_large_ones_milliseconds() -> None:
    assert (
        parse_time(1_685_421_991)
        == parse_time("1685421991")
        == parse_time(1_685_421_991_000)
        == parse_time("1685421991000")
        == 1_685_421_991_000
    )
    assert parse_time(0) == 0


@given(
    st.one_of(
        st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.integers()), st.dictionaries(st.text(), st.text())
    )
)
def test_anything_else_is_no_time_and_never_an_error(value: object) -> None:
    found = parse_time(value)
    assert found is None or EARLIEST - 86_400_000 <= found <= LATEST + 86_400_000


def test_what_is_no_time_is_none() -> None:
    for value in (
        "",
        "yesterday",
        "2026-13-01",
        "20261301",
        "²" * 10,
        True,
        1e300,
        float("nan"),
        -1e300,
        "0001-01-01T00:00:00+23:59x",
        "x" * 99,
    ):
        assert parse_time(value) is None
