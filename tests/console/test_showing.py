"""How values are written for whoever reads."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from troth.console.charts import BOTTOM, TOP, Series, bar_chart, line_chart, sparkline
from troth.console.showing import (
    Reader,
    format_duration,
    format_exactly,
    format_moment,
    format_number,
    put_in_words,
    put_plainly,
    writing_for,
)

NOON = 1_790_000_000_000


def test_numbers_follow_the_readers_locale() -> None:
    with writing_for(Reader(locale="de")):
        assert format_number(1_234_567) == "1.234.567"
    with writing_for(Reader(locale="en")):
        assert format_number(1_234_567) == "1,234,567"


def test_moments_follow_the_readers_zone_and_get_longer_the_older_they_are() -> None:
    with writing_for(Reader(zone="Europe/Berlin", now=NOON)):
        assert format_moment(NOON) == "16:13:20"
        assert format_moment(NOON - 86_400_000) == "20 Sep, 16:13"
        assert format_moment(NOON - 400 * 86_400_000) == "17 Aug 2025, 16:13"
        assert format_exactly(NOON) == "2026-09-21 16:13:20.000+02:00 Europe/Berlin · 2026-09-21T14:13:20.000Z"


def test_spans_are_told_in_their_largest_fitting_unit() -> None:
    assert [format_duration(ms) for ms in (12, 40_000, 300_000, 8 * 3_600_000, 3 * 86_400_000)] == [
        "12 ms",
        "40 s",
        "5 min",
        "8 h",
        "3 days",
    ]


def test_machine_names_become_words() -> None:
    assert put_in_words("marketing_email:no_consent") == "marketing email: no consent"
    assert put_in_words("") == ""


def test_json_values_are_written_as_a_person_would() -> None:
    assert [put_plainly(value) for value in (None, True, 4.5, "x", [1, "a"], {"a": None})] == [
        "–",
        "true",
        "4.5",
        "x",
        '[1, "a"]',
        '{"a": null}',
    ]


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=90))
def test_columns_stay_inside_the_picture_and_their_heights_keep_proportion(values: list[tuple[int, int]]) -> None:
    chart = bar_chart(
        "t", [str(n) for n in range(len(values))], [Series("a", "good", [a for a, _ in values]), Series("b", "bad", [b for _, b in values])]
    )
    for column, (a, b) in zip(chart.columns, values, strict=True):
        assert column.x >= 0
        assert column.x + column.width <= 100.01
        tops = [part.y for part in column.parts]
        assert all(TOP - 0.1 <= top <= BOTTOM for top in tops)
        assert len(column.parts) == bool(a) + bool(b)
    assert len(chart.ticks) <= 7
    assert chart.rows[0][1] == tuple(f"{value:,}" for value in values[0])


@given(st.lists(st.integers(0, 10**9), max_size=60))
def test_curves_are_drawn_for_any_values(values: list[int]) -> None:
    chart = line_chart("t", [str(n) for n in range(len(values))], [Series("a", "accent", values)])
    assert chart.empty == (not any(values))
    assert bool(sparkline(values)) == (len(values) > 1)


def test_a_curve_of_a_single_value_is_seen_as_a_stroke() -> None:
    (line,) = line_chart("t", ["today"], [Series("a", "accent", [5])]).lines
    assert " L" in line.path
