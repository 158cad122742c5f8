"""Figures of a source: by state and day, of its own workspace only, and never counted further than asked."""

from __future__ import annotations

from typing import Any

from troth.kernel.clock import DAY
from troth.kernel.ids import new_row_id
from troth.messages.figures import Count, count_by_span, count_by_state, read_reasons
from troth.messages.models import Message, State

NOW = 1_800_000_000_000


def add(workspace_id: int, number: int, state: str = "sent", at: int = NOW, source: str = "campaign:1", reason: str = "") -> None:
    Message.objects.bulk_create(
        Message(
            bucket=1,
            person_id=4097,
            message_id=new_row_id(),
            workspace_id=workspace_id,
            source=source,
            occurrence=new_row_id(),
            channel="email",
            purpose="service",
            is_marketing=False,
            template_id=1,
            state=state,
            reason=reason,
            due_at=at,
            created_at=at,
        )
        for _ in range(number)
    )


def test_each_source_is_counted_by_state_within_its_workspace_and_time(workspace: Any) -> None:
    add(workspace.pk, 3)
    add(workspace.pk, 2, "skipped")
    add(workspace.pk, 4, source="campaign:2")
    add(workspace.pk, 5, at=NOW - 2 * DAY)
    add(workspace.pk + 1, 7)
    found = count_by_state(workspace.pk, ["campaign:1", "campaign:2", "campaign:3"], NOW - DAY, NOW + 1)
    assert found["campaign:1", "sent"] == Count(3)
    assert found["campaign:1", "skipped"] == Count(2)
    assert found["campaign:2", "sent"] == Count(4)
    assert found["campaign:3", "failed"] == Count(0)
    assert len(found) == 3 * len(State.values)
    assert count_by_state(workspace.pk, [], 0, NOW) == {}


def test_counting_stops_where_it_is_told_to(workspace: Any) -> None:
    add(workspace.pk, 12)
    assert count_by_state(workspace.pk, ["campaign:1"], 0, NOW + 1, most=10)["campaign:1", "sent"] == Count(10, exact=False)
    assert count_by_state(workspace.pk, ["campaign:1"], 0, NOW + 1, most=12)["campaign:1", "sent"] == Count(12)


def test_messages_are_counted_in_each_span_of_time(workspace: Any) -> None:
    add(workspace.pk, 2, at=NOW)
    add(workspace.pk, 3, at=NOW + DAY)
    spans = [(NOW - DAY, NOW), (NOW, NOW + DAY), (NOW + DAY, NOW + 2 * DAY)]
    found = count_by_span(workspace.pk, "campaign:1", spans, most=100)
    assert found["sent"] == [Count(0), Count(2), Count(3)]
    assert found["failed"] == [Count(0)] * 3


def test_the_latest_reasons_are_told_by_how_often(workspace: Any) -> None:
    add(workspace.pk, 3, "skipped", reason="marketing_email:no_consent")
    add(workspace.pk, 1, "skipped", at=NOW + 5_000_000, reason="no_address")
    assert read_reasons(workspace.pk, "campaign:1", "skipped", 0) == (4, [("marketing_email:no_consent", 3), ("no_address", 1)])
    assert read_reasons(workspace.pk, "campaign:1", "skipped", 0, latest=1) == (1, [("no_address", 1)])
    assert read_reasons(workspace.pk + 1, "campaign:1", "skipped", 0) == (0, [])
