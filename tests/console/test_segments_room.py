"""The room of segments: conditions written in boxes without any script, counted, explained, and looked at by those who may."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings

from bench.console_data import invite_team
from tests.segments.definitions import TREES
from tests.segments.shop import Shop
from troth.campaigns.models import Newsletter
from troth.segments.models import Segment
from troth.segments.registry import create_segment, update_segment
from troth.workspaces.models import AuditEntry, User

PRO = {"attribute": "plan", "op": "equals", "value": "pro"}


@pytest.fixture
def shop(workspace: Any) -> Shop:
    return Shop(workspace)


@pytest.fixture
def team(shop: Shop) -> dict[str, Client]:
    """A client for each role."""
    invite_team(shop.pk)
    clients = {}
    for role in ("marketer", "viewer"):
        clients[role] = Client()
        clients[role].force_login(User.objects.get(member__workspace=shop.pk, member__role=role))
    return clients


def path(shop: Shop, rest: str = "") -> str:
    return f"/console/{shop.pk}/segments{rest}"


def fields_of(html: str) -> dict[str, Any]:
    """What a browser would post of the editor's form."""
    from html.parser import HTMLParser

    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.inside, self.select, self.area = False, "", ""
            self.found: dict[str, Any] = {"node": []}

        def handle_starttag(self, tag: str, attrs: Any) -> None:
            own = dict(attrs)
            if tag == "form":
                self.inside = own.get("id") == "editor"
            if not self.inside:
                return
            if tag == "input" and own.get("name") == "node":
                self.found["node"].append(own["value"])
            elif tag == "input" and own.get("type") == "checkbox":
                if "checked" in own:
                    self.found.setdefault(own["name"], []).append(own["value"])
            elif tag == "input" and own.get("name"):
                self.found[own["name"]] = own.get("value", "")
            elif tag == "select":
                self.select = own["name"]
                self.found[self.select] = ""
            elif tag == "option" and self.select and ("selected" in own or not self.found[self.select]):
                self.found[self.select] = own["value"]
            elif tag == "textarea":
                self.area = own["name"]
                self.found[self.area] = ""

        def handle_data(self, data: str) -> None:
            if self.area:
                self.found[self.area] += data

        def handle_endtag(self, tag: str) -> None:
            self.select, self.area = ("", "") if tag in ("select", "textarea") else (self.select, self.area)

    reader = Reader()
    reader.feed(html)
    return reader.found


def test_a_segment_is_written_in_boxes_counted_sampled_saved_and_explained(shop: Shop, team: dict[str, Client]) -> None:
    ada = shop.person("ada", plan="pro")
    shop.track("ada", "bought")
    shop.person("eve", "marketing_email", plan="pro")
    marketer = team["marketer"]
    assert "No segments yet" in marketer.get(path(shop)).content.decode()
    page = marketer.get(path(shop, "/new")).content.decode()
    assert '<option value="bought">' in page and '<option value="plan">' in page
    form = {**fields_of(page), "name": "Buyers", "0.0-name": "plan", "0.0-value": "pro"}
    page = marketer.post(path(shop, "/new"), {**form, "do": "add:0:group"}).content.decode()
    page = marketer.post(path(shop, "/new"), {**fields_of(page), "0.1-match": "none", "do": "add:0.1:event"}).content.decode()
    form = {**fields_of(page), "0.1.0-name": "bought", "0.1.0-within": "1 hour"}
    assert form["0.0-value"] == "pro", "what was written stays"
    counted = marketer.post(path(shop, "/count"), form).content.decode()
    assert re.search(r"People now.*?>0<", counted, re.DOTALL) and "no consent yet" in counted
    form["0.1-match"] = "all"
    shown = marketer.post(path(shop, "/new"), {**form, "do": "sample"}).content.decode()
    assert f"/console/{shop.pk}/people/{ada.person_id}" in shown
    assert marketer.post(path(shop, "/new"), {**form, "do": "save"}).status_code == 303
    own = Segment.objects.get(workspace_id=shop.pk)
    assert own.definition == {"all": [PRO, {"event": "bought", "op": "did", "within": "PT1H"}]}
    shop.now = own.updated_at
    shop.work()
    page = marketer.get(path(shop, f"/{own.pk}")).content.decode()
    assert "did bought within the last 1 hour" in page and "Size over time" in page
    assert f"/people/{ada.person_id}" in marketer.get(path(shop, f"/{own.pk}/members")).content.decode()
    assert "is in the segment" in marketer.get(path(shop, f"/{own.pk}/why?who=ada")).content.decode()
    told = marketer.get(path(shop, f"/{own.pk}/why?who=eve")).content.decode()
    assert "is not in the segment" in told and "not for Choose messages by behaviour" in told
    assert "Nobody has that identifier" in marketer.get(path(shop, f"/{own.pk}/why?who=nobody")).content.decode()
    acts = set(AuditEntry.objects.filter(workspace_id=shop.pk).values_list("action", flat=True))
    assert {"segment.created", "segment.sampled", "segment.members", "segment.why"} <= acts
    assert marketer.post(path(shop, f"/{own.pk}/archive")).status_code == 303
    assert Segment.objects.get(pk=own.pk).archived


