"""Home: a workspace at a glance, for each role what it may see, and quick however much there is."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tests.members import join
from troth.console.home import reading
from troth.console.home.reading import (
    Amount,
    count_events,
    count_messages,
    count_new_people,
    count_people,
    read_just_now,
    read_open_requests,
)
from troth.console.home.times import divide
from troth.kernel.clock import DAY, MINUTE, now_ms
from troth.kernel.ids import bucket_of, new_person_id
from troth.workspaces.models import AuditEntry


def home(client: Client, workspace: Any, query: str = "") -> str:
    answer = client.get(f"/console/{workspace.pk}/{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def send_event(workspace: Any, external_id: str = "dana") -> None:
    from troth.intake.commands import Identity, Track
    from troth.intake.door import apply

    now = now_ms()
    apply(
        [
            Track(
                identity=Identity(external_id=external_id), name="Bought", ts=now, workspace_id=workspace.pk, source="api", received_at=now
            )
        ],
        now=now,
    )


def add_people(workspace_id: int, count: int, created_at: int = 1) -> None:
    from troth.people.models import Person

    ids = [new_person_id() for _ in range(count)]
    Person.objects.bulk_create(
        [
            Person(bucket=bucket_of(one), person_id=one, workspace_id=workspace_id, created_at=created_at, updated_at=created_at)
            for one in ids
        ],
        batch_size=2_000,
    )


def add_message(workspace_id: int, state: str, created_at: int, number: int) -> None:
    from troth.messages.models import Message

    Message.objects.create(
        bucket=1,
        person_id=4097,
        message_id=number,
        workspace_id=workspace_id,
        source="campaign:1",
        occurrence=number,
        channel="email",
        purpose="service",
        is_marketing=False,
        template_id=1,
        state=state,
        due_at=created_at,
        created_at=created_at,
    )


def ask_for(workspace_id: int, due_at: int, state: str = "received", person_id: int | None = None) -> None:
    from troth.privacy.models import PrivacyRequest

    PrivacyRequest.objects.create(
        workspace_id=workspace_id,
        type="access",
        state=state,
        source="api",
        received_at=due_at - 30 * DAY,
        due_at=due_at,
        person_id=person_id,
    )


def test_a_new_workspace_is_shown_the_way_to_its_first_event(workspace: Any) -> None:
    page = home(join(workspace, "developer"), workspace)
    assert "Waiting for the first event" in page
    assert '<svg class="plot"' not in page
    assert "A developer or owner of this workspace can set it up." in home(join(workspace, "viewer"), workspace)


def test_after_the_first_event_there_are_figures_and_charts(workspace: Any) -> None:
    send_event(workspace)
    client = join(workspace, "viewer")
    for query, title in (("", "Events per quarter of an hour"), ("?range=30d", "Events per day"), ("?range=bogus", "Events per quarter")):
        page = home(client, workspace, query)
        assert "Waiting for the first event" not in page
        assert title in page


def test_people_are_counted_and_those_of_others_are_not(workspace: Any) -> None:
    add_people(workspace.pk, 5)
    add_people(workspace.pk, 2, created_at=1_000)
    add_people(workspace.pk + 1, 3)
    assert count_people(workspace.pk) == Amount(7)
    assert count_new_people(workspace.pk, 1_000) == Amount(2)


def test_many_people_are_estimated_from_a_sample(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_COUNTED", 1_000)
    monkeypatch.setattr(reading, "ENOUGH", 10**9)  # all 64 buckets
    add_people(workspace.pk, 20_000)
    estimate = count_people(workspace.pk)
    assert not estimate.exact
    assert 14_000 < estimate.number < 26_000  # a standard deviation is 1,130
    page = home(join(workspace, "viewer"), workspace)
    assert "≈\N{NO-BREAK SPACE}" in page
    assert "Counted in a random sample" in page


@pytest.mark.parametrize("chosen", ["24h", "30d"])
def test_messages_are_counted_by_state_and_step(workspace: Any, chosen: str) -> None:
    now = now_ms()
    steps = divide(chosen, now, "Europe/Berlin")
    for number, (state, at) in enumerate(
        [("sent", now), ("sent", steps.edges[1]), ("sent", steps.edges[1] - 1), ("failed", steps.edges[5]), ("sent", steps.since - 1)], 1
    ):
        add_message(workspace.pk, state, at, number)
    add_message(workspace.pk + 1, "sent", now, 9)
    counts = count_messages(workspace.pk, steps)
    width = len(steps.edges) - 1
    assert [index for index in range(width) for _ in range(counts["sent"][index])] == [0, 1, width - 1]
    assert counts["failed"][5] == 1
    assert sum(map(sum, counts.values())) == 4


def test_the_states_lead_to_the_outbox_for_those_who_may_see_it(workspace: Any) -> None:
    send_event(workspace)
    add_message(workspace.pk, "failed", now_ms(), 1)
    link = f'href="/console/{workspace.pk}/outbox?state=failed"'
    assert link in home(join(workspace, "marketer"), workspace)
    page = home(join(workspace, "viewer"), workspace)
    assert link not in page
    assert "failed" in page


def test_requests_come_with_their_clocks_the_most_urgent_first(workspace: Any) -> None:
    now = now_ms()
    ask_for(workspace.pk, now + 20 * DAY)
    ask_for(workspace.pk, now - 3 * DAY, person_id=77)
    ask_for(workspace.pk, now - 9 * DAY, state="done")
    ask_for(workspace.pk + 1, now)
    waiting = read_open_requests(workspace.pk, now)
    assert (waiting.open, waiting.overdue) == (Amount(2), 1)
    assert [one.left for one in waiting.first] == [-3 * DAY, 20 * DAY]
    client = join(workspace, "privacy_officer")
    page = home(client, workspace)
    assert page.index("overdue for 3 days") < page.index("in 19 days")


def test_a_request_leads_to_its_page_which_writes_down_whom_it_named_and_home_itself_names_nobody(workspace: Any) -> None:
    ask_for(workspace.pk, now_ms(), person_id=77)
    client = join(workspace, "privacy_officer")
    (waiting,) = read_open_requests(workspace.pk, now_ms()).first
    path = f"/console/{workspace.pk}/desk/{waiting.id}"
    page = home(client, workspace)
    assert path in page
    assert "/people/77" not in page
    assert not AuditEntry.objects.exists()
    assert client.get(path).status_code == 200
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.person_id) == ("request.read", 77)
    assert join(workspace, "viewer").get(path).status_code == 403


def test_those_who_may_not_see_people_see_how_many_requests_wait_and_no_more(workspace: Any) -> None:
    ask_for(workspace.pk, now_ms() - 3 * DAY, person_id=77)
    page = home(join(workspace, "viewer"), workspace)
    assert "1 open, 1 overdue." in page
    assert "/desk/" not in page


def test_trouble_is_told_with_its_remedy_to_those_who_can_mend_it(workspace: Any, data_dir: Any) -> None:
    data_dir.chmod(0o755)
    try:
        page = home(join(workspace, "developer"), workspace)
        assert "Data directory." in page
        assert "chmod 700" in page
        assert "All is well" not in page
        assert "chmod 700" not in home(join(workspace, "viewer"), workspace)
    finally:
        data_dir.chmod(0o700)
    assert "All is well" in home(join(workspace, "owner"), workspace)


def test_the_live_figures_are_a_fragment_that_moves_with_events(workspace: Any) -> None:
    client = join(workspace, "viewer")
    path = f"/console/{workspace.pk}/now"
    send_event(workspace)
    assert f'hx-get="{path}" hx-trigger="every 5s"' in home(client, workspace)
    assert client.get(path).context["just_now"].accepted == 1
    for _ in range(4):
        send_event(workspace)
    answer = client.get(path)
    assert answer.context["just_now"].accepted == 5
    assert b"<html" not in answer.content


def test_events_are_counted_in_the_day_in_which_they_came(workspace: Any) -> None:
    from troth.intake.tallies import add_counts

    steps = divide("30d", now_ms(), "Europe/Berlin")
    for at, number in ((steps.edges[3] - MINUTE, 2), (steps.edges[3], 5), (steps.edges[-2], 7), (steps.since - MINUTE, 11)):
        add_counts({(workspace.pk, at // MINUTE, "accepted"): number, (workspace.pk + 1, at // MINUTE, "accepted"): 100})
    counts = count_events(workspace.pk, steps)
    assert (counts[2], counts[3], counts[29], sum(counts)) == (2, 5, 7, 14)


def test_events_per_minute_slide_over_the_last_sixty_seconds(workspace: Any) -> None:
    from troth.intake.tallies import add_counts

    minute = now_ms() // MINUTE
    for back, number in ((0, 10), (1, 40), (59, 3), (60, 1_000)):
        add_counts({(workspace.pk, minute - back, "accepted"): number, (workspace.pk, minute - back, "refused"): 1})
    figures = read_just_now(workspace.pk, minute * MINUTE + 15_000)
    assert figures.per_minute == 40  # 10 of this minute, and three quarters of the 40 before
    assert (figures.accepted, figures.dropped, figures.refused) == (53, 0, 3)
    assert (len(figures.minutes), figures.minutes[0], figures.minutes[-2:]) == (60, 3, [40, 10])


def test_the_page_takes_a_fixed_number_of_queries(workspace: Any, django_assert_max_num_queries: Any) -> None:
    send_event(workspace)
    now = now_ms()
    for number in range(30):
        ask_for(workspace.pk, now + number * DAY, person_id=number + 1)
        add_message(workspace.pk, "sent", now, number)
    client = join(workspace, "owner")
    home(client, workspace)
    with django_assert_max_num_queries(48):
        home(client, workspace, "?range=30d")


def test_messages_are_counted_from_an_index_alone(workspace: Any) -> None:
    if connection.vendor != "sqlite":
        return  # PostgreSQL plans by what the tables hold, which is nothing here
    plans: list[str] = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "messages_message" in sql and not sql.startswith("EXPLAIN"):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
                plans.extend(row[3] for row in cursor.fetchall())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        count_messages(workspace.pk, divide("30d", now_ms(), "UTC"))
    assert any("USING COVERING INDEX message_by_state" in plan for plan in plans), plans
