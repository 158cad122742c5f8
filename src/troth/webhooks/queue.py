"""Deliveries in SQL: taking those that are due, writing down what became of them, forgetting the old ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from django.db import connection, transaction

from troth.kernel.clock import DAY, SECOND
from troth.kernel.json_text import decode
from troth.kernel.personal_data import Subject
from troth.kernel.sql import is_sqlite
from troth.webhooks.models import DeliveryState
from troth.webhooks.passing import DELIVERY, NOTICE

TABLES = (DELIVERY, NOTICE)
LEASE = 90 * SECOND
"""Whoever has taken a delivery and not said in this time what became of it has died: it is tried again, under the same `webhook-id`."""
FACTS_KEPT = 7 * DAY
"""After a delivery."""
ROWS_KEPT = 30 * DAY
BATCH = 2_000
_TAKEN = "bucket, person_id, delivery_id, workspace_id, webhook_id, type, at, facts, ungated, attempts, retry_until"


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that this process may make."""

    table: str
    subject: Subject
    delivery_id: int
    webhook_id: int
    type: str
    at: int
    facts: dict[str, Any]
    ungated: bool
    attempts: int
    """Before this one."""
    retry_until: int

    @property
    def key(self) -> tuple[int, int, int]:
        """Of its row."""
        return (self.subject.bucket, self.subject.person_id, self.delivery_id)

    @property
    def name(self) -> str:
        """Its `webhook-id`: the same however often it is tried, whoever becomes one with whom."""
        return f"msg_{self.delivery_id}"


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a try. `waiting` with a later `due_at`: it is tried again then."""

    claim: Claim
    state: DeliveryState
    due_at: int = 0
    status: int = 0
    trouble: str = ""


def take_due(webhook_id: int, now: int, limit: int) -> list[Claim]:
    """Take the deliveries of a webhook that are due, the oldest first, of each person the first only. Reads all buckets, from the index of what waits."""
    claims: list[Claim] = []
    lock = "" if is_sqlite() else " FOR UPDATE OF d SKIP LOCKED"
    shown = ", ".join(f"d.{name}" for name in _TAKEN.split(", "))
    with transaction.atomic(), connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(
                f"SELECT {shown} FROM {table} d WHERE d.webhook_id = %s AND d.state = 'waiting' AND d.due_at <= %s AND NOT EXISTS"
                f" (SELECT 1 FROM {table} e WHERE e.bucket = d.bucket AND e.person_id = d.person_id AND e.delivery_id < d.delivery_id"
                f" AND e.webhook_id = d.webhook_id AND e.state = 'waiting') ORDER BY d.due_at, d.delivery_id LIMIT %s{lock}",
                [webhook_id, now, limit - len(claims)],
            )
            rows = cursor.fetchall()
            cursor.executemany(
                f"UPDATE {table} SET due_at = %s WHERE bucket = %s AND person_id = %s AND delivery_id = %s AND state = 'waiting'",
                [(now + LEASE, *row[:3]) for row in rows],
            )
            claims += [_claim(table, row) for row in rows]
    return claims


def _claim(table: str, row: tuple[Any, ...]) -> Claim:
    return Claim(
        table=table,
        subject=Subject(row[3], row[1]),
        delivery_id=row[2],
        webhook_id=row[4],
        type=row[5],
        at=row[6],
        facts=decode(row[7]) or {},
        ungated=bool(row[8]),
        attempts=row[9],
        retry_until=row[10],
    )


def settle(many: Iterable[Settled], now: int) -> None:
    """Write what became of tries, inside the caller's transaction. Whose person was erased meanwhile is gone; what was replayed meanwhile goes again."""
    with connection.cursor() as cursor:
        for one in many:
            cursor.execute(
                f"UPDATE {one.claim.table} SET state = %s, attempts = %s, due_at = %s, settled_at = %s, status = %s, trouble = %s"
                " WHERE bucket = %s AND person_id = %s AND delivery_id = %s AND state = 'waiting' AND attempts = %s",
                [
                    one.state.value,
                    one.claim.attempts + 1,
                    one.due_at,
                    None if one.state is DeliveryState.WAITING else now,
                    one.status,
                    one.trouble,
                    *one.claim.key,
                    one.claim.attempts,
                ],
            )


def withdraw(claims: Sequence[Claim]) -> None:
    """Delete deliveries that may not be made any more."""
    with connection.cursor() as cursor:
        for claim in claims:
            cursor.execute(f"DELETE FROM {claim.table} WHERE bucket = %s AND person_id = %s AND delivery_id = %s", claim.key)


def give_back(claims: Sequence[Claim], now: int) -> None:
    """Let deliveries wait on that were taken and not tried."""
    with connection.cursor() as cursor:
        for claim in claims:
            cursor.execute(
                f"UPDATE {claim.table} SET due_at = %s WHERE bucket = %s AND person_id = %s AND delivery_id = %s AND state = 'waiting'",
                [now, *claim.key],
            )


def bury_overdue(now: int) -> bool:
    """Worker duty: what was tried, or could not be, until its time was over is a dead letter; of webhooks that are on. Over all buckets."""
    return _sweep(
        "SELECT d.bucket, d.person_id, d.delivery_id FROM webhooks_webhook w JOIN {table} d ON d.webhook_id = w.id AND d.state = 'waiting'"
        " AND d.due_at <= %s AND d.retry_until <= %s WHERE w.state = 'on' LIMIT %s",
        "UPDATE {table} SET state = 'dead', settled_at = %s WHERE bucket = %s AND person_id = %s AND delivery_id = %s",
        [now, now],
        (now,),
    )


def forget_old(now: int) -> bool:
    """Worker duty: what was delivered is forgotten after 7 days, that it was, and dead letters, after 30. Over all buckets, from the index by time."""
    facts = _sweep(
        "SELECT bucket, person_id, delivery_id FROM {table} WHERE created_at < %s AND state = 'delivered' AND settled_at < %s"
        " AND facts IS NOT NULL LIMIT %s",
        "UPDATE {table} SET facts = NULL WHERE bucket = %s AND person_id = %s AND delivery_id = %s",
        [now - FACTS_KEPT, now - FACTS_KEPT],
    )
    rows = _sweep(
        "SELECT bucket, person_id, delivery_id FROM {table} WHERE created_at < %s LIMIT %s",
        "DELETE FROM {table} WHERE bucket = %s AND person_id = %s AND delivery_id = %s",
        [now - ROWS_KEPT],
    )
    return facts or rows


def _sweep(select: str, change: str, asked: Sequence[Any], values: tuple[Any, ...] = ()) -> bool:
    full = False
    for table in TABLES:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(select.format(table=table), [*asked, BATCH])
            rows = cursor.fetchall()
            cursor.executemany(change.format(table=table), [(*values, *row) for row in rows])
        full = full or len(rows) == BATCH
    return full
