"""Somebody is planted in every store through the doors people use, and erased; every byte on disk and in the logs is then looked at."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.conftest import Served

DANA = {
    "id": "sentinel-dana-7f3a91",
    "email": "sentinel.dana.7f3a91@example.com",
    "phone": "+33612345987",
    "name": "Sentinelle Danaïde",
    "property": "sentinel-property-7f3a91",
    "anonymous": "sentinel-anonymous-7f3a91",
    "device": "sentinel-device-7f3a91",
}
CONTROL = {"id": "control-charlie-55", "email": "control.charlie.55@example.com"}
SIGNED = ("--notice", "May we write to you?", "--how", "signature", "--artefact", "folder 7")


def forms_of(value: str) -> set[bytes]:
    """An independent, small list of what a value can look like on disk."""
    raw = value.encode()
    forms = {
        raw,
        raw.lower(),
        raw.upper(),
        raw.hex().encode(),
        value.encode("utf-16-le"),
        value.encode("utf-16-be"),
        json.dumps(value)[1:-1].encode(),
    }
    forms |= {value.replace("@", "%40").encode(), value.replace("+", "%2B").encode(), value[::-1].encode()}
    for shift in range(3):
        forms.add(base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4])
    return {form for form in forms if len(form) > 8}


def contents(path: Path) -> list[bytes]:
    """A file as it lies, and unpacked."""
    raw = path.read_bytes()
    found = [raw]
    at = raw.find(b"\x1f\x8b\x08")
    if at >= 0:
        with suppress(OSError, EOFError):
            found.append(gzip.decompress(raw[at:]))
    if zipfile.is_zipfile(io.BytesIO(raw)):
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            found += [archive.read(name) for name in archive.namelist()]
    return found


def places_with(served: Served, values: list[str]) -> list[str]:
    """Files of the installation, its logs included, that hold any form of any value."""
    files = [path for path in served.data.rglob("*") if path.is_file()] + [served.log]
    wanted = {form for value in values for form in forms_of(value)}
    return [
        f"{path.name}" for path in files for content in contents(path) if any(form in content or form in content.lower() for form in wanted)
    ]


def plant(server: Served, person: dict[str, str]) -> None:
    """Every door, every store: profile, identifiers, device, events, consents, messages, an older address, a request."""
    token, write_key = server.workspace["auth_token"], server.workspace["write_key"]
    channel = {"type": "push", "address": person.get("device", "control-device"), "platform": "ios"}
    data = {"full_name": person.get("name", "Charlie"), "secret": person.get("property", "x")}
    old = {"auth_token": token, "id": person["id"], "email": f"old.{person['email']}", "data": data}
    assert server.post("/api/v2/users/track", old)[0] == 200
    told = {**old, "email": person["email"], "phone_number": person.get("phone", "+33612345000"), "channels": [channel]}
    assert server.post("/api/v2/users/track", told)[0] == 200
    for purpose in ("marketing_email", "behavioural_profiling"):
        assert (
            server.cli("consent", "grant", "Acme", person["id"], purpose, *SIGNED, "--evidence", f"form of {person['email']}").returncode
            == 0
        )
    event = {
        "auth_token": token,
        "identity": {"id": person["id"]},
        "event_name": "Planted",
        "data": {"secret": person.get("property", "x")},
    }
    assert server.post("/api/v2/events/track", event)[0] == 200
    batch = [
        {"type": "track", "anonymousId": person.get("anonymous", "control-anonymous"), "event": "Seen", "messageId": f"m-{person['id']}"},
        {
            "type": "identify",
            "userId": person["id"],
            "anonymousId": person.get("anonymous", "control-anonymous"),
            "traits": {"nick": data["full_name"]},
        },
    ]
    assert server.post("/v1/batch", {"writeKey": write_key, "batch": batch})[0] == 200
    assert (
        server.post("/api/v2/users/tags/edit", {"auth_token": token, "id": person["id"], "add": [f"tag {data['secret']}"]}, method="PUT")[0]
        == 200
    )


def publish(server: Served) -> None:
    campaign = {
        "name": "Planted",
        "trigger_event": "Planted",
        "purpose": "marketing_email",
        "subject": "Hi {{ person.full_name }}",
        "html": "<p>{{ person.email }} did {{ event.properties.secret }}</p>",
    }
    bearer = {"Authorization": f"Bearer {server.workspace['auth_token']}"}
    status, body = server.post("/api/troth/v1/campaigns", campaign, bearer)
    assert status == 201, body
    assert server.post(f"/api/troth/v1/campaigns/{json.loads(body)['id']}/publish", {}, bearer)[0] == 200


def provoke_errors(server: Served, person: dict[str, str]) -> None:
    """Bad requests that carry the person: none of it may reach a log."""
    token = server.workspace["auth_token"]
    for path, body in (
        ("/api/v2/users/track", {"auth_token": token, "id": person["id"], "email": f"{person['email']} {person['email']}"}),
        ("/api/v2/users/track", json.dumps({"auth_token": "wrong", "id": person["id"], "email": person["email"]}).encode()[:-3]),
        (
            "/api/v2/events/track",
            {"auth_token": token, "identity": {"email": person["email"]}, "data": {"n": 10**30}, "event_name": person["id"]},
        ),
        (f"/api/v2/users/{person['id']}", {"auth_token": token}),
        ("/v1/batch", {"writeKey": person["id"], "batch": [{"userId": person["email"]}]}),
        (f"/api/troth/v1/people/{person['id']}/erasure?{person['email']}", {"x": person["email"]}),
        (f"/u/{person['id']}", {}),
        (f"/console/account/login/?next={person['id']}", {}),
    ):
        status, _ = server.post(path, body)
        assert 400 <= status < 500, (path, status)
    server.cli("people", "show", "Acme", f"nobody-{person['id']}")


def test_of_an_erased_person_no_byte_is_left_anywhere(own_server: Served) -> None:
    server = own_server
    publish(server)
    plant(server, DANA)
    plant(server, CONTROL)
    provoke_errors(server, DANA)

    def sent() -> Any:
        shown = server.json("people", "show", "Acme", DANA["id"])
        return len(shown["events"]) >= 2 and shown["messages"] and shown["messages"][0]["state"] == "sent"

    server.eventually(sent)
    values = [value for key, value in DANA.items() if key != "name"] + ["Sentinelle", f"old.{DANA['email']}"]
    assert server.log.name not in places_with(server, values), "an identifier reached a log"
    assert places_with(server, [DANA["email"]]), "the test's own scanner finds nothing even before the erasure"

    done = server.json("privacy", "erase", "Acme", DANA["id"], "--wait")
    assert done["state"] == "erased", done
    assert places_with(server, values) == []
    for late in (DANA["id"], DANA["email"], DANA["anonymous"], DANA["device"]):
        assert server.post("/v1/track", {"writeKey": server.workspace["write_key"], "userId": late, "event": "Late"})[0] == 200
    assert (
        server.post(
            "/api/v2/events/track", {"auth_token": server.workspace["auth_token"], "identity": {"email": DANA["email"]}, "event_name": "x"}
        )[0]
        == 200
    )
    assert server.cli("people", "show", "Acme", DANA["id"]).returncode != 0
    assert server.cli("people", "show", "Acme", DANA["email"]).returncode != 0

    shown = server.json("people", "show", "Acme", CONTROL["id"])
    assert {"planted", "seen"} <= {event["name"] for event in shown["events"]}
    values_flags = [word for value in values for word in ("--value", value)]
    assert server.cli("privacy", "scan", "Acme", *values_flags).returncode == 0
    assert server.cli("privacy", "scan", "Acme", "--value", CONTROL["email"]).returncode == 1
