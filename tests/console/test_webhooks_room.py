"""The room Webhooks: set up, shown once, paused, tried, told again, removed; for those who may, each in their own workspace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests.http_server import Provider, run_provider
from tests.members import join
from tests.webhooks.desk import Desk, verify
from troth.webhooks.models import Webhook
from troth.workspaces.models import AuditEntry

SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")


@pytest.fixture
def receiver() -> Iterator[Provider]:
    with run_provider() as provider:
        yield provider


@pytest.fixture
def desk(workspace: Any, receiver: Provider, settings: Any) -> Desk:
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]
    return Desk(workspace, receiver)


@pytest.fixture
def developer(workspace: Any) -> Client:
    return join(workspace, "developer")


def path(desk: Desk, rest: str = "") -> str:
    return f"/console/{desk.pk}/webhooks{rest}"


def read(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return str(answer.content.decode())


def make(client: Client, desk: Desk, **fields: Any) -> Any:
    said = {"name": "CRM", "url": desk.receiver.url, "types": ["user_created"], "purpose": "service", "format": "vero", **fields}
    return client.post(path(desk, "/new"), said)


def test_a_webhook_is_set_up_and_its_secret_shown_once(desk: Desk, developer: Client) -> None:
    answer = make(developer, desk)
    (secret,) = set(SECRET.findall(answer.content.decode()))
    assert answer.headers["Cache-Control"] == "no-store"
    own = Webhook.objects.get()
    desk.person("1")
    (asked,) = desk.deliver()
    assert verify(secret, asked)
    page = read(developer, path(desk, f"/{own.pk}"))
    assert secret not in page
    assert "a person is new" in page
    assert "CRM" in read(developer, path(desk))
    assert AuditEntry.objects.get(action="webhook.added").detail["purpose"] == "service"


def test_a_wrong_address_is_told_at_its_field(desk: Desk, developer: Client) -> None:
    answer = make(developer, desk, url="http://example.com/")
    assert answer.status_code == 422
    assert "begins with https://" in answer.content.decode()
    assert Webhook.objects.count() == 0


def test_what_could_not_be_told_is_shown_and_told_again(desk: Desk, developer: Client) -> None:
    make(developer, desk)
    own = Webhook.objects.get()
    desk.receiver.answer = lambda asked: (503, {})
    desk.person("1")
    for _ in range(3):
        desk.deliver(73 * 3_600_000)
    page = read(developer, path(desk, f"/{own.pk}/deliveries?state=dead"))
    assert "dead letter" in page
    assert "503" in page
    assert "the address refused it" in page
    (number,) = set(re.findall(r'name="delivery" value="(\d+)"', page))
    desk.receiver.answer = lambda asked: (200, {})
    assert developer.post(path(desk, f"/{own.pk}/replay"), {"delivery": number}).status_code == 303
    desk.deliver(700_000)
    assert "told" in read(developer, path(desk, f"/{own.pk}/deliveries?state=delivered"))
    assert "No deliveries fit" in read(developer, path(desk, f"/{own.pk}/deliveries?state=dead"))


def test_it_is_tried_paused_changed_and_removed(desk: Desk, developer: Client) -> None:
    make(developer, desk)
    own = Webhook.objects.get()
    answer = developer.post(path(desk, f"/{own.pk}/test"), follow=True)
    assert "the address answered 200" in answer.content.decode()
    assert desk.receiver.asked[0].headers["webhook-id"].startswith("msg_test_")
    desk.receiver.next_answers = [(500, {})]
    assert "the address refused it (500)" in developer.post(path(desk, f"/{own.pk}/test"), follow=True).content.decode()
    developer.post(path(desk, f"/{own.pk}/state"), {"state": "paused"})
    assert "paused" in read(developer, path(desk))
    edited = {"name": "Shop", "url": desk.receiver.url, "types": ["user_updated"], "purpose": "service", "format": "troth"}
    assert developer.post(path(desk, f"/{own.pk}/edit"), edited).status_code == 303
    own.refresh_from_db()
    assert (own.name, own.types, own.format, own.state) == ("Shop", ["user_updated"], "troth", "paused")
    (secret,) = set(SECRET.findall(developer.post(path(desk, f"/{own.pk}/secret")).content.decode()))
    assert len(secret) > 40
    assert developer.post(path(desk, f"/{own.pk}/remove")).status_code == 303
    assert Webhook.objects.count() == 0


def test_who_may_not_set_webhooks_up_sees_neither_their_address_nor_buttons(desk: Desk, workspace: Any) -> None:
    own = desk.listen("user_created", path="/secret-path")
    marketer = join(workspace, "marketer")
    page = read(marketer, path(desk, f"/{own.pk}"))
    assert "secret-path" not in page
    assert "Switch off" not in page
    for rest in ("/new", f"/{own.pk}/edit", f"/{own.pk}/remove"):
        assert marketer.get(path(desk, rest)).status_code == 403
    assert marketer.post(path(desk, f"/{own.pk}/test")).status_code == 403


def test_another_workspaces_webhook_is_not_found(desk: Desk, developer: Client) -> None:
    from troth.workspaces.registry import create_workspace

    other = Desk(create_workspace("Other").workspace, desk.receiver).listen("user_created")
    for rest in ("", "/deliveries", "/edit", "/replay", "/secret", "/remove"):
        assert developer.get(path(desk, f"/{other.pk}{rest}")).status_code == 404
