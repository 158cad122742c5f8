"""No webhook reaches inside the network, nothing is left of who was erased, and everybody can read what was told of them."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from tests.webhooks.desk import Desk
from troth.kernel.personal_data import stores
from troth.messages.channels import outside
from troth.privacy.erasure.erasing import erase_identifier
from troth.webhooks.editing import check_address
from troth.webhooks.errors import WebhookInvalid
from troth.webhooks.listening import forget_listeners
from troth.webhooks.models import Delivery, ErasureNotice, Webhook


def test_who_was_erased_is_told_by_nothing_but_the_number_that_was_theirs(desk: Desk) -> None:
    desk.listen("user_created", "user_updated", "person.erased")
    desk.person("123", plan="pro")
    person_id = desk.subject("123").person_id
    assert Delivery.objects.count() == 1
    erase_identifier(desk.pk, "123", now=desk.now, source="api")
    assert Delivery.objects.count() == 0
    (asked,) = desk.deliver()
    body = json.loads(asked.body)
    assert (body["type"], body["data"]) == ("person.erased", {"person": {"person_id": str(person_id)}})
    assert "troth-person-id" not in asked.headers
    kept = str(ErasureNotice.objects.values().get())
    assert "123@" not in kept
    assert "pro" not in kept


def test_an_erasure_reaches_a_vero_webhook_and_one_that_is_handed_nothing_else(desk: Desk) -> None:
    desk.listen("person.erased", form="vero", purpose="marketing_email")
    desk.person("123")
    erase_identifier(desk.pk, "123", now=desk.now, source="api")
    assert [told["type"] for told in desk.told()] == ["person.erased"]


def test_what_was_told_of_somebody_is_in_their_export_and_goes_with_them(desk: Desk) -> None:
    desk.listen("user_created")
    desk.person("123")
    desk.deliver()
    (store,) = [store for store in stores() if store.name == "webhooks.deliveries"]
    (told,) = store.export(desk.subject("123"))
    assert (told["type"], told["state"], told["status"]) == ("user_created", "delivered", 200)
    assert "p123@example.com" not in str(Delivery.objects.values().get())


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "https://user:secret@example.com/",
        "ftp://example.com/",
        "https:///hook",
        "https://exa mple.com/",
        "https://example.com/#part",
        "https://[::1",
        "https://example.com:99999/",
        "http://127.0.0.1.example.com/",
    ],
)
def test_addresses_that_nothing_is_told_to(url: str) -> None:
    with pytest.raises(WebhookInvalid):
        check_address(url)


@pytest.mark.parametrize("url", ["https://example.com/hook?key=1", "http://127.0.0.1:8000/", "http://localhost/", "http://[::1]:80/"])
def test_addresses_that_can_be_told_to(url: str) -> None:
    check_address(url)


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "192.168.1.1", "169.254.169.254", "fe80::1", "::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "fd00::1", "0.0.0.0"],
)
def test_a_connection_that_leads_inside_is_not_used(address: str, settings: Any) -> None:
    settings.TROTH_PRIVATE_TARGETS = []
    assert not outside._may_reach(address)


def _trouble(desk: Desk, settings: Any, url: str) -> str:
    desk.listen("user_created", url=url)
    settings.TROTH_PRIVATE_TARGETS = []
    desk.person("1")
    desk.deliver()
    assert desk.receiver.asked == []
    return Delivery.objects.get().trouble


def test_this_machine_is_not_reached_unless_the_operator_names_it(desk: Desk, settings: Any) -> None:
    assert _trouble(desk, settings, desk.receiver.url) == "private_address"


def test_this_machine_is_not_reached_by_an_address_of_the_other_family(desk: Desk, settings: Any) -> None:
    port = desk.receiver.url.rpartition(":")[2]
    assert _trouble(desk, settings, f"https://[::ffff:127.0.0.1]:{port}/") == "private_address"


def test_a_name_that_leads_elsewhere_a_moment_later_does_not_get_inside(desk: Desk, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    port = int(desk.receiver.url.rpartition(":")[2])
    real = socket.getaddrinfo
    answers = iter(["93.184.216.34"])

    def resolve(host: Any, *rest: Any, **more: Any) -> Any:
        if host != "rebinds.example":
            return real(host, *rest, **more)
        # The first who looks it up sees a public address; the connection is made to another.
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers, "127.0.0.1"), port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert socket.getaddrinfo("rebinds.example", port)[0][4][0] == "93.184.216.34"
    assert _trouble(desk, settings, f"https://rebinds.example:{port}/") == "private_address"


def test_the_secret_is_not_kept_in_clear(desk: Desk) -> None:
    webhook = desk.listen("user_created")
    assert desk.secret.startswith("whsec_")
    assert desk.secret.encode() not in bytes(webhook.sealed)
    assert desk.secret not in str(Webhook.objects.values().get())


def test_while_nobody_listens_nothing_is_asked_of_the_database(desk: Desk, django_assert_num_queries: Any) -> None:
    from troth.webhooks.listening import is_asked_for

    forget_listeners()
    with django_assert_num_queries(1):
        assert [is_asked_for(frozenset({"user_created"})) for _ in range(100)] == [False] * 100
