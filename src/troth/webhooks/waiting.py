"""What waits for a webhook, was told to it, or could not be: listed, replayed, deleted. Lists go over all buckets, from indexes by webhook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection, transaction

from troth.webhooks.kinds import ABOUT_NOBODY, PERSON_ERASED
from troth.webhooks.models import DeliveryState, Webhook
from troth.webhooks.passing import RETRIED
from troth.webhooks.queue import TABLES

BATCH = 2_000
_SHOWN = "person_id, delivery_id, type, state, attempts, at, due_at, settled_at, status, trouble, facts IS NOT NULL"


class Told(NamedTuple):
    """A delivery as it is listed."""

    person_id: int
    delivery_id: int
    type: str
    state: str
    attempts: int
    at: int
    due_at: int
    settled_at: int | None
    status: int
    trouble: str
    is_whole: bool
    """Whether what it told is still kept, so that it can be told again."""

    @property
    def name(self) -> str:
        """Its `webhook-id`."""
        return f"msg_{self.delivery_id}"

    @property
    def is_erasure(self) -> bool:
        """Whether it tells that somebody was erased: then there is nobody to look at."""
        return self.type == PERSON_ERASED

    @property
    def is_about_nobody(self) -> bool:
        """Whether it tells of something else than a person."""
        return self.type in ABOUT_NOBODY


@dataclass(frozen=True)
class Filter:
    """Which deliveries of a webhook."""

    state: str = ""
    type: str = ""

    def where(self) -> tuple[str, list[Any]]:
        """As SQL with its values."""
        parts = [("state", self.state), ("type", self.type)]
        return "".join(f" AND {name} = %s" for name, value in parts if value), [value for _, value in parts if value]


def list_deliveries(webhook: Webhook, which: Filter, *, before: int | None = None, limit: int = 50) -> list[Told]:
    """The newest first, from before a delivery on."""
    where, values = which.where()
    if before is not None:
        where, values = f"{where} AND delivery_id < %s", [*values, before]
    found: list[Told] = []
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(
                f"SELECT {_SHOWN} FROM {table} WHERE workspace_id = %s AND webhook_id = %s{where} ORDER BY delivery_id DESC LIMIT %s",
                [webhook.workspace_id, webhook.pk, *values, limit],
            )
            found += map(Told._make, cursor.fetchall())
    return sorted(found, key=lambda one: -one.delivery_id)[:limit]


def count_by_state(webhook: Webhook) -> dict[str, int]:
    """How many of a webhook's deliveries are in each state."""
    counts = dict.fromkeys(DeliveryState.values, 0)
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(
                f"SELECT state, COUNT(*) FROM {table} WHERE workspace_id = %s AND webhook_id = %s GROUP BY state",
                [webhook.workspace_id, webhook.pk],
            )
            for state, number in cursor.fetchall():
                counts[state] += number
    return counts


def replay(webhook: Webhook, which: Filter, now: int, *, ids: Sequence[int] | None = None) -> int:
    """Tell again, under the same `webhook-id`, what was told or could not be: some by their ids, or all that match; returns how many.

    What is on its way already goes on, and of what was told too long ago nothing is kept that could be told.
    """
    where, values = which.where()
    if ids is not None:
        if not ids:
            return 0
        where, values = f"{where} AND delivery_id IN ({', '.join(['%s'] * len(ids))})", [*values, *ids]
    replayed = 0
    for table in TABLES:
        while True:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT bucket, person_id, delivery_id FROM {table} WHERE workspace_id = %s AND webhook_id = %s AND state <> 'waiting'"
                    f" AND facts IS NOT NULL{where} LIMIT %s",
                    [webhook.workspace_id, webhook.pk, *values, BATCH],
                )
                rows = cursor.fetchall()
                cursor.executemany(
                    f"UPDATE {table} SET state = 'waiting', attempts = 0, due_at = %s, retry_until = %s, settled_at = NULL, status = 0, trouble = ''"
                    " WHERE bucket = %s AND person_id = %s AND delivery_id = %s",
                    [(now, now + RETRIED, *row) for row in rows],
                )
            replayed += len(rows)
            if len(rows) < BATCH:
                break
    return replayed


def extend(webhook: Webhook, now: int, until: int) -> None:
    """Give what waits its whole time again, from now on; inside the caller's transaction. Over all buckets: when a webhook is taken up again."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(
                f"UPDATE {table} SET due_at = CASE WHEN due_at < %s THEN due_at ELSE %s END, retry_until = %s"
                " WHERE webhook_id = %s AND state = 'waiting'",
                [now, now, until, webhook.pk],
            )


def delete_all(table: str, webhook: Webhook) -> None:
    """Delete everything of a webhook in a table; inside the caller's transaction. Over all buckets."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE workspace_id = %s AND webhook_id = %s", [webhook.workspace_id, webhook.pk])
