"""The rights at the command line, beside a server that goes on taking events."""

from __future__ import annotations

import threading
from typing import Any

EMAIL = "dana.served@example.com"
ID = "dana-served-5531"


def track(served: Any, person: str, name: str, email: str | None = None) -> int:
    identity = {"id": person, **({"email": email} if email else {})}
    body = {"auth_token": served.workspace["auth_token"], "identity": identity, "event_name": name, "data": {"from": person}}
    status, _ = served.post("/api/v2/events/track.json", body)
    return int(status)


def test_a_person_is_erased_searched_for_and_stays_away_also_after_a_restore_while_events_keep_coming(own_server: Any) -> None:
    served = own_server
    assert track(served, ID, "Signed up", EMAIL) == 200
    backup = served.json("backup", "create")
    stop = threading.Event()
    others = threading.Thread(target=lambda: [track(served, f"other-{n}", "Clicked") for n in range(10_000) if not stop.is_set()])
    others.start()
    try:
        done = served.json("privacy", "erase", "Acme", EMAIL, "--wait")
    finally:
        stop.set()
        others.join()

    assert done["state"] == "erased", done
    assert track(served, ID, "Came back", EMAIL) == 200
    found = served.json("privacy", "scan", "Acme", "--value", EMAIL, "--value", ID)
    assert found["clean"] and not found["hits"]

    refused = served.cli("backup", "restore", backup["name"])
    assert refused.returncode == 1 and "stop `troth serve`" in refused.stderr
    assert served.stop() == 0
    assert served.json("backup", "restore", backup["name"])["erasures_replayed"] == 1
    served.start()
    served.eventually(lambda: served.json("privacy", "requests", "Acme", "--open") == [])
    assert served.cli("privacy", "scan", "Acme", "--value", EMAIL, "--value", ID).returncode == 0
    assert EMAIL not in served.log.read_text() and ID not in served.log.read_text()
