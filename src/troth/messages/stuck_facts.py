"""What `stuck.explain` needs, read from short ranges of indexes: it answers in milliseconds however much waits."""

from __future__ import annotations

import fcntl
import os
import time
from collections import Counter

from django.db import connection

from troth.kernel.clock import MINUTE
from troth.kernel.sql import is_sqlite
from troth.messages.controls import INSTALLATION, read_controls
from troth.messages.lane_settings import list_lanes_of
from troth.messages.models import UNDECIDED
from troth.messages.senders import list_senders
from troth.messages.stuck import Facts
from troth.workspaces.models import Workspace

MOST = 10_000
"""Messages counted at most, for each number."""
LOOKED_AT = 500
PATIENCE_S = 0.5
"""A lock that is free once in this time is no trouble."""


def gather(workspace: Workspace, now: int) -> Facts:
    """The facts of one workspace. Over all buckets, from the index of states and the short index of what waits. `now` in milliseconds."""
    pk = workspace.pk
    queued = _earliest(pk)
    due = [at for at, _ in queued if at <= now]
    later = [at for at, _ in queued if now < at < UNDECIDED]
    alive, dead = list_senders()
    return Facts(
        now=now,
        workspace_id=pk,
        send_mode=workspace.send_mode,
        has_tester=bool(workspace.test_address),
        due=len(due),
        later=len(later),
        undecided=len(queued) - len(due) - len(later),
        sending=_count(pk, "sending"),
        held=_count(pk, "held"),
        oldest_due=min(due, default=None),
        next_due=min(later, default=None),
        put_off=Counter(reason for _, reason in sorted(queued)[:LOOKED_AT] if reason),
        controls=[one for (where, _), one in read_controls().items() if where in (INSTALLATION, pk)],
        lanes=list_lanes_of(pk),
        senders_alive=len(alive),
        senders_dead=len(dead),
        sent_lately=_sent_since(pk, now - MINUTE),
        is_locked=_is_locked(),
    )


def _earliest(workspace_id: int) -> list[tuple[int, str]]:
    """Due moment and reason of the messages that are queued, MOST at most of those made first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT due_at, reason FROM messages_message WHERE workspace_id = %s AND state = 'queued' ORDER BY created_at LIMIT %s",
            [workspace_id, MOST],
        )
        return [(at, reason) for at, reason in cursor.fetchall()]


def _count(workspace_id: int, state: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM (SELECT 1 FROM messages_message WHERE workspace_id = %s AND state = %s LIMIT %s) AS counted",
            [workspace_id, state, MOST],
        )
        return int(cursor.fetchone()[0])


def _sent_since(workspace_id: int, since: int) -> int:
    """Of the messages made last, how many went since; what was made long ago and goes now shows in the others' place in the queue."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM (SELECT settled_at FROM messages_message WHERE workspace_id = %s AND state IN ('sent', 'delivered')"
            " ORDER BY created_at DESC LIMIT %s) AS latest WHERE settled_at >= %s",
            [workspace_id, MOST, since],
        )
        return int(cursor.fetchone()[0])


def _is_locked() -> bool:
    """Whether the lock for writing stays taken: on SQLite the file on which writers take turns, on PostgreSQL somebody who waits for another."""
    if not is_sqlite():
        with connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
            return bool(cursor.fetchone()[0])
    path = f"{connection.settings_dict['NAME']}.turn"
    if not os.path.exists(path):  # noqa: PTH110 -- the name may be SQLite's URL of a database in memory
        return False
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    ends = time.monotonic() + PATIENCE_S
    try:
        while time.monotonic() < ends:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.01)
            else:
                return False
        return True
    finally:
        os.close(file)
