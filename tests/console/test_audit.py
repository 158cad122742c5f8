"""The audit room: who did what to whose data, found, paged and taken away as a file; looking is written down too."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.test import Client

from tests.members import join
from troth.console.asking import FilterInvalid
from troth.console.audit.exporting import guard_cell
from troth.console.audit.filtering import Filters, read_filters
from troth.kernel.clock import DAY, HOUR, now_ms
from troth.workspaces.audit import record_access
from troth.workspaces.models import AuditEntry, User


@pytest.fixture
def officer(workspace: Any) -> Client:
    return join(workspace, "privacy_officer")


@pytest.fixture
def dana(workspace: Any) -> Any:
    from troth.intake.commands import Identify, Identity
    from troth.intake.door import apply
    from troth.people.lookup import find_person

    now = now_ms()
    apply(
        [Identify(identity=Identity(external_id="7", email="dana@example.com"), workspace_id=workspace.pk, source="api", received_at=now)],
        now=now,
    )
    return find_person(workspace.pk, "7")


SOMEBODY = 1 << 40
"""A number that no member here has."""


def write(workspace: Any, **changes: Any) -> None:
    record_access(workspace.pk, **{"user_id": SOMEBODY, "role": "owner", "action": "person.read", "at": now_ms(), **changes})


def ask(client: Client, workspace: Any, query: str = "", path: str = "audit") -> Any:
    return client.get(f"/console/{workspace.pk}/{path}?{query}")


def text(answer: Any) -> str:
    return answer.content.decode()


def test_the_page_says_who_did_what_about_whom_why_and_from_where(officer: Client, workspace: Any, dana: Any) -> None:
    user = User.objects.get()
    write(workspace, user_id=user.pk, person_id=dana.person_id, reason="Dana called <b>", address="192.0.2.7", detail={"shown": 3})
    page = text(ask(officer, workspace))
    for expected in (
        "privacy_officer@example.com",
        "opened a person",
        "dana@example.com",
        "Dana called &lt;b&gt;",
        "192.0.2.7",
        "shown: 3",
    ):
        assert expected in page
    assert f'href="/console/{workspace.pk}/people/{dana.person_id}"' in page
    assert "kept for 400 days" in page


def test_somebody_who_is_gone_is_no_link(officer: Client, workspace: Any) -> None:
    write(workspace, person_id=12345)
    page = text(ask(officer, workspace))
    assert "somebody who is gone" in page
    assert f"former member {SOMEBODY}" in page
    assert "people/12345" not in page


def test_a_person_of_another_workspace_is_never_named(officer: Client, workspace: Any, dana: Any) -> None:
    from troth.workspaces.registry import create_workspace

    other = create_workspace("Other").workspace
    stranger = join(other, "owner")
    write(other, person_id=dana.person_id)
    page = text(ask(stranger, other))
    assert "dana@example.com" not in page
    assert "somebody who is gone" in page
    assert stranger.get(f"/console/{workspace.pk}/audit").status_code == 404
    assert "Nobody in this workspace" in text(ask(stranger, other, "person=dana@example.com"))


def test_reading_the_log_is_written_to_the_log_with_the_person_asked_for(officer: Client, workspace: Any, dana: Any) -> None:
    assert ask(officer, workspace, "person=dana@example.com&action=person.read").status_code == 200
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.person_id) == ("audit.read", dana.person_id)
    assert entry.detail == {"entries": 0, "filters": "action, person"}


def test_entries_are_filtered_by_member_action_person_and_day(officer: Client, workspace: Any, dana: Any) -> None:
    user = User.objects.get()
    write(workspace, user_id=user.pk, detail={"which": "mine"})
    write(workspace, action="people.list", detail={"which": "list"})
    write(workspace, person_id=dana.person_id, detail={"which": "about-dana"})
    write(workspace, at=now_ms() - 3 * DAY, detail={"which": "earlier"})

    def shown(query: str) -> set[str]:
        page = text(ask(officer, workspace, query))
        return {which for which in ("mine", "list", "about-dana", "earlier") if f"which: {which}" in page}

    assert shown("") == {"mine", "list", "about-dana", "earlier"}
    assert shown(f"member={user.pk}") == {"mine"}
    assert shown("action=people.list") == {"list"}
    assert shown("person=dana@example.com") == shown(f"person=person:{dana.person_id}") == {"about-dana"}
    day = read_day(now_ms() - 3 * DAY)
    assert shown(f"from={day}&to={day}") == {"earlier"}
    assert shown("from=2999-01-01") == set()


def read_day(at: int) -> str:
    from troth.kernel.clock import iso

    return iso(at)[:10]


@pytest.mark.parametrize(
    "query", ["from=yesterday", "to=9999-12-31", "action=person.admired", "member=x", f"member={2**64}", "person=nobody"]
)
def test_a_filter_that_makes_no_sense_is_told_and_shows_nothing(officer: Client, workspace: Any, query: str) -> None:
    write(workspace, detail={"which": "any"})
    page = ask(officer, workspace, query)
    assert page.status_code == 200
    assert "which: any" not in text(page)
    assert 'class="notice warn' in text(page)
    assert ask(officer, workspace, query, "audit/export.csv").status_code == 400


def test_a_day_begins_at_midnight_of_the_member_and_both_days_count() -> None:
    filters = read_filters({"from": "2026-10-25", "to": "2026-10-25"}, 1, "Europe/Berlin")
    assert filters.since is not None
    assert filters.until is not None
    assert filters.until - filters.since == 25 * HOUR  # the clock is set back that day


def test_the_next_page_keeps_the_filters(officer: Client, workspace: Any, monkeypatch: Any) -> None:
    from troth.console.audit import views

    monkeypatch.setattr(views, "SHOWN", 1)
    for _ in range(3):
        write(workspace, user_id=3)
    assert "?member=3&amp;before=" in text(ask(officer, workspace, "member=3&action="))


def test_a_filter_tells_which_it_is_and_that_it_cannot_be() -> None:
    assert Filters(action="person.read", since=1).names() == ["action", "from"]
    with pytest.raises(FilterInvalid):
        read_filters({"person": "\0"}, 1, "UTC")


@pytest.mark.usefixtures("officer")
def test_pages_follow_each_other_without_gap_or_repetition(officer: Client, workspace: Any) -> None:
    for number in range(120):
        write(workspace, detail={"number": f"n{number:03}"})
    seen: list[str] = []
    query = "action=person.read"
    while query:
        page = ask(officer, workspace, query)
        seen += [row.entry.detail["number"] for row in page.context["rows"]]
        query = page.context["older"].removeprefix("?")
    assert seen == [f"n{number:03}" for number in reversed(range(120))]


def test_the_number_of_queries_does_not_grow_with_the_entries(officer: Client, workspace: Any, django_assert_max_num_queries: Any) -> None:
    for number in range(40):
        write(workspace, person_id=number + 1, user_id=number)
    with django_assert_max_num_queries(14):
        ask(officer, workspace)


def test_the_log_can_be_taken_away_as_csv_without_formulas(officer: Client, workspace: Any, dana: Any) -> None:
    write(workspace, person_id=dana.person_id, reason='=HYPERLINK("http://evil")', detail={"fields": 2})
    answer = ask(officer, workspace, "action=person.read", "audit/export.csv")
    assert answer.streaming
    assert "attachment" in answer["Content-Disposition"]
    (line,) = csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode()))
    assert line["reason"] == '\'=HYPERLINK("http://evil")'
    assert line["person"] == str(dana.person_id)
    assert json.loads(line["detail"]) == {"fields": 2}


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_begins_like_a_formula(begin: str) -> None:
    assert guard_cell(f"{begin}1") == f"'{begin}1"
    assert guard_cell("plain = 1") == "plain = 1"


def test_the_log_can_be_taken_away_as_lines_of_json_and_that_is_written_down(officer: Client, workspace: Any) -> None:
    for number in range(1_100):
        write(workspace, detail={"number": number})
    answer = ask(officer, workspace, "action=person.read", "audit/export.ndjson")
    lines = [json.loads(line) for line in b"".join(answer.streaming_content).decode().splitlines()]
    assert [line["detail"]["number"] for line in lines] == list(reversed(range(1_100)))
    assert lines[0]["member"] is None
    entry = AuditEntry.objects.get(action="audit.exported")
    assert entry.detail == {"format": "ndjson", "filters": "action"}


@pytest.mark.parametrize(
    ("role", "status"), [("owner", 200), ("privacy_officer", 200), ("dpo", 200), ("marketer", 403), ("developer", 403), ("viewer", 403)]
)
def test_only_owners_privacy_officers_and_the_dpo_see_and_export_the_log(workspace: Any, role: str, status: int) -> None:
    client = join(workspace, role)
    assert [ask(client, workspace, "", path).status_code for path in ("audit", "audit/export.csv", "audit/export.ndjson")] == [status] * 3


def test_a_key_is_named_where_no_member_acted(officer: Client, workspace: Any) -> None:
    from troth.workspaces.keys import create_key

    create_key(workspace, "server", label="Shop")
    key = workspace.key_set.get(label="Shop")
    write(workspace, user_id=0, role="api", action="people.list", detail={"key": key.pk, "call": "GET /people"})
    write(workspace, user_id=0, role="cli", action="kept.opened")
    page = text(ask(officer, workspace))
    assert f"Shop {key.prefix}" in page and "no member" in page and "former member 0" not in page
    assert "looked through people" in text(ask(officer, workspace, "member=0"))
