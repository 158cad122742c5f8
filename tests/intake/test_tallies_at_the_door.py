"""A served installation counts what it refuses, and knows when its keys were last used."""

from __future__ import annotations

import base64
import json
import sqlite3
from typing import Any

EVENT = {"type": "track", "userId": "7", "event": "Bought"}


def count(server: Any, column: str) -> int:
    with sqlite3.connect(server.data / "troth.sqlite3", timeout=10) as database:
        return int(database.execute(f"SELECT COALESCE(SUM({column}), 0) FROM intake_minute").fetchone()[0])


def basic(server: Any) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{server.workspace['write_key']}:".encode()).decode()}


def test_refused_requests_and_messages_are_counted_for_the_workspace_whose_key_they_show(troth_server: Any) -> None:
    token = troth_server.workspace["auth_token"]
    before, accepted = count(troth_server, "refused"), count(troth_server, "accepted")
    assert troth_server.post("/v1/batch", {"batch": [EVENT, {"type": "track"}, {"type": "nonsense"}]}, basic(troth_server))[0] == 200
    assert troth_server.post("/api/v2/events/track", {"auth_token": token, "event_name": "Bought"})[0] == 400
    assert troth_server.post("/api/v2/events/track", b'{"auth_token": "%s", "event_name": ' % token.encode())[0] == 400
    assert troth_server.post(f"/api/v2/nothing?auth_token={token}", {})[0] == 404
    assert troth_server.post("/v1/batch", b"x", {**basic(troth_server), "Content-Encoding": "br"})[0] == 415
    assert troth_server.post("/api/v2/events/track", {"auth_token": "somebody's", "event_name": "Bought"})[0] == 400
    troth_server.eventually(lambda: count(troth_server, "refused") == before + 6)
    assert count(troth_server, "accepted") == accepted + 1


def test_it_is_known_when_a_key_was_last_used(troth_server: Any) -> None:
    def last_used(kind: str) -> Any:
        with sqlite3.connect(troth_server.data / "troth.sqlite3", timeout=10) as database:
            return database.execute("SELECT last_used_at FROM workspaces_key WHERE kind = ?", [kind]).fetchone()[0]

    assert last_used("tracking") is None
    troth_server.post("/v1/batch", json.dumps({"batch": [EVENT]}).encode(), basic(troth_server))
    troth_server.eventually(lambda: last_used("write"))
    assert last_used("tracking") is None
