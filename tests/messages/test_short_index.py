"""The worker looks for due messages many times a second: it must read the short index of those that wait, not all messages ever sent."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from troth.kernel.clock import now_ms


@pytest.mark.usefixtures("workspace")
def test_looking_for_due_messages_reads_the_short_index() -> None:
    from troth.kernel.checks import examine
    from troth.messages.queue import claim_due, recover_abandoned
    from troth.project.health import _measure

    if connection.vendor != "sqlite":
        return  # PostgreSQL proves by itself that the partial index serves; its plans depend on what the tables hold
    plans: dict[str, list[str]] = {}

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith("EXPLAIN") and "messages_message" in sql and ("'queued'" in sql or "'sending'" in sql) and not many:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
                plans[sql] = [row[3] for row in cursor.fetchall()]
        return execute(sql, params, many, context)

    now = now_ms()
    with connection.execute_wrapper(explain):
        claim_due(now, 10)
        recover_abandoned(now)
        list(examine(now))
        _measure()
    assert len(plans) >= 4
    assert [sql for sql, plan in plans.items() if not any("INDEX message_due" in step for step in plan)] == []


@pytest.mark.usefixtures("workspace")
def test_a_message_is_found_by_its_id_through_an_index() -> None:
    from troth.messages.models import Message

    if connection.vendor == "sqlite":
        assert "INDEX message_by_id (workspace_id=? AND message_id=?)" in Message.objects.filter(workspace_id=1, message_id=2).explain()


@pytest.mark.usefixtures("workspace")
def test_what_is_held_is_looked_for_without_what_is_paused() -> None:
    from troth.messages.figures import count_held
    from troth.messages.queue import release_held

    if connection.vendor != "sqlite":
        return
    plans: list[str] = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT") and "messages_message" in sql:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
                plans.append(" ".join(row[3] for row in cursor.fetchall()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        release_held(10)
        count_held(1)
    assert len(plans) == 2
    assert all("INDEX message_held (workspace_id=? AND state=?)" in plan for plan in plans), plans
