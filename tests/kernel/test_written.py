"""Whether anything was written: each commit is told once, whoever made it, and nothing else is."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from tests.conftest import eventually
from troth.kernel import written
from troth.kernel.written import Written
from troth.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)


def rename(name: str) -> None:
    Workspace.objects.update(name=name)


@pytest.fixture
def looks(workspace: Any) -> Callable[[], bool]:
    """Looks that have seen all that was written before."""
    looking = Written()
    eventually(lambda: not looking.since_last_look())
    return looking.since_last_look


@contextmanager
def beside(work: Callable[[threading.Event], None]) -> Iterator[threading.Event]:
    """Something that goes on in a thread, with a connection of its own, until it is told to end."""
    end = threading.Event()

    def run() -> None:
        try:
            work(end)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield end
    finally:
        end.set()
        thread.join()


def test_what_this_process_writes_is_told_once(looks: Callable[[], bool]) -> None:
    rename("Renamed")
    assert looks()
    assert not looks()


def test_what_another_process_writes_is_told_once(looks: Callable[[], bool]) -> None:
    statement = "UPDATE workspaces_workspace SET name = 'Renamed elsewhere'"
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        code, words = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()", [name]
    else:
        code, words = (
            "import psycopg, sys; psycopg.connect(sys.argv[1], autocommit=True).execute(sys.argv[2])",
            [connection.connection.info.dsn],
        )
    subprocess.run([sys.executable, "-c", code, *words, statement], check=True)
    assert looks()
    assert not looks()
    assert Workspace.objects.get().name == "Renamed elsewhere"


def test_what_is_read_or_taken_back_is_not_told(looks: Callable[[], bool]) -> None:
    list(Workspace.objects.all())
    with transaction.atomic():
        list(Workspace.objects.select_for_update().filter(name="Nobody's"))
    assert not looks()


def test_a_commit_is_told_when_it_can_be_seen_and_not_before(looks: Callable[[], bool]) -> None:
    """A look while a transaction is open must not use up the one that its commit deserves."""
    has_written = threading.Event()

    def write(end: threading.Event) -> None:
        with transaction.atomic():
            rename("Not yet")
            has_written.set()
            end.wait(60)

    with beside(write):
        assert has_written.wait(60)
        looks()  # that somebody has begun to write may be told
        assert not looks()
        assert Workspace.objects.get().name != "Not yet"
    assert looks()
    assert Workspace.objects.get().name == "Not yet"


def test_no_commit_is_missed_among_many_looks(looks: Callable[[], bool]) -> None:
    """As the worker does: look, then read. What was not read is told by a later look, whatever comes between."""
    last = 150

    def write(_: threading.Event) -> None:
        for number in range(1, last + 1):
            rename(f"Name {number}")

    seen = ""

    def read_if_told() -> bool:
        nonlocal seen
        if looks():
            seen = Workspace.objects.get().name
        return seen == f"Name {last}"

    with beside(write):
        eventually(read_if_told)


def test_a_database_that_does_not_answer_may_have_been_written_to(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written, "AFTER_FAILURE_S", 0.0)
    looking = Written()
    with monkeypatch.context() as patch:
        connection.close()
        patch.setitem(connection.settings_dict, "NAME", "/nowhere/nothing")
        if connection.vendor == "postgresql":
            patch.setitem(connection.settings_dict["OPTIONS"], "pool", None)
        assert [looking.since_last_look() for _ in range(3)] == [True, True, True]
        connection.close()
    eventually(lambda: not looking.since_last_look())
    rename("It answers again")
    assert looking.since_last_look()
