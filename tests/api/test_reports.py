"""Reports over the API and the command line: the same figures, of one's own workspace, with a key that may read nothing else."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from tests.api.conftest import Api, Tenant
from troth.messages.models import Message
from troth.project.cli import main
from troth.workspaces.keys import create_key


@pytest.fixture
def reader(alice: Tenant) -> Api:
    return Api(create_key(alice.workspace, "api", scopes=frozenset({"reports:read"})))


def test_figures_are_those_of_the_workspace_and_add_up(alice: Tenant, reader: Api) -> None:
    own = Message.objects.filter(workspace_id=alice.workspace.pk).count()
    for by in ("day", "source", "variant", "channel", "topic", "domain"):
        told = reader.json("GET", f"/reports/figures?by={by}")
        assert told["figures"]["audience"] == own > 0
        assert sum(line["audience"] for line in told["lines"]) == own
    told = reader.json("GET", "/reports/figures?by=source")
    assert [(line["key"], line["name"]) for line in told["lines"]] == [(f"campaign:{alice.campaign_id}", "Receipt")]


def test_a_spreadsheet_gets_the_same_figures(alice: Tenant, reader: Api) -> None:
    answer = reader("GET", "/reports/figures?by=channel&format=csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    told = reader.json("GET", "/reports/figures?by=channel")["lines"]
    assert [int(row["audience"]) for row in rows] == [line["audience"] for line in told]


def test_a_source_is_told_whole_and_another_workspaces_is_not_found(alice: Tenant, charlie: Tenant, reader: Api) -> None:
    alice.api.json("PATCH", f"/campaigns/{alice.campaign_id}", {"goal": {"event": "Bought", "days": 3, "revenue": "total"}})
    told = reader.json("GET", f"/reports/sources/campaign:{alice.campaign_id}")
    assert told["conversions"]["event"] == "bought"
    assert told["figures"]["audience"] == sum(day["audience"] for day in told["days"]) > 0
    for wrong in (f"campaign:{charlie.campaign_id}", "campaign:0", "campaign:x", "newsletter:999999", "nothing", f"campaign:{'9' * 30}"):
        assert reader("GET", f"/reports/sources/{wrong}").status_code == 404, wrong
    others = reader.json("GET", f"/reports/figures?by=day&source=campaign:{charlie.campaign_id}")
    assert others["figures"]["audience"] == 0


def test_a_key_for_reports_reads_nothing_else_and_others_read_no_reports(alice: Tenant, reader: Api) -> None:
    assert reader("GET", "/people?identifier=1").status_code == 403
    sender = Api(create_key(alice.workspace, "tracking"))
    assert sender("GET", "/reports/figures").status_code == 403


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("zone=Mars", "zone"),
        ("first=2026-03-02&last=2026-03-01", "first"),
        ("first=2020-01-01&last=2026-01-01", "400"),
        ("by=person", "by"),
    ],
)
def test_what_cannot_be_told_is_refused_with_the_place(reader: Api, asked: str, said: str) -> None:
    answer = reader("GET", f"/reports/figures?{asked}")
    assert answer.status_code in (400, 422)
    assert said in answer.content.decode()


@pytest.mark.parametrize(
    ("goal", "path"),
    [
        ({"event": "bought", "currency": "c"}, "$.goal.currency"),
        ({"event": "bought", "revenue": 'a"b'}, "$.goal.revenue"),
        ({"event": " "}, "$.goal.event"),
    ],
)
def test_a_goal_that_cannot_be_kept_is_refused_with_the_place(alice: Tenant, goal: dict[str, Any], path: str) -> None:
    answer = alice.api("PATCH", f"/campaigns/{alice.campaign_id}", {"goal": goal})
    assert (answer.status_code, answer.json()["path"]) == (400, path)


def test_the_command_line_tells_the_same(alice: Tenant, reader: Api, capsys: Any) -> None:
    assert main(["report", "figures", str(alice.workspace.pk), "--by", "source", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["lines"] == reader.json("GET", "/reports/figures?by=source")["lines"]
    assert main(["report", "figures", str(alice.workspace.pk), "--by", "source"]) == 0
    assert "Receipt" in capsys.readouterr().out
    assert main(["report", "source", str(alice.workspace.pk), f"campaign:{alice.campaign_id}"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "Receipt"


def test_a_funnel_is_counted_over_the_api_and_the_command_line(
    alice: Tenant, charlie: Tenant, reader: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    funnel = {"steps": [{"event": "bought", "where": {"property": "total", "op": "is_set"}}, {"event": "bought"}], "days": 2}
    told = reader.json("POST", "/reports/funnel", funnel)
    assert [step["event"] for step in told["steps"]] == ["bought", "bought"]
    assert (told["days"], told["source"], told["variants"]) == (2, "", [])
    answer = reader("POST", "/reports/funnel?format=csv", funnel)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert next(csv.DictReader(io.StringIO(answer.content.decode())))["group"] == "all"
    assert reader("POST", "/reports/funnel", {**funnel, "source": f"campaign:{charlie.campaign_id}"}).status_code == 404
    wrong = reader("POST", "/reports/funnel", {**funnel, "steps": [{"event": "a"}, {"event": "b", "where": {"property": "x", "op": "is"}}]})
    assert (wrong.status_code, wrong.json()["path"]) == (400, "$.steps[1].where.op")
    capsys.readouterr()
    assert main(["report", "funnel", str(alice.workspace.pk), json.dumps(funnel["steps"][0]), "bought", "--days", "2"]) == 0
    assert json.loads(capsys.readouterr().out)["people"] == told["people"]
    assert main(["report", "funnel", str(alice.workspace.pk), "bought"]) != 0
    assert "choose from 2 to 6" in capsys.readouterr().err


STEPS = [{"event": "Seen", "where": None}, {"event": "bought", "where": {"property": "n", "op": "at_least", "value": 1}}]


def test_a_funnel_is_kept_under_a_name_counted_changed_and_deleted(alice: Tenant, reader: Api) -> None:
    kept = alice.api.json("POST", "/reports/funnels", {"name": " Seen to bought ", "steps": STEPS, "days": 3}, status=201)
    assert (kept["name"], kept["steps"], kept["days"], kept["segment"], kept["source"]) == ("Seen to bought", STEPS, 3, None, "")
    path = f"/reports/funnels/{kept['id']}"
    assert reader.json("GET", path) == kept
    assert kept in reader.json("GET", "/reports/funnels")
    at_once = reader.json("POST", "/reports/funnel?first=2026-03-01&last=2026-03-02", {"steps": STEPS, "days": 3})
    assert reader.json("GET", f"{path}/figures?first=2026-03-01&last=2026-03-02") == at_once
    answer = reader("GET", f"{path}/figures?format=csv")
    assert (answer["Content-Type"], next(csv.DictReader(io.StringIO(answer.content.decode())))["group"]) == (
        "text/csv; charset=utf-8",
        "all",
    )
    changed = alice.api.json(
        "PUT", path, {"name": "Bought twice", "steps": [{"event": "bought"}, {"event": "bought"}], "segment": alice.segment_id}
    )
    assert (changed["name"], changed["days"], changed["segment"]) == ("Bought twice", 7, alice.segment_id), (
        "it is whole: what is left out has its default"
    )
    assert reader.json("GET", path)["steps"] == [{"event": "bought", "where": None}] * 2
    assert alice.api("DELETE", path).status_code == 204
    assert reader("GET", path).status_code == 404


def test_a_funnel_that_cannot_be_counted_is_not_kept_and_one_name_is_kept_once(alice: Tenant, charlie: Tenant, reader: Api) -> None:
    body = {"name": "Way", "steps": STEPS}
    before = alice.api.json("GET", "/reports/funnels")
    for wrong, place in (
        ({"name": " "}, "$.name"),
        ({"name": f"Way of {alice.workspace.name}"}, "$.name"),
        ({"segment": charlie.segment_id}, "$.segment"),
        ({"source": f"campaign:{charlie.campaign_id}"}, "$.source"),
        ({"steps": [{"event": "a"}, {"event": "b", "where": {"property": "x", "op": "is"}}]}, "$.steps[1].where.op"),
    ):
        refused = alice.api("POST", "/reports/funnels", {**body, **wrong})
        assert (refused.status_code, refused.json()["path"]) == (400, place), refused.content
    assert reader("POST", "/reports/funnels", body).status_code == 403, "who may only read reports keeps nothing"
    assert alice.api.json("GET", "/reports/funnels") == before
    assert charlie.api.json("POST", "/reports/funnels", body, status=201)["name"] == "Way", "names are each workspace's own"


def test_a_kept_funnel_that_cannot_be_counted_any_more_says_why_and_its_events_count_as_used(alice: Tenant, reader: Api) -> None:
    kept = alice.api.json("POST", "/reports/funnels", {"name": "Way", "steps": STEPS}, status=201)
    used = [use for item in alice.api.json("GET", "/inventory")["items"] for use in item.get("used_by", []) if use.get("by") == "funnel"]
    assert {use["title"] for use in used} >= {"Way"}
    alice.api.json("PUT", "/purposes/assignments", {"kind": "event", "name": "bought", "purpose": alice.purpose_key})
    refused = reader.json("GET", f"/reports/funnels/{kept['id']}/figures", status=400)
    assert (refused["code"], reader.json("GET", f"/reports/funnels/{kept['id']}")["name"]) == ("purpose_not_covered", "Way")


def test_a_funnel_is_kept_and_counted_by_command(alice: Tenant, capsys: pytest.CaptureFixture[str]) -> None:
    ws = str(alice.workspace.pk)
    capsys.readouterr()
    assert main(["report", "funnel", ws, "seen", "bought", "--days", "2", "--name", "Way"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert main(["report", "funnel", ws, "--name", "Way"]) == 0
    assert json.loads(capsys.readouterr().out) == told
    assert main(["report", "funnel", ws, "seen", "bought", "--days", "5", "--name", "Way"]) == 0
    assert main(["report", "funnels", ws, "--json"]) == 0
    kept = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [(one["name"], one["days"]) for one in kept] == [("Way", 5), (f"Way of {alice.workspace.name}", 7)]
    assert main(["report", "funnels", ws, "--delete", "Way"]) == 0
    assert "(seen, bought)" in capsys.readouterr().out
    assert main(["report", "funnel", ws, "--name", "Way"]) == 1
    assert "There is no such funnel" in capsys.readouterr().err
