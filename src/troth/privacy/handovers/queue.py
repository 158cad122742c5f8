"""The worker's part: what is due goes from a thread of its own, so that a slow recipient holds up nothing else."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from django.db import connection, transaction

from troth.privacy.handovers.handing import LEASE, hand_over
from troth.privacy.models.takeaways import Handover

THREADS = 2


class _Threads:
    """What this process has under way."""

    def __init__(self) -> None:
        self.pool: ThreadPoolExecutor | None = None
        self.under_way: list[Future[None]] = []


_threads = _Threads()


def hand_over_due(now: int) -> bool:
    """Worker duty: have a thread try the next one that is due; True while one is under way."""
    for done in [one for one in _threads.under_way if one.done()]:
        _threads.under_way.remove(done)
        done.result()
    if len(_threads.under_way) < THREADS and (own := _take(now)):
        _threads.pool = _threads.pool or ThreadPoolExecutor(THREADS, thread_name_prefix="handover")
        _threads.under_way.append(_threads.pool.submit(_try, own, now))
    return False


def _take(now: int) -> Handover | None:
    if not Handover.objects.filter(next_at__lte=now).exists():
        return None
    with transaction.atomic():
        own = Handover.objects.select_for_update().filter(next_at__lte=now).order_by("next_at").first()
        if own is not None:
            own.attempts += 1
            own.next_at = now + LEASE
            own.save(update_fields=["attempts", "next_at"])
    return own


def _try(own: Handover, now: int) -> None:
    try:
        hand_over(own, now)
    finally:
        connection.close()