def test_who_is_shown_stays_until_something_is_written(shop: Shop, team: dict[str, Client]) -> None:
    ada = shop.person("ada", plan="pro")
    marketer = team["marketer"]
    page = marketer.get(path(shop, "/new")).content.decode()
    assert 'hx-trigger="input' in page and 'class="notice' not in page, (
        "nothing is counted, and nothing is wrong, before anything is written"
    )
    page = marketer.post(path(shop, "/new"), {**fields_of(page), "do": "add:0:event"}).content.decode()
    assert 'hx-trigger="load, input' in page
    form = {**fields_of(page), "0.0-name": "plan", "0.0-value": "pro", "do": "sample"} | {"0.1-name": "bought", "0.1-op": "did_not"}
    page = marketer.post(path(shop, "/new"), form).content.decode()
    assert f"/people/{ada.person_id}" in page
    assert 'hx-trigger="input' in page, "a count by itself would take them away again"
    assert fields_of(page)["name"] == "", "and it has no name yet"


def test_what_is_wrong_is_said_without_its_place_in_json_and_sources_are_chosen_by_name(shop: Shop, team: dict[str, Client]) -> None:
    marketer = team["marketer"]
    own = Newsletter.objects.create(workspace_id=shop.pk, name="Weekly", purpose="marketing_email", created_at=0, updated_at=0)
    page = marketer.post(path(shop, "/new"), {**fields_of(marketer.get(path(shop, "/new")).content.decode()), "do": "add:0:message"})
    form = fields_of(page.content.decode())
    assert f'<option value="newsletter:{own.pk}">Weekly</option>' in page.content.decode()
    told = marketer.post(path(shop, "/count"), {**form, "do": "count"}).content.decode()
    assert "A name is missing" in told and "$." not in told
    gone = marketer.post(path(shop, "/new"), {**form, "0.1-source": "campaign:99", "do": "add:0:event"}).content.decode()
    assert '<option value="campaign:99" selected>' in gone, "what it says is kept, though there is no such campaign"


def test_names_that_nobody_ever_had_are_told_beside_the_count(shop: Shop, team: dict[str, Client]) -> None:
    shop.person("ada", plan="pro")
    shop.track("ada", "bought")
    marketer = team["marketer"]
    form = fields_of(marketer.get(path(shop, "/new")).content.decode())
    form = fields_of(marketer.post(path(shop, "/new"), {**form, "do": "add:0:event"}).content.decode())
    told = marketer.post(path(shop, "/count"), {**form, "0.0-name": "plan", "0.0-value": "pro", "0.1-name": "Bought"}).content.decode()
    assert "spelt otherwise" not in told
    told = marketer.post(path(shop, "/count"), {**form, "0.0-name": "plna", "0.0-value": "pro", "0.1-name": "boght"}).content.decode()
    assert "No event “boght” has come so far" in told and "None of the newest people has an attribute “plna”" in told


def test_the_size_over_time_stands_at_the_hours_of_whoever_reads(shop: Shop, team: dict[str, Client]) -> None:
    shop.person("ada", plan="pro")
    own = create_segment(shop.pk, name="Pro", definition=PRO, now=shop.now)
    shop.work()
    team["marketer"].cookies["troth_zone"] = "Asia/Kolkata"  # half an hour beside UTC, whatever the hour is
    page = team["marketer"].get(path(shop, f"/{own.pk}"), {"span": "day"}).content.decode()
    computed = re.search(r'datetime="[^"]+" title="[^"]* Asia/Kolkata', page)
    assert computed
    tables = re.findall(r'<th scope="row"[^>]*>([^<]+)</th>', page)
    hours = [one for one in tables if re.search(r"\d:\d\d", one)]
    assert hours and all(":30" in one for one in hours[:-1]) and "2026, " not in "".join(hours), hours


def test_json_and_boxes_say_the_same_and_what_is_wrong_is_told(shop: Shop, team: dict[str, Client]) -> None:
    shop.person("ada", plan="pro")
    marketer = team["marketer"]
    definition = {"any": [PRO, {"not": {"sequence": [{"event": "cart"}, {"event": "bought"}], "op": "then", "gap": "PT1H"}}]}
    form = fields_of(marketer.get(path(shop, "/new")).content.decode())
    page = marketer.post(path(shop, "/new"), {**form, "as_json": json.dumps(definition), "do": "json"}).content.decode()
    assert json.loads(fields_of(page)["as_json"]) == definition
    wrong = marketer.post(path(shop, "/new"), {**form, "as_json": '{"attribute": "plan", "op": "like"}', "do": "json"}).content.decode()
    assert "$.op: choose one of" in wrong
    form = {**form, "name": "S", "0.0-name": "plan", "0.0-op": "at_least", "0.0-value": "5", "do": "save"}
    assert "has been a text so far" in marketer.post(path(shop, "/new"), form).content.decode()
    assert not Segment.objects.exists()


