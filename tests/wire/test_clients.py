"""The real clients, run unchanged against a served Troth: everything they send arrives.

Each client is a small program in `clients/`, run as a process of its own; what arrived is read with `troth people show`.
"""

from __future__ import annotations

import json
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from clients_run import node, run


def show(served: Any, identifier: str) -> dict[str, Any]:
    """A person as the installation knows them, once all of their events have arrived."""

    def settled() -> dict[str, Any] | None:
        found: dict[str, Any] = served.json("people", "show", str(served.workspace["id"]), identifier)
        return None if found["pending_events"] else found

    found: dict[str, Any] = served.eventually(settled)
    return found


def standing(person: dict[str, Any]) -> dict[str, str]:
    return {consent["purpose"]: consent["standing"] for consent in person["consents"]}


def names_of(person: dict[str, Any]) -> list[str]:
    return sorted(event["name"] for event in person["events"])


def identifiers_of(person: dict[str, Any], kind: str) -> set[str]:
    return {found["value"] for found in person["identifiers"] if found["kind"] == kind}


def test_the_python_client_of_vero(troth_server: Any) -> None:
    lines = run("vero_python.py", troth_server.url, troth_server.workspace["auth_token"], "vp")
    assert lines[0] == {"call": "heartbeat", "ok": True}
    assert len(lines) == 12
    assert all((line["status"], json.loads(line["body"])) == (200, {"status": 200, "message": "Success."}) for line in lines[1:])
    person = show(troth_server, "vp-new")
    assert identifiers_of(person, "email") == {"vp@example.com"}
    assert {"vp", "vp-new"} == identifiers_of(person, "external_id")
    assert person["attributes"] == {"full_name": "Dana Döe", "age": 31}
    assert person["tags"] == ["blue"]
    assert [(event["name"], event["properties"]) for event in person["events"]] == [("visited_website", {"visited": "front page"})]
    assert "granted" not in standing(person).values()
    assert "refused" in standing(person).values()
    gone = troth_server.cli("people", "show", str(troth_server.workspace["id"]), "vp-gone", "--json")
    assert gone.returncode != 0


@node
def test_the_javascript_client_of_vero_deletes_nobody_with_the_key_that_visitors_see(troth_server: Any) -> None:
    lines = run("vero_tracking.mjs", troth_server.url, troth_server.workspace["tracking_api_key"], "vt")
    assert [line["ok"] for line in lines] == [True] * 9, lines
    person = show(troth_server, "vt-new")
    assert identifiers_of(person, "email") == {"vt@example.com"}
    assert identifiers_of(person, "device") == {"token-vt"}
    assert person["attributes"] == {"first_name": "Dana", "age": 30}
    assert person["tags"] == ["x"]
    assert names_of(person) == ["viewed_product", "viewed_product"]
    assert "2023-05-30T04:46:31.000Z" in [event["ts"] for event in person["events"]]
    assert "granted" not in standing(person).values()


LIBRARIES = [
    pytest.param("segment_python.py", ("segment",), (), id="segment-python"),
    pytest.param("segment_python.py", ("segment",), ("gzip",), id="segment-python-gzip"),
    pytest.param("segment_python.py", ("segment",), ("sync",), id="segment-python-sync"),
    pytest.param("segment_python.py", ("rudderstack",), (), id="rudder-python"),
    pytest.param("segment_python.py", ("rudderstack",), ("plain",), id="rudder-python-plain"),
    pytest.param("segment_python.py", ("rudderstack",), ("sync",), id="rudder-python-sync"),
    pytest.param("segment_node.mjs", (), (), id="segment-node", marks=node),
    pytest.param("rudder_node.mjs", (), (), id="rudder-node", marks=node),
]
NODE_LIBRARIES = [pytest.param("segment_node.mjs", (), marks=node), pytest.param("rudder_node.mjs", (), marks=node)]
NAMES = ["chose", "item_purchased", "opened", "tagged", "viewed_docs_api_page", "viewed_docs_home_screen"]


Lines = list[dict[str, Any]]


@pytest.fixture(scope="module")
def sent(troth_server: Any) -> dict[str, Future[Lines]]:
    """What each library printed; they all run side by side."""
    with ThreadPoolExecutor(4) as pool:
        key = troth_server.workspace["write_key"]
        return {
            who: pool.submit(run, script, *before, troth_server.url, key, who, *after)
            for who, (script, before, after) in ((str(library.id), library.values) for library in LIBRARIES)
        }


@pytest.mark.parametrize("who", [pytest.param(library.id, marks=library.marks) for library in LIBRARIES])
def test_a_library_of_segment_or_rudderstack(troth_server: Any, sent: dict[str, Future[Lines]], who: str) -> None:
    """One message of each library holds a value that cannot be kept: it is refused alone, and the library sees a success."""
    assert sent[who].result() == [{"finished": True}]
    person = show(troth_server, who)
    assert identifiers_of(person, "email") == {f"{who}@example.com"}
    assert identifiers_of(person, "phone") == {"+4930123456"}
    assert identifiers_of(person, "anonymous_id") == {f"{who}-anonymous"}
    assert person["attributes"] == {"name": "Dana Döe", "plan": "pro", "group": {"name": "Initech", "id": f"{who}-group"}}
    assert person["tags"] == ["vip"]
    assert names_of(person) == NAMES
    events = {event["name"]: event for event in person["events"]}
    assert events["opened"]["properties"] == {"score": None, "kept": 1}
    assert events["item_purchased"]["properties"] == {"revenue": 14.99}
    assert events["item_purchased"]["ts"].startswith("2026-01-02T03:04:0")
    assert standing(person) == {"marketing_email": "refused"}


@pytest.mark.parametrize(
    ("script", "before"), [("segment_python.py", ("segment",)), ("segment_python.py", ("rudderstack",)), *NODE_LIBRARIES]
)
def test_a_library_gives_up_at_once_on_a_bad_key_and_says_so(troth_server: Any, script: str, before: tuple[str, ...]) -> None:
    lines = run(script, *before, troth_server.url, "wrong", "nobody", "one", seconds=30)
    assert lines[-1] == {"finished": True}
    assert any(line.get("error") for line in lines), lines


@pytest.mark.parametrize(("script", "base"), [("vero_python.py", "status"), pytest.param("vero_tracking.mjs", "ok", marks=node)])
def test_veros_clients_report_a_refusal(troth_server: Any, script: str, base: str) -> None:
    lines = run(script, troth_server.url, "wrong", "nobody")
    calls = [line for line in lines if line["call"] != "heartbeat"]
    assert [line[base] for line in calls] == [401 if base == "status" else False] * len(calls)
    if base == "ok":
        assert all("401" in line["error"] for line in calls), calls
