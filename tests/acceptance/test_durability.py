"""A 200 means durable: processes are killed at random instants under load, and nothing acknowledged is lost or counted twice."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import threading
import time
import urllib.error
import urllib.request
import uuid
from contextlib import closing
from typing import Any

import psutil

from tests.conftest import Served

ROUNDS = int(os.environ.get("TROTH_TEST_KILL_ROUNDS", "6"))
SENDERS = 6


class Sender(threading.Thread):
    """Sends unique events one by one, and again until each is acknowledged, as client libraries do."""

    def __init__(self, served: Served, number: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.served = served
        self.number = number
        self.stop = stop
        self.acknowledged: list[str] = []

    def run(self) -> None:
        while not self.stop.is_set():
            mark = uuid.uuid4().hex
            path, body = self._vero(mark) if self.number % 2 else self._segment(mark)
            while not self.stop.is_set():
                if self._post(path, body):
                    self.acknowledged.append(mark)
                    break
                time.sleep(0.02)

    def _vero(self, mark: str) -> tuple[str, dict[str, Any]]:
        identity = {"id": f"p{random.randrange(40)}"}
        return "/api/v2/events/track", {
            "auth_token": self.served.workspace["auth_token"],
            "identity": identity,
            "event_name": "Killed",
            "data": {"mark": mark},
        }

    def _segment(self, mark: str) -> tuple[str, dict[str, Any]]:
        message = {
            "type": "track",
            "userId": f"p{random.randrange(40)}",
            "event": "Killed",
            "properties": {"mark": mark},
            "messageId": mark,
        }
        return "/v1/batch", {"writeKey": self.served.workspace["write_key"], "batch": [message]}

    def _post(self, path: str, body: dict[str, Any]) -> bool:
        request = urllib.request.Request(self.served.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def role_of(child: psutil.Process) -> str:
    try:
        words = child.cmdline()
    except psutil.Error:
        return ""
    return words[words.index("--role") + 1] if "--role" in words else ""


def kill_one(served: Served, role: str) -> None:
    for child in served.children():
        if role_of(child) == role:
            child.send_signal(signal.SIGKILL)


def marks_in_history(served: Served) -> list[str]:
    with closing(sqlite3.connect(served.data / "troth.sqlite3")) as database:
        rows = database.execute("SELECT properties FROM people_event WHERE name = 'killed'").fetchall()
        assert database.execute("SELECT COUNT(*) FROM intake_inboxitem").fetchone() == (0,)
    return [json.loads(properties)["mark"] for (properties,) in rows]


def inbox_is_empty(served: Served) -> bool:
    with closing(sqlite3.connect(served.data / "troth.sqlite3")) as database:
        return bool(database.execute("SELECT COUNT(*) FROM intake_inboxitem").fetchone() == (0,))


def test_killing_processes_loses_no_acknowledged_event_and_duplicates_none(own_server: Served) -> None:
    stop = threading.Event()
    senders = [Sender(own_server, number, stop) for number in range(SENDERS)]
    for sender in senders:
        sender.start()
    for number in range(ROUNDS):
        time.sleep(random.uniform(0.2, 1.0))
        role = ("web", "worker")[number % 2]
        kill_one(own_server, role)
        own_server.eventually(lambda: any(role_of(child) == "web" for child in own_server.children()))
    assert own_server.process is not None
    own_server.process.kill()
    own_server.process.wait(10)
    # The children notice that their parent is gone, and give the port free.
    time.sleep(0.2)
    own_server.eventually(lambda: _port_is_free(own_server.port))
    own_server.start()
    time.sleep(0.5)
    stop.set()
    for sender in senders:
        sender.join(30)
    own_server.eventually(lambda: inbox_is_empty(own_server))

    acknowledged = [mark for sender in senders for mark in sender.acknowledged]
    kept = marks_in_history(own_server)
    assert len(acknowledged) > 100
    assert len(kept) == len(set(kept)), "an event was counted twice"
    assert set(acknowledged) - set(kept) == set(), "an acknowledged event was lost"


def _port_is_free(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
