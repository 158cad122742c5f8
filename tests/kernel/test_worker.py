"""The worker's loop: duties rest while nothing is written, whatever is written ends their rest, and time is looked at all the while."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from tests.conftest import eventually
from troth.kernel import worker
from troth.kernel.clock import HOUR
from troth.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)


class Looking:
    """A duty that notes what it finds, and how often it looked; `meanwhile` is done once, between its look and its end."""

    def __init__(self) -> None:
        self.looked = 0
        self.found = ""
        self.fails = False
        self.meanwhile: Any = None

    def __call__(self, now: int) -> bool:
        if self.fails:
            raise ValueError
        self.found = Workspace.objects.get().name
        if self.meanwhile:
            self.meanwhile, meanwhile = None, self.meanwhile
            in_a_thread(meanwhile)
        self.looked += 1
        return False


def in_a_thread(work: Any) -> None:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def rename(name: str) -> None:
    Workspace.objects.update(name=name)


@pytest.fixture
def duties(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, worker.Duty]:
    monkeypatch.setattr(worker, "_duties", {})
    monkeypatch.setattr(worker, "QUIET_MS", 100)
    return worker._duties


@pytest.fixture
def by_rows(duties: dict[str, worker.Duty]) -> Looking:
    """A duty that rests for hours while nothing is written."""
    looking = Looking()
    worker.register_duty("by_rows", "", rest_ms=24 * HOUR)
    duties["by_rows"].__dict__["run"] = looking
    return looking


@pytest.fixture
def by_time(duties: dict[str, worker.Duty]) -> Looking:
    """A duty that looks at the time every 50 ms even so."""
    looking = Looking()
    worker.register_duty("by_time", "", rest_ms=50)
    duties["by_time"].__dict__["run"] = looking
    return looking


@pytest.fixture
def working(duties: dict[str, worker.Duty]) -> Iterator[None]:
    """The loop runs."""
    stop = threading.Event()

    def run() -> None:
        try:
            worker.run(stop)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    yield
    stop.set()
    thread.join()


def rests(duties: dict[str, worker.Duty]) -> bool:
    return duties["by_rows"].due_at > time.time() * 1000 + HOUR


def test_a_duty_rests_while_nothing_is_written_and_what_is_written_ends_its_rest(
    by_rows: Looking, by_time: Looking, duties: dict[str, worker.Duty], working: None
) -> None:
    def write_after_a_rest(name: str) -> None:
        eventually(lambda: rests(duties))
        looked, rounds = by_rows.looked, by_time.looked
        eventually(lambda: by_time.looked >= rounds + 5)
        assert by_rows.looked == looked
        rename(name)
        eventually(lambda: by_rows.found == name)

    for number in range(3):
        write_after_a_rest(f"Name {number}")


def test_what_is_written_after_a_duty_has_looked_is_found_though_it_was_about_to_rest(
    by_rows: Looking, duties: dict[str, worker.Duty], working: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "QUIET_MS", -1)  # each look is followed by a rest, so that nothing but the next one tells of it
    eventually(lambda: rests(duties))
    by_rows.meanwhile = lambda: rename("Written while it looked")
    rename("Looks once more")
    eventually(lambda: by_rows.found == "Written while it looked")


def test_one_that_fails_keeps_its_pause_and_finds_what_was_written_meanwhile(by_rows: Looking, duties: dict[str, worker.Duty]) -> None:
    duty, now = duties["by_rows"], 1_000_000
    by_rows.fails = True
    worker.work_once(now, worker.WORKER, is_quiet=True)
    again_at = duty.due_at
    assert again_at > now + duty.every_ms
    rename("Written meanwhile")
    worker._end_rest([duty])
    assert duty.due_at == again_at
    by_rows.fails = False
    worker.work_once(again_at, worker.WORKER, is_quiet=True)
    assert by_rows.found == "Written meanwhile"
