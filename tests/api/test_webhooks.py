"""Webhooks over the control API and the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.http_server import Provider, run_provider
from tests.webhooks.desk import Desk, verify

NEW = {"url": "https://crm.example/hooks", "types": ["user_created"], "purpose": "service"}


@pytest.fixture
def receiver() -> Iterator[Provider]:
    with run_provider() as provider:
        yield provider


@pytest.fixture
def desk(alice: Any, receiver: Provider, settings: Any) -> Desk:
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]
    return Desk(alice.workspace, receiver)


def test_a_webhook_is_set_up_changed_and_removed_and_its_secret_told_once(alice: Any, charlie: Any) -> None:
    api = alice.api
    made = api.json("POST", "/webhooks", NEW, status=201)
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", made["secret"])
    assert made["name"] == "crm.example"
    assert made["secret"] not in str([api.json("GET", "/webhooks"), api.json("GET", f"/webhooks/{made['id']}")])
    changed = api.json("PATCH", f"/webhooks/{made['id']}", {"state": "paused", "types": ["sent", "person.erased"]})
    assert (changed["state"], changed["types"]) == ("paused", ["sent", "person.erased"])
    assert api.json("POST", f"/webhooks/{made['id']}/secret")["secret"] != made["secret"]
    assert charlie.api("GET", f"/webhooks/{made['id']}").status_code == 404
    assert api("DELETE", f"/webhooks/{made['id']}").status_code == 204
    assert api("GET", f"/webhooks/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    ("fault", "where"),
    [({"url": "http://crm.example/"}, "$.url"), ({"types": ["nothing"]}, "$.types"), ({"purpose": "no_such"}, "$.purpose")],
)
def test_what_is_wrong_with_a_webhook_is_told_with_its_place(alice: Any, fault: dict[str, Any], where: str) -> None:
    refused = alice.api.json("POST", "/webhooks", {**NEW, **fault}, status=422)
    assert refused["path"] == where


def test_deliveries_are_listed_page_by_page_and_dead_ones_replayed(alice: Any, desk: Desk) -> None:
    api = alice.api
    made = api.json("POST", "/webhooks", {**NEW, "url": desk.receiver.url}, status=201)
    desk.receiver.answer = lambda asked: (500, {})
    for number in range(5):
        desk.person(f"w{number}")
    for _ in range(8):
        desk.deliver(73 * 3_600_000)
    dead = api.json("GET", f"/webhooks/{made['id']}/deliveries?state=dead&limit=2")
    assert len(dead["items"]) == 2
    assert dead["items"][0]["status"] == 500
    assert len(api.walk(f"/webhooks/{made['id']}/deliveries", 2)) == 5
    assert api.json("GET", f"/webhooks/{made['id']}")["deliveries"]["dead"] == 5
    desk.receiver.answer = lambda asked: (200, {})
    path = f"/webhooks/{made['id']}/replay"
    assert api.json("POST", path, {"ids": [dead["items"][0]["id"]]}) == {"replayed": 1}
    assert api.json("POST", path, {"type": "sent"}) == {"replayed": 0}
    assert api.json("POST", path, {}) == {"replayed": 4}
    desk.deliver(3_600_000)
    assert api.json("GET", f"/webhooks/{made['id']}")["deliveries"] == {"waiting": 0, "delivered": 5, "dead": 0}


def test_a_test_is_signed_and_says_what_was_answered(alice: Any, desk: Desk) -> None:
    api = alice.api
    made = api.json("POST", "/webhooks", {**NEW, "url": desk.receiver.url, "format": "vero"}, status=201)
    assert api.json("POST", f"/webhooks/{made['id']}/test") == {"taken": True, "status": 200, "trouble": ""}
    (asked,) = desk.receiver.asked
    assert verify(made["secret"], asked)
    assert asked.json["user"]["email"] == "test@example.com"
    desk.receiver.next_answers = [(404, {})]
    assert api.json("POST", f"/webhooks/{made['id']}/test") == {"taken": False, "status": 404, "trouble": "refused"}


def test_the_command_line_does_the_same(alice: Any, desk: Desk) -> None:
    def say(*words: Any, **options: Any) -> str:
        out = StringIO()
        call_command(*words, stdout=out, **options)
        return out.getvalue()

    workspace = str(alice.workspace.pk)
    number, secret = say("webhook_add", workspace, url=desk.receiver.url, types=["user_created"], purpose="service").split()
    assert secret.startswith("whsec_")
    assert "It was taken (200)" in say("webhook_test", workspace, int(number))
    desk.receiver.answer = lambda asked: (500, {})
    with pytest.raises(CommandError, match="not taken: 500"):
        say("webhook_test", workspace, int(number))
    desk.person("w1")
    for _ in range(2):
        desk.deliver(73 * 3_600_000)
    assert "1 dead" in say("webhook_list", workspace)
    assert say("webhook_replay", workspace, int(number)).strip() == "1"