def test_a_sequence_has_a_box_for_each_of_its_steps_added_and_removed_by_a_button(shop: Shop, team: dict[str, Client]) -> None:
    marketer = team["marketer"]

    def press(page: str, do: str, **fields: str) -> str:
        return marketer.post(path(shop, "/new"), {**fields_of(page), **fields, "name": "S", "do": do}).content.decode()

    page = press(marketer.get(path(shop, "/new")).content.decode(), "remove:0.0")
    page = press(page, "add:0:sequence")
    page = press(page, "step:0.0", **{"0.0-event1": "viewed", "0.0-event2": "cart", "0.0-gap2": "PT1H"})
    written = {
        "0.0-event3": "bought",
        "0.0-gap": "P3M",
        "0.0-property3": "total",
        "0.0-property_op3": "greater",
        "0.0-property_value3": "5",
    }
    page = press(page, "step:0.0", **written)
    assert "0.0-event4" in page, "a fourth, still empty"
    page = press(page, "unstep:0.0")
    assert marketer.post(path(shop, "/new"), {**fields_of(page), "name": "S", "do": "save"}).status_code == 303
    bought = {"event": "bought", "where": {"property": "total", "op": "greater", "value": 5}}
    steps = [{"event": "viewed"}, {"event": "cart", "gap": "PT1H"}, bought]
    own = Segment.objects.get(workspace_id=shop.pk)
    assert own.definition == {"sequence": steps, "op": "without", "gap": "P3M", "within": "P7D"}
    shown = fields_of(marketer.get(path(shop, f"/{own.pk}/edit")).content.decode())
    assert (shown["0.0-event3"], shown["0.0-property_value3"], shown["0.0-gap2"]) == ("bought", "5", "1 hour")


def test_a_viewer_sees_figures_and_no_person(shop: Shop, team: dict[str, Client]) -> None:
    segment = shop.segment(PRO)
    assert team["viewer"].get(path(shop, f"/{segment.pk}")).status_code == 200
    for rest in (f"/{segment.pk}/members", f"/{segment.pk}/why", f"/{segment.pk}/edit", "/new", f"/{segment.pk}/archive"):
        assert team["viewer"].get(path(shop, rest)).status_code == 403
    assert team["viewer"].get(f"/console/{shop.pk}/segments/999999").status_code == 404


@given(TREES)
@settings(max_examples=150, deadline=None)
def test_boxes_hold_every_definition_and_give_it_back(tree: Any) -> None:
    from troth.console.segments.tree import Node, read_tree, write_tree
    from troth.segments.definition import check_definition

    def flat(node: Node) -> list[Node]:
        return [node, *(inner for part in node.parts for inner in flat(part))]

    def plain(one: Any) -> Any:
        """Groups of one are their only condition; a count of at least one, and windows of nothing, go without saying."""
        if "all" in one or "any" in one:
            ((key, parts),) = one.items()
            found = [plain(part) for part in parts]
            return found[0] if len(found) == 1 else {key: found}
        if "not" in one:
            return {"not": plain(one["not"])}
        return {key: value for key, value in one.items() if (key, value) != ("count", {"at_least": 1})}

    check_definition(tree)
    node = write_tree(tree)
    back = read_tree(node)
    check_definition(back)
    assert plain(plain(back)) == plain(plain(tree))


def test_a_version_tells_what_changed_and_is_taken_up_again(shop: Shop, team: dict[str, Client]) -> None:
    marketer = team["marketer"]
    segment = shop.segment({"all": [PRO, {"tag": "vip"}]}, name="Pros")
    update_segment(segment, name="Everybody paying", definition={"all": [{**PRO, "value": "team"}, {"tag": "vip"}]})
    assert path(shop, f"/{segment.pk}/versions/1") in marketer.get(path(shop, f"/{segment.pk}")).content.decode()
    page = marketer.get(path(shop, f"/{segment.pk}/versions/2")).content.decode()
    told = re.findall(r'class="(added|removed)?"><span class="sign">.</span> ([^<]*)<', page)
    assert ("removed", "Name: Pros") in told and ("added", "    plan is “team”") in told
    assert ("", "    has the tag vip") in told
    assert marketer.get(path(shop, f"/{segment.pk}/versions/2?with=7")).status_code == 404
    assert "plan is “team”" in marketer.get(path(shop, f"/{segment.pk}/versions/1/restore")).content.decode()
    assert team["viewer"].get(path(shop, f"/{segment.pk}/versions/1")).status_code == 200
    assert team["viewer"].post(path(shop, f"/{segment.pk}/versions/1/restore")).status_code == 403
    assert marketer.post(path(shop, f"/{segment.pk}/versions/1/restore")).status_code == 303
    own = Segment.objects.get(pk=segment.pk)
    assert (own.version, own.name, own.definition) == (3, "Pros", {"all": [PRO, {"tag": "vip"}]})
    assert own.progress.due_at is not None, "it is computed anew"
