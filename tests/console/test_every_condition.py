"""Every kind of condition that the guide names: counted by the API, kept by the editor's boxes as it was, and computed as it was counted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from tests.api.conftest import Api
from tests.console.test_segments_room import fields_of, path
from tests.members import join
from tests.segments.shop import Shop
from troth.consent.topics import create_topic
from troth.intake.commands import Decision
from troth.kernel.clock import DAY, HOUR, iso
from troth.segments.models import Segment
from troth.workspaces.keys import create_key


def day(now: int, days: int, year: int | None = None) -> str:
    found = datetime.fromtimestamp((now + days * DAY) / 1000, UTC).date()
    return found.replace(year=year).isoformat() if year and (found.month, found.day) != (2, 29) else found.isoformat()


@pytest.fixture
def shop(workspace: Any) -> Shop:
    """Ada is everything that is asked about; Ben is somebody else."""
    shop = Shop(workspace)
    create_topic(workspace.pk, "news", {"en": "News"}, "marketing_email")
    ada = {
        "plan": "pro",
        "age": 30,
        "vip": True,
        "cities": ["Lyon", "Lille"],
        "address": {"city": "Lyon"},
        "renews": day(shop.now, 3),
        "born": day(shop.now, 2, 1988),
        "seen_at": iso(shop.now - HOUR),
    }
    shop.person("ada", "behavioural_profiling", "marketing_email", **ada)
    ben = {"plan": "free", "age": 9, "vip": False, "cities": ["Rome"], "address": {"city": "Rome"}, "renews": day(shop.now, 60)}
    shop.person("ben", **{**ben, "born": day(shop.now, 180, 1988), "seen_at": iso(shop.now - 40 * DAY)})
    shop.tag("ada", "vip")
    for ago, total in ((9 * DAY, 5), (2 * DAY, 50), (HOUR, 500)):
        shop.track("ada", "bought", ago=ago, total=total)
    shop.track("ada", "cart", ago=2 * HOUR)
    shop.track("ben", "cart", ago=2 * HOUR)
    shop.track("ben", "login", ago=HOUR)
    shop.decide("ben", Decision.WITHDRAW, "topic:news")
    return shop


def conditions(now: int) -> list[dict[str, Any]]:
    """Each holds for Ada and not for Ben."""
    return [
        {"attribute": "plan", "op": "equals", "value": "pro"},
        {"attribute": "plan", "op": "not_equals", "value": "free"},
        {"attribute": "plan", "op": "in", "value": ["pro", "team"]},
        {"attribute": "plan", "op": "starts_with", "value": "pr"},
        {"attribute": "cities", "op": "contains", "value": "Lyon"},
        {"attribute": "age", "op": "greater", "value": 18},
        {"attribute": "age", "op": "at_least", "value": 30},
        {"attribute": "vip", "op": "equals", "value": True},
        {"attribute": "address.city", "op": "equals", "value": "Lyon"},
        {"attribute": "renews", "op": "before", "value": "P30D"},
        {"attribute": "renews", "op": "before", "value": day(now, 30)},
        {"attribute": "renews", "op": "within_next", "value": "P7D"},
        {"attribute": "renews", "op": "on_day", "value": [0, 7]},
        {"attribute": "seen_at", "op": "within_last", "value": "P1D"},
        {"attribute": "seen_at", "op": "after", "value": "-P30D"},
        {"attribute": "born", "op": "anniversary", "value": [0, 7], "zone": "Europe/Paris"},
        {"tag": "vip"},
        {"event": "bought", "op": "did", "count": {"at_least": 2}, "within": "P30D"},
        {"event": "bought", "op": "did", "count": {"exactly": 3}},
        {"event": "login", "op": "did_not", "within": "P7D"},
        {"event": "bought", "op": "did", "where": {"property": "total", "op": "greater", "value": 100}},
        {"event": "bought", "op": "did", "since": day(now, -20), "until": day(now, 1)},
        {"event": "bought", "op": "did", "older_than": "P7D"},
        {"event": "bought", "op": "first", "older_than": "P7D"},
        {"event": "bought", "op": "last", "within": "P1D"},
        {"sequence": [{"event": "cart"}, {"event": "bought"}], "op": "then", "gap": "P1M"},
        {"not": {"sequence": [{"event": "cart"}, {"event": "bought"}], "op": "without", "gap": "PT1H", "within": "P1Y"}},
        {"consent": "marketing_email", "op": "permits"},
        {"not": {"consent": "marketing_email", "op": "missing"}},
        {"topic": "news", "op": "wanted"},
        {"all": [{"any": [{"tag": "vip"}, {"tag": "none"}]}, {"not": {"tag": "none"}}]},
    ]


def edit(client: Client, shop: Shop, definition: Any) -> Any:
    """What the editor's boxes hold of a definition that was given as JSON, saved."""
    form = fields_of(client.get(path(shop, "/new")).content.decode())
    page = client.post(path(shop, "/new"), {**form, "name": "E", "as_json": json.dumps(definition), "do": "json"}).content.decode()
    answer = client.post(path(shop, "/new"), {**fields_of(page), "name": "E", "do": "save"})
    assert answer.status_code == 303, definition
    return Segment.objects.latest("pk")


