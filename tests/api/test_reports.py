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
