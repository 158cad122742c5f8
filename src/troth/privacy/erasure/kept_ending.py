"""When a legal hold ends, what it kept of erased persons is erased by itself, with an entry in the erasure ledger and a new certificate."""

from __future__ import annotations

from uuid import UUID

import structlog
from django.db import transaction

from troth.privacy.erasure.restore_guard import catch_up, drop_kept, lock_position, move_position
from troth.privacy.models.kept import KeptItem
from troth.privacy.storage.ledger_file import append, make_entry

log = structlog.get_logger()
AT_ONCE = 50


def end_due(now: int) -> bool:
    """Worker duty: erase what is kept no longer; True while there is more."""
    due = list(KeptItem.objects.filter(until__lte=now).values_list("request_id", flat=True).distinct()[:AT_ONCE])
    for request_id in due:
        _end(request_id, now)
    return len(due) == AT_ONCE


def _end(request_id: UUID, now: int) -> None:
    """As an erasure: one transaction, its line in the ledger last."""
    with transaction.atomic():
        applied = lock_position()
        applied += catch_up(applied, now)
        items = list(KeptItem.objects.filter(request_id=request_id, until__lte=now).values_list("workspace_id", "kind", "event", "name"))
        if not items:
            return
        ended = sorted({(kind, event, name) for _, kind, event, name in items})
        number = applied + 1
        move_position(number)
        drop_kept(request_id, ended, ledger_number=number, now=now)
        append([make_entry(number, workspace_id=items[0][0], request_id=str(request_id), persons=[], tags=[], at=now, ended=ended)])
    log.info("hold_ended", request_id=str(request_id))
