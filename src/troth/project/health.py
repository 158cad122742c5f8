"""Health for orchestrators and metrics for Prometheus: `/healthz` (alive), `/readyz` (may serve), `/metrics`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.db import Error as DatabaseError
from django.db import connection
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest

from troth.kernel.clock import now_ms

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

DATABASE_UP = Gauge("troth_database_up", "1 when the database answered for these figures; otherwise the others are old")
INBOX_ITEMS = Gauge("troth_inbox_items", "Events accepted and not yet folded into history")
MESSAGES = Gauge("troth_messages", "Messages by state", ["state"])
MESSAGE_WAIT = Gauge("troth_oldest_due_message_seconds", "How long the oldest due message has been waiting")
DROPPED = Gauge("troth_dropped_suppressed", "Commands dropped for suppression or a missing basis, all days", ["source"])


async def answer_health(path: str, send: Send) -> None:
    """Answer one of the three paths."""
    status, kind, body = 200, "text/plain; charset=utf-8", b"ok\n"
    if path == "/not-here":
        status, body = 404, b"this process answers machines only\n"
    elif path == "/readyz":
        trouble = await asyncio.to_thread(find_trouble)
        status, body = (503, f"not ready: {trouble}\n".encode()) if trouble else (200, b"ready\n")
    elif path == "/metrics":
        kind, body = CONTENT_TYPE_LATEST, await asyncio.to_thread(_metrics)
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind.encode())]})
    await send({"type": "http.response.body", "body": body})


def find_trouble() -> str:
    """Why this process must not serve yet; empty when it may."""
    from troth.privacy.erasure.restore_guard import is_behind
    from troth.project.startup import find_missing_migrations

    try:
        if find_missing_migrations():
            return "migrations are missing"
        if is_behind():
            return "the erasure ledger has not been replayed"
    except DatabaseError as error:
        return f"the database does not answer ({type(error).__name__})"
    finally:
        connection.close()
    return ""


def _metrics() -> bytes:
    try:
        _measure()
        DATABASE_UP.set(1)
    except DatabaseError:
        DATABASE_UP.set(0)
    finally:
        connection.close()
    return generate_latest()


def _measure() -> None:
    from troth.messages.queue import find_oldest_due

    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM intake_inboxitem")
        INBOX_ITEMS.set(cursor.fetchone()[0])
        cursor.execute("SELECT state, COUNT(*) FROM messages_message GROUP BY state")
        MESSAGES.clear()  # a state that no message is in any more is gone from the figures too
        for state, number in cursor.fetchall():
            MESSAGES.labels(state).set(number)
        oldest = find_oldest_due()
        MESSAGE_WAIT.set(max(0, now_ms() - oldest) / 1000 if oldest else 0)
        cursor.execute("SELECT source, SUM(dropped) FROM consent_suppressioncount GROUP BY source")
        for source, number in cursor.fetchall():
            DROPPED.labels(source).set(number)
