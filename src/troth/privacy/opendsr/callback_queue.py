"""Callbacks that wait: every state of every request, to each of its addresses, in order, for 72 hours."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef

from troth.kernel.backoff import next_try
from troth.kernel.clock import DAY, HOUR, SECOND
from troth.kernel.ids import new_row_id
from troth.kernel.sql import has_rows, is_sqlite
from troth.privacy.models.opendsr import CallbackState, OpendsrCallback, OpendsrRequest

TRIED_FOR = 72 * HOUR
LEASE = 90 * SECOND
"""Whoever took one and did not say in this time what became of it has died: it goes again."""
KEPT_FOR = 90 * DAY
BATCH = 1_000


def enqueue(row: OpendsrRequest, expected_at: int, now: int) -> None:
    """Have the state that a request has come to told, in the transaction that moves it."""
    OpendsrCallback.objects.bulk_create(
        OpendsrCallback(
            id=new_row_id(),
            request=row,
            workspace_id=row.workspace_id,
            url=url,
            status=row.status,
            expected_at=expected_at,
            due_at=now,
            retry_until=now + TRIED_FOR,
            created_at=now,
        )
        for url in row.callback_urls
    )


def take_due(now: int, limit: int) -> list[OpendsrCallback]:
    """Take what is due, the oldest first; of one request and address only the first that waits, so that states arrive in their order."""
    if not has_rows("SELECT 1 FROM privacy_opendsrcallback WHERE state = 'waiting' AND due_at <= %s LIMIT 1", [now]):
        return []
    waiting = OpendsrCallback.objects.filter(state=CallbackState.WAITING)
    earlier = waiting.filter(request=OuterRef("request"), url=OuterRef("url"), id__lt=OuterRef("id"))
    with transaction.atomic():
        due = waiting.filter(~Exists(earlier), due_at__lte=now).select_related("request").order_by("due_at", "id")
        taken = list(due[:limit] if is_sqlite() else due.select_for_update(skip_locked=True, of=("self",))[:limit])
        OpendsrCallback.objects.filter(pk__in=[one.pk for one in taken]).update(due_at=now + LEASE)
    return taken


def settle(callback: OpendsrCallback, http: int, trouble: str, now: int, wait: int = 0) -> None:
    """Write down what came of a try: any answer from 200 to 299 is taken, everything else is tried again until its time is over."""
    attempts = callback.attempts + 1
    is_taken, is_over = 200 <= http < 300, now >= callback.retry_until
    state = CallbackState.DELIVERED if is_taken else CallbackState.GIVEN_UP if is_over else CallbackState.WAITING
    due_at = min(next_try(attempts, callback.pk, now, wait), max(now, callback.retry_until))
    OpendsrCallback.objects.filter(pk=callback.pk, state=CallbackState.WAITING, attempts=callback.attempts).update(
        state=state,
        attempts=attempts,
        due_at=due_at,
        settled_at=None if state == CallbackState.WAITING else now,
        http=http,
        trouble=trouble,
    )


def give_back(callbacks: Sequence[OpendsrCallback], now: int) -> None:
    """Let callbacks wait that were taken and cannot be tried now; after their time they are given up."""
    for one in callbacks:
        over = now >= one.retry_until
        OpendsrCallback.objects.filter(pk=one.pk, state=CallbackState.WAITING).update(
            **({"state": CallbackState.GIVEN_UP, "settled_at": now, "trouble": "no_certificate"} if over else {"due_at": now + 60 * SECOND})
        )


def forget_old(now: int) -> bool:
    """Worker duty: what was settled is forgotten after 90 days."""
    old = OpendsrCallback.objects.filter(created_at__lt=now - KEPT_FOR).exclude(state=CallbackState.WAITING)
    found = list(old.values_list("pk", flat=True)[:BATCH])
    OpendsrCallback.objects.filter(pk__in=found).delete()
    return len(found) == BATCH
