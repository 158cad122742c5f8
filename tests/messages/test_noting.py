"""What was fetched waits for its writer: in order, within bounds, and not lost when the database is away for a moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from django.db import DataError, OperationalError
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from troth.messages import noting
from troth.messages.engaging import AT_ONCE, Done, Place, count_in
from troth.messages.fetches import SharedFetch
from troth.messages.machines import BURST
from troth.messages.models import Engaged
from troth.messages.noting import Noting


def fetch(number: int) -> SharedFetch:
    return SharedFetch(1, f"campaign:{number}", False, number)


class Database:
    """Takes what is noted, or fails as it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.noted: list[int] = []
        self.failing: Exception | None = None
        self.refused: set[int] = set()
        self.chores: list[Any] = []
        monkeypatch.setattr(noting, "note_fetches", self.note)

    def note(self, fetches: Sequence[SharedFetch]) -> None:
        if self.failing:
            raise self.failing
        if self.refused & {one.at for one in fetches}:
            raise DataError
        self.noted += [one.at for one in fetches]

    def work(self) -> None:
        while self.chores:
            self.chores.pop(0)()


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    return Database(monkeypatch)


def test_all_that_waits_is_written_in_order_and_in_portions(database: Database) -> None:
    waiting = Noting(database.chores.append)
    for number in range(noting.AT_ONCE + 3):
        waiting.note(fetch(number))
    assert len(database.chores) == 1
    database.chores.pop()()
    assert len(database.noted) == noting.AT_ONCE
    database.work()
    assert database.noted == list(range(noting.AT_ONCE + 3))


def test_while_the_database_is_away_everything_waits_and_comes_first_afterwards(database: Database) -> None:
    waiting = Noting(database.chores.append)
    database.failing = OperationalError()
    waiting.note(fetch(1))
    database.work()
    waiting.note(fetch(2))
    database.work()
    assert database.noted == []
    database.failing = None
    waiting.retry()
    database.work()
    assert database.noted == [1, 2]
    with capture_logs() as logs:
        waiting.end()
    assert logs == []


def test_what_the_database_refuses_takes_no_other_along_and_is_told(database: Database) -> None:
    waiting = Noting(database.chores.append)
    database.refused = {2}
    for number in (1, 2, 3):
        waiting.note(fetch(number))
    with capture_logs() as logs:
        database.work()
    assert database.noted == [1, 3]
    assert [(line["event"], line["number"]) for line in logs] == [("fetches_not_noted", 1)]


def test_what_could_not_be_written_to_the_end_is_told_by_number(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noting, "MOST", 2)
    waiting = Noting(database.chores.append)
    database.failing = OperationalError()
    for number in (1, 2, 3):
        waiting.note(fetch(number))
    database.work()
    with capture_logs() as logs:
        waiting.end()
    assert [(line["event"], line["number"]) for line in logs] == [("fetches_not_noted", 3)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "", "scanner"]), st.integers(0, 3 * AT_ONCE)), max_size=12))
def test_every_click_is_counted_once_and_of_links_followed_at_once_none_for_a_person(clicks: list[tuple[str, str, int]]) -> None:
    done: dict[Place, Done] = {(Engaged.CLICK, ""): Done()}
    now, last_link, last_by_person = 0, "", False
    for link, machine, wait in clicks:
        now += wait
        before = done.get((Engaged.CLICK, link), Done()).times
        done |= count_in(done, Engaged.CLICK, link, machine, now)
        by_person = done[Engaged.CLICK, link].times > before
        assert not (machine and by_person)
        if last_by_person and last_link != link and not machine:
            assert by_person is (wait >= AT_ONCE) or done[Engaged.CLICK, link].machine == BURST
        last_link, last_by_person = link, by_person
    for link in "abc":
        row = done.get((Engaged.CLICK, link), Done())
        assert row.times + row.machine_times == sum(one == link for one, *_ in clicks)
        assert (row.times > 0) is (row.first_at is not None) is (row.last_at is not None)
    assert done[Engaged.CLICK, ""] == Done()
