"""The door counts what comes in, by the minute in which it reached us."""

from __future__ import annotations

from typing import Any

from troth.intake.commands import Delete, Identify, Identity, Track
from troth.intake.door import apply
from troth.intake.tallies import KEPT, Refusals, add_counts, forget_old_minutes, latest_minutes, read_tallies
from troth.kernel.clock import HOUR, MINUTE, now_ms
from troth.kernel.worker import drain

NOW = now_ms() // HOUR * HOUR


def track(workspace: Any, at: int, who: str = "dana") -> Track:
    return Track(workspace_id=workspace.pk, source="api", received_at=at, identity=Identity(external_id=who), name="bought", ts=at)


def test_events_are_counted_in_the_minute_they_reached_us(workspace: Any) -> None:
    apply([track(workspace, NOW), track(workspace, NOW + 59_999), track(workspace, NOW + MINUTE)], now=NOW + MINUTE)
    apply([track(workspace, NOW)], now=NOW + MINUTE)
    assert [tally.accepted for tally in read_tallies(workspace.pk, NOW - MINUTE, NOW + 2 * MINUTE, MINUTE)] == [0, 3, 1]
    assert [(tally.at, tally.accepted) for tally in read_tallies(workspace.pk, NOW - HOUR, NOW + HOUR, HOUR)] == [(NOW - HOUR, 0), (NOW, 4)]
    assert read_tallies(workspace.pk + 1, NOW, NOW + MINUTE, MINUTE)[0].accepted == 0


def test_what_is_dropped_is_counted_apart_and_what_is_no_event_is_not_counted(workspace: Any) -> None:
    common = {"workspace_id": workspace.pk, "source": "api", "received_at": NOW, "identity": Identity(external_id="dana")}
    apply([Identify(**common)], now=NOW)
    apply([Delete(**common)], now=NOW)
    drain(NOW)
    apply([track(workspace, NOW), track(workspace, NOW, "bob")], now=NOW)
    (tally,) = read_tallies(workspace.pk, NOW, NOW + MINUTE, MINUTE)
    assert (tally.accepted, tally.dropped) == (1, 1)


def test_minutes_are_forgotten_after_45_days(workspace: Any) -> None:
    add_counts({(workspace.pk, (NOW - KEPT) // MINUTE - 1, "accepted"): 5, (workspace.pk, NOW // MINUTE, "accepted"): 7})
    assert not forget_old_minutes(NOW)
    tallies = read_tallies(workspace.pk, NOW - KEPT - HOUR, NOW + HOUR, HOUR)
    assert sum(tally.accepted for tally in tallies) == 7


def test_the_latest_minutes_end_with_the_one_that_is_running(workspace: Any) -> None:
    apply([track(workspace, NOW), track(workspace, NOW + MINUTE)], now=NOW + MINUTE)
    minutes = latest_minutes(workspace.pk, NOW + MINUTE + 30_000, 3)
    assert [(tally.at, tally.accepted) for tally in minutes] == [(NOW - MINUTE, 0), (NOW, 1), (NOW + MINUTE, 1)]


def test_refusals_are_counted_beside_them(workspace: Any) -> None:
    refusals = Refusals()
    refusals.note(workspace.pk, NOW)
    refusals.note(workspace.pk, NOW + 1, 4)
    add_counts(refusals.take())
    assert not refusals.take()
    assert [tally.refused for tally in latest_minutes(workspace.pk, NOW, 2)] == [0, 5]
