"""Statistics that stay honest however often somebody looks."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from troth.campaigns.significance import NO_TELLING, Trial, compare, find_best, judge

trials = st.integers(0, 5_000).flatmap(lambda among: st.integers(0, among).map(lambda happened: Trial(happened, among)))


def test_of_nobody_nothing_is_told() -> None:
    assert compare(Trial(0, 0), Trial(5, 10)) == NO_TELLING
    assert find_best({"A": Trial(0, 0)}) is None


def test_a_large_difference_among_many_is_significant_and_a_small_one_among_few_is_not() -> None:
    assert compare(Trial(300, 1000), Trial(200, 1000)).is_significant
    assert not compare(Trial(6, 20), Trial(4, 20)).is_significant


def test_both_a_large_difference_among_few_and_a_small_one_among_very_many_are_found() -> None:
    assert compare(Trial(36, 120), Trial(14, 120)).is_significant
    assert compare(Trial(20_800, 200_000), Trial(20_000, 200_000)).is_significant


@given(one=trials, other=trials)
def test_the_bounds_hold_what_was_seen_and_the_two_ways_of_comparing_agree(one: Trial, other: Trial) -> None:
    there, back = compare(one, other), compare(other, one)
    assert there.lowest <= there.by <= there.highest
    assert abs(there.by + back.by) < 1e-12
    assert abs(there.p_value - back.p_value) < 1e-9
    assert 0.0 <= there.p_value <= 1.0


@given(one=trials, other=trials)
def test_it_is_significant_exactly_where_the_bounds_leave_no_difference_out(one: Trial, other: Trial) -> None:
    told = compare(one, other)
    if told is not NO_TELLING and abs(told.p_value - 0.05) > 1e-9:
        assert told.is_significant == (told.lowest > 0 or told.highest < 0)


def test_looking_after_every_tenth_message_seldom_finds_a_difference_where_there_is_none() -> None:
    """The usual test, read 200 times, would be wrong in about a third of the experiments."""
    luck = random.Random(7)
    wrong = 0
    for _ in range(300):
        one = other = 0
        for seen in range(1, 2_001):
            one += luck.random() < 0.2
            other += luck.random() < 0.2
            if seen % 10 == 0 and compare(Trial(one, seen), Trial(other, seen)).is_significant:
                wrong += 1
                break
    assert wrong / 300 < 0.05


def test_each_variant_is_held_against_the_best_of_the_others() -> None:
    told = judge({"A": Trial(300, 1000), "B": Trial(200, 1000), "C": Trial(190, 1000)})
    assert told["A"].is_significant
    assert told["A"].by > 0 > told["B"].by
    assert find_best({"A": Trial(1, 10), "B": Trial(1, 10)}) == "A"
