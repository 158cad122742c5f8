"""The served installation as operators meet it: health, headers, crashes, kills, stops. Real processes throughout."""

from __future__ import annotations

import http.client
import json
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tests.conftest import Served, make_served
from troth.project.startup import find_missing_migrations, known_migrations


def get(served: Served, path: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    try:
        with urllib.request.urlopen(served.url + path, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def web_worker_and_sender(served: Served) -> dict[str, psutil.Process]:
    """The children by role once all run; before that nothing."""
    found = {}
    for child in served.children():
        try:
            words = child.cmdline()
        except psutil.Error:  # it ended a moment ago
            continue
        if "--role" in words:
            found[words[words.index("--role") + 1]] = child
    return found if {"web", "worker", "sender"} <= found.keys() else {}


def test_health_readiness_and_metrics(troth_server: Served) -> None:
    assert get(troth_server, "/healthz")[0] == 200
    assert get(troth_server, "/readyz")[2] == b"ready\n"
    status, headers, body = get(troth_server, "/metrics")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain")
    for name in ("troth_database_up 1.0", "troth_inbox_items", "troth_oldest_due_message_seconds"):
        assert name in body.decode()


def test_a_database_behind_the_code_is_not_ready(troth_server: Served) -> None:
    newest = "app = 'people' AND id = (SELECT MAX(id) FROM django_migrations WHERE app = 'people')"
    with closing(sqlite3.connect(troth_server.data / "troth.sqlite3", timeout=60)) as database:
        row = database.execute(f"SELECT id, app, name, applied FROM django_migrations WHERE {newest}").fetchone()
        database.execute("DELETE FROM django_migrations WHERE id = ?", row[:1])
        database.commit()
        assert get(troth_server, "/readyz")[::2] == (503, b"not ready: migrations are missing\n")
        database.execute("INSERT INTO django_migrations (id, app, name, applied) VALUES (?, ?, ?, ?)", row)
        database.commit()
    assert get(troth_server, "/readyz")[0] == 200


def test_a_new_database_lacks_what_it_had_not_and_nothing_else(transactional_db: None) -> None:
    assert known_migrations() == set(MigrationLoader(None).disk_migrations)
    assert not find_missing_migrations()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_migrations RENAME TO kept_migrations")
        try:
            assert find_missing_migrations() == known_migrations()
        finally:
            cursor.execute("ALTER TABLE kept_migrations RENAME TO django_migrations")


@pytest.mark.parametrize(
    "path", ["/console/account/login/", "/api/troth/v1/docs", "/api/troth/v1/openapi.json", "/nothing-here", "/static/nothing.css"]
)
def test_every_answer_of_django_is_strictly_framed(troth_server: Served, path: str) -> None:
    _, headers, body = get(troth_server, path)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert "Server" not in headers
    assert b"Traceback" not in body


def test_the_console_asks_who_is_there(troth_server: Served) -> None:
    status, _, body = get(troth_server, "/")
    assert status == 200
    assert b'type="password"' in body


def test_the_parent_stays_small(troth_server: Served) -> None:
    assert troth_server.process is not None
    parent = psutil.Process(troth_server.process.pid)
    assert "troth.project.supervisor" in parent.cmdline()
    assert parent.memory_info().rss < 40 * 1024 * 1024


def test_an_idle_installation_costs_next_to_nothing_and_notices_an_event(troth_server: Served) -> None:
    """By what its own start took: a machine that is busy with other things makes both dearer alike."""
    working = [
        process.pid for role, process in troth_server.eventually(lambda: web_worker_and_sender(troth_server)).items() if role != "web"
    ]

    def took() -> float:
        return sum(
            time.clock_gettime(~pid << 3 | 2) for pid in working
        )  # CLOCK_PROCESS_CPUTIME_ID of another process, see clock_getcpuclockid(3)

    def takes(seconds: float) -> float:
        before = took()
        time.sleep(seconds)
        return took() - before

    # What comes once in a minute, or just after the last write, may fall into one window, not into each.
    assert any(takes(2) < 0.02 * took() for _ in range(15)), took()
    event = {"auth_token": troth_server.workspace["auth_token"], "identity": {"id": "late"}, "event_name": "Came at last"}
    assert troth_server.post("/api/v2/events/track", event)[0] == 200
    troth_server.eventually(lambda: b"troth_inbox_items 0.0" in get(troth_server, "/metrics")[2])


def test_a_second_server_on_the_port_says_so(troth_server: Served) -> None:
    done = troth_server.cli("serve", "--port", str(troth_server.port))
    assert done.returncode == 1
    assert "choose another" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert get(troth_server, "/healthz")[0] == 200


def test_the_doctor_is_content(troth_server: Served) -> None:
    findings = troth_server.json("doctor")
    assert [finding for finding in findings if not finding["ok"]] == []
    assert {"data directory", "master key", "database", "tables", "inbox", "privacy requests", "erasure ledger"} <= {
        f["check"] for f in findings
    }


def test_the_doctor_tells_trouble_and_what_to_do(own_server: Served) -> None:
    own_server.data.chmod(0o755)
    done = own_server.cli("doctor")
    assert done.returncode == 1
    assert "TROUBLE" in done.stdout
    assert "chmod 700" in done.stdout


def test_what_crashes_is_started_again_and_what_is_killed_leaves_no_orphans(own_server: Served) -> None:
    before = own_server.eventually(lambda: web_worker_and_sender(own_server))
    for child in before.values():
        child.kill()
    _, alive = psutil.wait_procs(list(before.values()), timeout=30)
    assert alive == []
    after = own_server.eventually(lambda: web_worker_and_sender(own_server))
    assert {child.pid for child in after.values()}.isdisjoint(child.pid for child in before.values())
    own_server.wait_ready()
    events = [json.loads(line) for line in own_server.log.read_text().splitlines() if line.startswith("{")]
    assert {line["role"] for line in events if line["event"] == "process_ended" and line["exit_code"] == -signal.SIGKILL} == {
        "web",
        "worker",
        "sender",
    }

    assert own_server.process is not None
    own_server.process.kill()
    own_server.process.wait()
    _, alive = psutil.wait_procs(list(after.values()), timeout=30)
    assert alive == []
    own_server.start()
    assert own_server.stop() == 0
    assert own_server.log.read_text().count("Traceback") == 0


def test_serve_brings_the_embedded_database_up_to_date(tmp_path: Path) -> None:
    served = make_served(tmp_path)
    for name in ("troth.sqlite3", "troth.sqlite3-wal", "troth.sqlite3-shm"):
        (served.data / name).unlink(missing_ok=True)
    try:
        served.start()
        assert served.stop() == 0
    finally:
        if served.process and served.process.poll() is None:
            served.process.kill()


def test_a_role_alone_answers_its_own_doors_only(tmp_path: Path) -> None:
    served = make_served(tmp_path)
    command = ["--data", str(served.data), "serve", "--role", "ingest", "--port", str(served.port)]
    with served.log.open("ab") as log:
        served.process = subprocess.Popen(
            [sys.executable, "-m", "troth.project.cli", *command], env=served._environ(), stdout=log, stderr=log
        )
    try:
        served.wait_ready()
        assert get(served, "/console/account/login/")[0] == 404
        said = {"auth_token": served.workspace["auth_token"], "id": "dana-1", "email": "dana@example.com"}
        assert served.post("/api/v2/users/track", said)[0] == 200
    finally:
        served.process.terminate()
        served.process.wait(30)
