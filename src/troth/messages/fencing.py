"""A restored or copied installation does not send the same queue again (FIELD, pain 23): sending stays off there until somebody confirms.

The database remembers where it lies. One that finds itself elsewhere (a backup that was restored, a copied data directory, a dump loaded into
another server) cannot know whether the first one still sends, so it stops before the first message. A copy of a whole machine finds itself where
it was: give it another TROTH_INSTANCE, or no network.
"""

from __future__ import annotations

from pathlib import Path

import structlog
from django.conf import settings
from django.db import connection, transaction

from troth.kernel.clock import SECOND
from troth.kernel.sql import is_sqlite
from troth.messages.controls import INSTALLATION, let_go, stop_sending
from troth.messages.models import SendFence

log = structlog.get_logger()
MOVED = "moved"
CHECKED_FOR = 10 * SECOND


_checked: tuple[int, bool] = (0, False)


def is_at_home(now: int) -> bool:
    """`check_fence`, at most CHECKED_FOR ago. What a sender asks before it claims anything."""
    global _checked
    checked_at, at_home = _checked
    if not at_home or not 0 <= now - checked_at < CHECKED_FOR:
        at_home = check_fence(now)
        _checked = (now, at_home)
    return at_home


def check_fence(now: int) -> bool:
    """Whether this is the installation that the database knows; one that is not stops sending. `now` in milliseconds."""
    here = _where()
    with transaction.atomic():
        fence = SendFence.objects.filter(pk=1).first()
        if fence is None:
            SendFence.objects.bulk_create([SendFence(pk=1, place=here, confirmed_at=now)], ignore_conflicts=True)
            return True
        if fence.place == here:
            return True
        if fence.found_at == here:
            return False
        SendFence.objects.filter(pk=1).update(found_at=here)
        stop_sending(INSTALLATION, now=now, by="troth", why=MOVED)
    log.error("sending_stopped", why=MOVED)
    return False


def confirm_place(now: int) -> None:
    """Send from here from now on: whoever confirms knows that no other installation works on the same queue."""
    SendFence.objects.update_or_create(pk=1, defaults={"place": _where(), "found_at": "", "confirmed_at": now})
    let_go(INSTALLATION, now=now)


def _where() -> str:
    """Names the database's place: the file on its disk, or the cluster and the database in it."""
    instance = settings.TROTH_INSTANCE
    if is_sqlite():
        return f"file {Path(str(connection.settings_dict['NAME'])).stat().st_ino} {instance}"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT system_identifier FROM pg_control_system()), oid FROM pg_database WHERE datname = current_database()"
        )
        cluster, oid = cursor.fetchone()
    return f"cluster {cluster} database {oid} {instance}"