def test_every_kind_of_condition_works_over_the_api_and_in_the_boxes(shop: Shop) -> None:
    api = Api(create_key(shop_workspace(shop), "api", scopes=frozenset({"campaigns:write"})))
    marketer = join(shop_workspace(shop), "marketer")
    for definition in conditions(shop.now):
        counted = api.json("POST", "/segments/preview", {"definition": definition})
        assert (counted["count"], counted["people"]) == (1, 2), definition
        own = edit(marketer, shop, definition)
        assert own.definition == definition
    shop.now = max(shop.now, own.updated_at)
    shop.work()
    sizes = {row.name: row.progress.size for row in Segment.objects.select_related("progress")}
    assert set(sizes.values()) == {1}


def test_messages_other_segments_and_circles(shop: Shop) -> None:
    api = Api(create_key(shop_workspace(shop), "api", scopes=frozenset({"campaigns:write"})))
    silent = {"message": "received", "op": "did_not", "source": "campaign:7", "within": "P30D"}
    assert api.json("POST", "/segments/preview", {"definition": silent})["count"] == 2
    first = edit(join(shop_workspace(shop), "marketer"), shop, {"all": [silent, {"tag": "vip"}]})
    second = api.json("POST", "/segments", {"name": "Second", "definition": {"segment": first.pk}}, status=201)
    assert api.json("POST", "/segments/preview", {"definition": {"not": {"segment": second["id"]}}})["count"] == 1
    circle = api.json("PATCH", f"/segments/{first.pk}", {"definition": {"any": [{"tag": "x"}, {"segment": second["id"]}]}}, status=400)
    assert circle["path"].startswith("$.any[1].segment") and "leads back to itself" in circle["message"]


def test_what_cannot_be_is_refused_with_its_place(shop: Shop) -> None:
    api = Api(create_key(shop_workspace(shop), "api", scopes=frozenset({"campaigns:write"})))
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"all": [{"attribute": "age", "op": "equals", "value": "30"}]}, "$.all[0].value"),
        ({"attribute": "plan", "op": "greater", "value": 3}, "$.value"),
        ({"event": "bought", "op": "did", "within": "7 days"}, "$.within"),
        ({"any": [{"sequence": [{"event": "a"}], "op": "then"}]}, "$.any[0].sequence"),
        ({"sequence": [{"event": "a"}, {"event": "b", "gap": "soon"}], "op": "then"}, "$.sequence[1].gap"),
        ({"attribute": "renews", "op": "on_day", "value": "soon"}, "$.value"),
        ({"segment": 999_999}, "$.segment"),
    ]
    for definition, place in wrong:
        assert api.json("POST", "/segments/preview", {"definition": definition}, status=400).get("path") == place, definition


def shop_workspace(shop: Shop) -> Any:
    from troth.workspaces.models import Workspace

    return Workspace.objects.get(pk=shop.pk)
