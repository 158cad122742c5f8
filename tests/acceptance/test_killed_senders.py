"""Senders are killed with SIGKILL at random instants: nobody is mailed twice, nobody is forgotten, and the parts are the whole (rows A6, D10).

`TROTH_TEST_RECIPIENTS=10000 TROTH_TEST_SENDER_KILLS=25` makes it the big one; give pytest a longer --timeout.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from tests.conftest import Served, eventually, make_served
from tests.mail_sink import ROOT, mail_sink

RECIPIENTS = int(os.environ.get("TROTH_TEST_RECIPIENTS", "800"))
KILLS = int(os.environ.get("TROTH_TEST_SENDER_KILLS", "4"))
SENDERS = 2
SHARE = 80


class Crew:
    """Senders that are started again when one is killed."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.running: list[subprocess.Popen[bytes]] = []
        self.log = served.log.open("ab")

    def fill(self) -> None:
        command = [sys.executable, "-m", "troth.project.cli", "--data", str(self.served.data), "serve", "--role", "sender"]
        while len(self.running) < SENDERS:
            self.running.append(subprocess.Popen(command, env=self.served._environ(), stdout=self.log, stderr=self.log))

    def kill_one(self) -> None:
        victim = self.running.pop(random.randrange(len(self.running)))
        victim.send_signal(signal.SIGKILL)
        victim.wait(10)

    def stop(self) -> None:
        for process in self.running:
            process.terminate()
        # One that had only begun to start does not listen to the signal yet, and dies of it.
        assert {process.wait(30) for process in self.running} <= {0, -signal.SIGTERM}
        self.log.close()


def queue_for(served: Served, recipients: int, share: int) -> None:
    command = [sys.executable, "-m", "bench.audience", str(served.workspace["id"]), str(recipients), str(share)]
    environment = {**served._environ(), "DJANGO_SETTINGS_MODULE": "troth.project.settings"}
    subprocess.run(command, env=environment, cwd=ROOT, check=True, timeout=300)


def states(served: Served) -> Counter[tuple[str, bool]]:
    with closing(sqlite3.connect(served.data / "troth.sqlite3")) as database:
        rows = database.execute("SELECT state, is_marketing, COUNT(*) FROM messages_message GROUP BY 1, 2").fetchall()
    return Counter({(state, bool(is_marketing)): number for state, is_marketing, number in rows})


def addresses(served: Served, state: str) -> set[str]:
    with closing(sqlite3.connect(served.data / "troth.sqlite3")) as database:
        rows = database.execute(
            "SELECT i.value FROM messages_message m JOIN people_identifier i ON i.bucket = m.bucket AND i.person_id = m.person_id"
            " WHERE i.kind = 'email' AND m.state = ?",
            [state],
        ).fetchall()
    return {value for (value,) in rows}


def test_whenever_senders_are_killed_nobody_is_mailed_twice_and_nobody_forgotten(tmp_path: Path) -> None:
    with mail_sink(tmp_path) as (url, file):
        served = make_served(tmp_path, TROTH_EMAIL_URL=url)
        queue_for(served, RECIPIENTS, SHARE)
        crew = Crew(served)
        crew.fill()
        for number in range(1, KILLS + 1):
            # At a random instant while mail is flowing, spread over the whole run.
            wanted = RECIPIENTS * number // (KILLS + 2)
            eventually(lambda wanted=wanted: file.read_bytes().count(b"\n") >= wanted)
            time.sleep(random.uniform(0, 0.05))
            crew.kill_one()
            crew.fill()
        eventually(lambda: not {"queued", "sending"} & {state for state, _ in states(served)}, 120)
        crew.stop()
        got = Counter(file.read_text().split())

    found = states(served)
    marketing = {f"r{number}@example.com" for number in range(RECIPIENTS) if number % 100 < SHARE}
    service = {f"r{number}@example.com" for number in range(RECIPIENTS)} - marketing
    sent, unknown = addresses(served, "sent"), addresses(served, "unknown")
    assert [address for address in marketing if got[address] > 1] == [], "somebody was mailed twice"
    assert found.total() == RECIPIENTS == len(sent) + len(unknown), "the parts are not the whole"
    assert sent <= got.keys(), "somebody is called sent and was not mailed"
    assert service <= got.keys(), "service mail was forgotten"
    assert got.keys() - sent - unknown == set()
    assert unknown <= marketing
    # What is in doubt is what was on its way when a sender died: at most one message for each of its connections.
    assert len(unknown) <= KILLS * 8
    print(
        f"{RECIPIENTS} recipients, {KILLS} kills: {len(sent)} sent, {len(unknown)} unknown ({len(unknown & got.keys())} of them had arrived)"
    )
