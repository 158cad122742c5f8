"""What is not used is told; what was stopped is dropped at every door, counted, and can be deleted in steps."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from django.core.management import call_command

from tests.privacy.test_inventory import know, stored
from troth.consent.collecting import CollectingInvalid, list_stopped, resume_collecting, stop_collecting
from troth.intake.door import apply
from troth.intake.wire import segment, vero
from troth.intake.wire.request import Request, Work
from troth.kernel.clock import DAY, now_ms
from troth.kernel.worker import drain
from troth.people.event_names import fold_event_name
from troth.people.lookup import find_person, latest_events, load_person
from troth.privacy.inventory import clearing
from troth.privacy.inventory.clearing import ClearingInvalid, start_clearing
from troth.privacy.inventory.minimisation import read_minimisation
from troth.privacy.inventory.storing import count_all
from troth.privacy.models import Clearing
from troth.workspaces.keys import Grant


def events_of(workspace: Any, who: str) -> list[tuple[str, dict[str, Any]]]:
    return [(event.name, event.properties) for event in latest_events(find_person(workspace.pk, who))]


def attributes_of(workspace: Any, who: str) -> dict[str, Any]:
    return dict(load_person(find_person(workspace.pk, who)).attributes)


def test_the_report_names_what_nothing_reads_and_tells_an_event_with_its_properties(workspace: Any) -> None:
    from troth.campaigns.editing import create_campaign

    know(workspace, "dana", {"plan": "pro", "shoe": 39}, bought={"amount": 1, "coupon": "X"}, left={"why": "dear"})
    count_all(now_ms())
    mail = {"subject": "Hi", "html": "{{ person.plan }} {{ event.properties.amount }}"}
    create_campaign(workspace.pk, name="Thanks", trigger_event="bought", purpose="service", **mail)
    assert {item.title for item in read_minimisation(workspace.pk, now_ms()).unused} == {"shoe", "bought · coupon", "left"}
    stop_collecting(workspace.pk, "attribute", "", "shoe", now=now_ms())
    assert "shoe" not in {item.title for item in read_minimisation(workspace.pk, now_ms()).unused}


def test_what_was_stopped_leaves_nothing_behind_but_a_number(workspace: Any) -> None:
    stop_collecting(workspace.pk, "event", "left", "", now=now_ms())
    stop_collecting(workspace.pk, "property", "bought", "coupon", now=now_ms())
    stop_collecting(workspace.pk, "attribute", "", "shoe", now=now_ms())
    know(workspace, "dana", {"plan": "pro", "shoe": 39}, bought={"amount": 1, "coupon": "X"}, left={})
    assert attributes_of(workspace, "dana") == {"plan": "pro"}
    assert events_of(workspace, "dana") == [("bought", {"amount": 1})]
    assert {(one.kind, one.event, one.name): one.dropped for one in list_stopped(workspace.pk, now_ms())} == {
        ("attribute", "", "shoe"): 1,
        ("event", "left", ""): 1,
        ("property", "bought", "coupon"): 1,
    }
    resume_collecting(workspace.pk, "attribute", "", "shoe")
    know(workspace, "dana", {"shoe": 40})
    assert attributes_of(workspace, "dana") == {"plan": "pro", "shoe": 40}
    with pytest.raises(CollectingInvalid, match="was not stopped"):
        resume_collecting(workspace.pk, "attribute", "", "shoe")


@pytest.mark.parametrize("at_once", [1, 500])
def test_what_is_stored_is_deleted_in_steps_once_it_is_not_collected(workspace: Any, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(clearing, "AT_ONCE", at_once)
    for who in ("dana", "erin", "bob"):
        know(workspace, who, {"plan": "pro", "shoe": 39}, bought={"amount": 1, "coupon": "X"}, left={"why": 1})
    data = [("attribute", "", "shoe"), ("property", "bought", "coupon"), ("event", "left", "")]
    with pytest.raises(ClearingInvalid, match="still collected"):
        start_clearing(workspace.pk, *data[0], now=1)
    for datum in data:
        stop_collecting(workspace.pk, *datum, now=now_ms())
        start_clearing(workspace.pk, *datum, now=now_ms())
    drain(now_ms() + DAY)
    assert attributes_of(workspace, "erin") == {"plan": "pro"}
    assert events_of(workspace, "erin") == [("bought", {"amount": 1})]
    assert [(job.cleared, job.ended_at is None) for job in Clearing.objects.all()] == [(3, False)] * 3
    count_all(now_ms())
    assert set(stored(workspace)) == {"plan", "bought", "bought · amount"}


def test_the_command_stops_clears_and_prints(workspace: Any) -> None:
    know(workspace, "dana", {"shoe": 39})
    count_all(now_ms())
    said = io.StringIO()
    call_command("privacy_minimise", str(workspace.pk), stdout=said)
    assert "unused    attribute shoe" in said.getvalue()
    call_command("privacy_minimise", str(workspace.pk), "--stop", "attribute", "", "shoe", stdout=said)
    call_command("privacy_minimise", str(workspace.pk), "--clear", "attribute", "", "shoe", stdout=said)
    assert "cleared   attribute  shoe: 1" in said.getvalue()
    assert attributes_of(workspace, "dana") == {}


def send(workspace: Any, wire: Any, path: str, body: dict[str, Any]) -> None:
    """One request in a wire format, as the door reads it, applied as the writer does."""
    grant = Grant(1, workspace.pk, "server", frozenset({"track"}))
    authorization = b"Basic " + base64.b64encode(b"key:")
    headers = {b"content-type": b"application/json", b"authorization": authorization}
    work = wire.handle(Request("POST", path, b"", headers, json.dumps(body).encode(), now_ms()), lambda _token: grant)
    assert isinstance(work, Work), work
    apply(work.commands, now=now_ms())
    drain(now_ms() + DAY)


@pytest.mark.parametrize("event_name", ["Added to Cart", "added_to_cart"])
def test_it_is_dropped_in_every_wire_format(workspace: Any, event_name: str) -> None:
    stop_collecting(workspace.pk, "event", fold_event_name("Added to cart"), "", now=now_ms())
    stop_collecting(workspace.pk, "property", "bought", "coupon", now=now_ms())
    stop_collecting(workspace.pk, "attribute", "", "shoe", now=now_ms())
    vero_person = {"auth_token": "x", "identity": {"id": "7"}}
    send(workspace, vero, "/api/v2/users/track", {"auth_token": "x", "id": "7", "data": {"shoe": 39, "plan": "pro"}})
    send(workspace, vero, "/api/v2/events/track", {**vero_person, "event_name": event_name, "data": {"sku": 1}})
    send(workspace, vero, "/api/v2/events/track", {**vero_person, "event_name": "Bought", "data": {"coupon": 1, "amount": 2}})
    batch = [
        {"type": "identify", "userId": "8", "traits": {"shoe": 39, "plan": "pro"}},
        {"type": "track", "userId": "8", "event": event_name},
        {"type": "track", "userId": "8", "event": "Bought", "properties": {"coupon": 1, "amount": 2}},
    ]
    send(workspace, segment, "/v1/batch", {"batch": batch})
    for who in ("7", "8"):
        assert attributes_of(workspace, who) == {"plan": "pro"}
        assert events_of(workspace, who) == [("bought", {"amount": 2})]
    assert [one.dropped for one in list_stopped(workspace.pk, now_ms())] == [2, 2, 2]
