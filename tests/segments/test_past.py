"""The past of a segment, gone through again: at any instant it says what the conditions said of what was known then."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.segments.definitions import PEOPLE, T0, TREES
from tests.segments.shop import Shop
from troth.consent.decisions import Stood
from troth.kernel.clock import DAY, HOUR, MINUTE
from troth.segments.definition import check_definition
from troth.segments.evaluate import holds
from troth.segments.kinds import Facts, Happening
from troth.segments.past import Past, Turn, facts_at, find_unrecorded, has_past, replay
from troth.segments.registry import get_segment

SINCE = T0 - 45 * DAY


def facts_of(workspace_id: int, person: Any) -> Facts:
    attributes, tags, history, decided = person
    events = sorted((Happening(name, ts, seq, properties) for seq, (name, ts, properties) in enumerate(history)), key=lambda e: e[1:3])
    decisions = {key: Stood(standing, T0 - DAY, until, 1) for key, (standing, until) in decided.items()}
    return Facts(attributes, tags, events, decisions, workspace_id)


@given(TREES, PEOPLE, st.lists(st.integers(1, 50 * 24 * 60), min_size=1, max_size=8))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_between_two_turns_nothing_changed(workspace: Any, tree: Any, person: Any, minutes: Any) -> None:
    check_definition(tree)
    facts = facts_of(workspace.pk, person)
    turns = list(replay(tree, facts, SINCE, T0 + 5 * DAY))
    state = holds(tree, facts_at(facts, SINCE), SINCE)
    instants = [SINCE + minute * MINUTE for minute in minutes]
    instants += [at + beside for at, _ in turns for beside in (-1, 0)]
    for at in instants:
        expected = next((entered for turn, entered in reversed(turns) if turn <= at), state)
        assert holds(tree, facts_at(facts, at), at) is expected


def test_who_entered_and_left_is_told_to_the_instant_of_those_who_may_be_chosen(shop: Shop) -> None:
    ada, eve = shop.person("ada", plan="pro"), shop.person("eve", "marketing_email", plan="pro")
    pro = {"attribute": "plan", "op": "equals", "value": "pro"}
    segment = shop.segment({"all": [pro, {"event": "login", "op": "did", "within": "P7D"}]})
    began = shop.now - 20 * DAY
    for name, event, ago in (("ada", "login", 20), ("ada", "login", 15), ("ada", "other", 11), ("ada", "login", 2), ("eve", "login", 9)):
        shop.track(name, event, ago=ago * DAY)
    past = Past(get_segment(shop.pk, segment.pk), began - HOUR, shop.now)
    assert list(past) == [
        Turn(ada.person_id, began, True),
        Turn(ada.person_id, began + 12 * DAY, False),
        Turn(ada.person_id, began + 18 * DAY, True),
    ]
    assert past.is_whole and eve.person_id not in {turn.person_id for turn in past}
    assert find_unrecorded(segment.definition) == ["plan is “pro”"]
    assert not has_past(pro), "an attribute is stored as it is now alone"
