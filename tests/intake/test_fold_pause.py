"""How the fold shares the database with the door."""

from hypothesis import given
from hypothesis import strategies as st

from troth.intake.actor import PATIENCE, find_pause

SECONDS = st.floats(0, 10)


@given(waited=SECONDS, worked=SECONDS, behind=st.integers(0, PATIENCE - 1))
def test_while_it_is_near_the_fold_works_at_least_half_of_the_time(waited, worked, behind):
    assert find_pause(waited, worked, behind_ms=behind) <= worked


@given(waited=SECONDS, worked=SECONDS, behind=st.integers(0, 10 * PATIENCE))
def test_a_door_that_nobody_waits_for_is_given_no_pause_and_one_that_never_rests_the_more(waited, worked, behind):
    pause = find_pause(waited, worked, behind_ms=behind)
    assert find_pause(0, worked, behind_ms=behind) == 0
    assert find_pause(waited, worked, behind_ms=PATIENCE) >= pause
