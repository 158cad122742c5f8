"""Asking for the file, making it in the background, handing it out while it is there; gone after a week, and with anybody in it who is erased."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import structlog
from django.db import transaction

from troth.kernel.clock import DAY, MINUTE, now_ms
from troth.kernel.errors import TrothError
from troth.kernel.personal_data import Subject
from troth.privacy.models.takeaways import Takeaway, TakeawayState
from troth.privacy.storage.places import exports_dir, make_private_dir
from troth.privacy.storage.scratch import overwrite_and_remove
from troth.privacy.takeaways.writing import write_takeaway
from troth.workspaces.models import Workspace

log = structlog.get_logger()
KEPT = 7 * DAY
LEASE = MINUTE
SPENT_S = 0.2
TRIES = 50
"""Each process that dies and each erasure meanwhile has it begun anew."""
REMEMBERED = 400 * DAY


class TakeawayUnknown(TrothError):
    """There is no such file in this workspace."""


class TakeawayNotThere(TrothError):
    """Its file is still being written, or gone."""


def ask_for_takeaway(workspaces: Sequence[Workspace], *, by: str, now: int) -> Takeaway:
    """Have everything of the workspaces written into one file."""
    return Takeaway.objects.create(
        workspace_id=workspaces[0].pk,
        workspace_ids=[one.pk for one in workspaces],
        state=TakeawayState.WAITING,
        asked_by=by,
        asked_at=now,
        next_at=now,
    )


def find_takeaway(workspace_id: int, takeaway_id: UUID) -> Takeaway:
    """One of a workspace's. Raises TakeawayUnknown."""
    found = Takeaway.objects.filter(workspace_id=workspace_id, pk=takeaway_id).first()
    if found is None:
        raise TakeawayUnknown("There is no such file in this workspace.")
    return found


def list_takeaways(workspace_id: int) -> list[Takeaway]:
    """The newest first."""
    return list(Takeaway.objects.filter(workspace_id=workspace_id).order_by("-asked_at")[:20])


def path_of(own: Takeaway) -> Path:
    """Where the file lies. Raises TakeawayNotThere."""
    path = _path(own)
    if own.state != TakeawayState.READY or not path.exists():
        raise TakeawayNotThere("The file is not there: it is still being written, or its time is over. Ask for it again.")
    return path


def _path(own: Takeaway) -> Path:
    return exports_dir() / f"{own.pk}.zip"


def _partial(own: Takeaway) -> Path:
    return exports_dir() / f"{own.pk}.part"


_writing: dict[UUID, tuple[int, Iterator[int]]] = {}


def take_away_due(now: int) -> bool:
    """Worker duty: write on what was asked for, and remove what is over; True while there is more to write."""
    if not Takeaway.objects.filter(next_at__lte=now + LEASE).exists():
        return False
    with transaction.atomic():
        own = Takeaway.objects.filter(pk__in=list(_writing), state=TakeawayState.WRITING).first()
        own = own or Takeaway.objects.select_for_update().filter(next_at__lte=now).order_by("next_at").first()
        if own is None:
            _writing.clear()
            return False
        _step(own, now)
    if own.state != TakeawayState.WRITING:
        return own.state == TakeawayState.WAITING
    write_on(own, SPENT_S)
    return True


def _step(own: Takeaway, now: int) -> None:
    """What is due of it, in a transaction; the file's writing itself is not in one."""
    if own.state == TakeawayState.READY:
        overwrite_and_remove(_path(own))
        own.state, own.next_at = TakeawayState.EXPIRED, own.asked_at + REMEMBERED
    elif own.state in (TakeawayState.EXPIRED, TakeawayState.FAILED):
        own.delete()
        return
    elif own.pk not in _writing or own.state == TakeawayState.WAITING:
        own.attempt += 1
        own.state, own.rows = TakeawayState.WRITING, 0
        own.next_at = now + LEASE
        if own.attempt > TRIES:
            own.state, own.next_at = TakeawayState.FAILED, own.asked_at + REMEMBERED
        make_private_dir(exports_dir())
        overwrite_and_remove(_partial(own))
        _writing[own.pk] = (own.attempt, write_takeaway(_partial(own), own.workspace_ids, now))
    else:
        own.next_at = now + LEASE
    own.save()


def write_on(own: Takeaway, seconds: float) -> bool:
    """Write for a while; whether it is finished. What was begun anew elsewhere, or must not hold somebody any more, is given up."""
    attempt, steps = _writing[own.pk]
    until = time.monotonic() + seconds
    rows = own.rows
    while time.monotonic() < until:
        written = next(steps, None)
        if written is None:
            del _writing[own.pk]
            _finish(own, attempt, rows, now_ms())
            return True
        rows = written
    if not Takeaway.objects.filter(pk=own.pk, attempt=attempt, state=TakeawayState.WRITING).update(rows=rows):
        del _writing[own.pk]
    return False


def _finish(own: Takeaway, attempt: int, rows: int, now: int) -> None:
    partial = _partial(own)
    digest = hashlib.sha256()
    with partial.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    size = partial.stat().st_size
    with transaction.atomic():
        current = Takeaway.objects.select_for_update().filter(pk=own.pk, attempt=attempt, state=TakeawayState.WRITING).first()
        if current is None:
            overwrite_and_remove(partial)
            return
        current.state, current.sha256, current.bytes, current.ready_at = TakeawayState.READY, digest.hexdigest(), size, now
        current.rows, current.expires_at, current.next_at = rows, now + KEPT, now + KEPT
        current.save()
        partial.replace(_path(own))
    log.info("takeaway_ready", takeaway_id=str(own.pk), bytes=size)


def write_at_once(own: Takeaway) -> Takeaway:
    """All of it now, in this process. Never inside a transaction."""
    with transaction.atomic():
        _step(own, now_ms())
    while not write_on(own, 60):
        pass
    own.refresh_from_db()
    return own


def forget_in_files(subjects: Sequence[Subject], now: int) -> None:
    """Whoever is erased is in none of the files that lie about: those go, and what is being written begins anew. In the erasing transaction."""
    touched = {subject.workspace_id for subject in subjects}
    for own in Takeaway.objects.filter(state__in=(TakeawayState.WAITING, TakeawayState.WRITING, TakeawayState.READY)):
        if touched.isdisjoint(own.workspace_ids):
            continue
        for path in (_path(own), _partial(own)):
            overwrite_and_remove(path)
        is_ready = own.state == TakeawayState.READY
        own.state = TakeawayState.EXPIRED if is_ready else TakeawayState.WAITING
        own.next_at = own.asked_at + REMEMBERED if is_ready else now
        own.save(update_fields=["state", "next_at"])


def remove_files_of(workspace_ids: Sequence[int]) -> None:
    """Of workspaces that leave: the files go with them."""
    for own in Takeaway.objects.filter(workspace_id__in=workspace_ids):
        for path in (_path(own), _partial(own)):
            overwrite_and_remove(path)
