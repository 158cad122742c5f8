"""Renewal of backups: at the end of an epoch each that may hold an erased person is rewritten without them, and the old key is destroyed.

A renewed backup takes the old one's name in one step, and a key is destroyed only after everything under it was renewed and is durable: a crash at
any instant leaves each backup readable, old or new. When the key is gone, so is what was copied away under it.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import msgspec
import structlog
from django.db import transaction

from troth.kernel.clock import DAY, HOUR
from troth.kernel.errors import TrothError
from troth.kernel.sql import is_sqlite
from troth.privacy.backups.rewriting import HERE
from troth.privacy.backups.taking import KEPT_FOR, Backup, data_key_of, header_of, list_backups, path_of, require_embedded
from troth.privacy.erasure.outcomes import certify_again
from troth.privacy.models import PrivacyRequest
from troth.privacy.storage.apart import run_apart
from troth.privacy.storage.keyring import EpochKey, destroy_keys, list_keys, take_key, wrap_key
from troth.privacy.storage.ledger_file import last_number
from troth.privacy.storage.locks import while_backups_change
from troth.privacy.storage.places import backups_dir, data_dir
from troth.privacy.storage.scratch import left_behind, scratch_file, sweep

log = structlog.get_logger()
Told = Callable[[int, int], None]
LATE = DAY
TOGETHER = 200


class Renewed(msgspec.Struct, frozen=True, kw_only=True):
    """What a renewal came to: names of backups, and how many keys were destroyed."""

    renewed: list[str] = []
    dropped: list[str] = []
    """They were damaged: nobody could restore them."""
    keys_destroyed: int = 0


def renew_backups(now: int, *, at_once: bool = False, told: Told | None = None) -> Renewed:
    """Rewrite the backups under keys whose epoch has ended (`at_once`: under every key) since when somebody was erased, and destroy those keys.

    Raises TrothError when one could not be rewritten; what was done stays, all keys live on, and the next call goes on from there.
    """
    require_embedded()
    with while_backups_change():
        sweep()
        last = last_number()
        ending = {key.kid for key in _stale_keys(last) if at_once or key.ends_at <= now}
        ending |= {key.kid for key in list_keys() if key.ends_at + KEPT_FOR <= now}
        waiting = [backup for backup in list_backups() if backup.key in ending and backup.expires_at > now]
        renewed: list[str] = []
        dropped: list[str] = []
        for number, backup in enumerate(waiting):
            kid = take_key(now, last, avoid=ending)
            (renewed if _renew(backup, kid, now) else dropped).append(backup.name)
            if told:
                told(number + 1, len(waiting))
        if waiting:
            _sync(backups_dir())
        destroy_keys(ending)
    if ending:
        log.info("backups_renewed", backups=len(renewed), dropped=len(dropped), keys_destroyed=len(ending))
    return Renewed(renewed=renewed, dropped=dropped, keys_destroyed=len(ending))


def _stale_keys(last: int) -> list[EpochKey]:
    return [key for key in list_keys() if key.is_stale(last)]


def _renew(old: Backup, kid: str, now: int) -> bool:
    """Rewrite one backup under a new key, in place; False when it could not be opened and was dropped."""
    path, own = path_of(old.name), secrets.token_bytes(32)
    partial = path.with_name(f".{old.name}.part")
    new = msgspec.structs.replace(old, key=kid, wrapped=wrap_key(kid, own, old.name), renewed_at=now, version=version("troth"))
    order = {
        "data": str(data_dir()),
        "source": str(path),
        "target": str(partial),
        "header": header_of(new),
        "key": data_key_of(old).hex(),
        "new_key": own.hex(),
    }
    try:
        partial.unlink(missing_ok=True)
        with scratch_file(old.bytes) as scratch:
            answer = run_apart(HERE, {**order, "scratch": str(scratch)})
        if "unreadable" in answer:
            path.unlink()
            return False
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return True


def _sync(folder: Path) -> None:
    """Make the new names durable, before the keys of the old files go."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def tell_requests(now: int) -> int:
    """Give erasures a new certificate once no key is left under which their person lies sealed; returns how many."""
    oldest = min((key.ledger for key in list_keys() if key.ledger is not None), default=None)
    waiting = list(PrivacyRequest.objects.filter(shred_due_at__isnull=False).order_by("deleted_at").values_list("pk", flat=True))
    done = 0
    for start in range(0, len(waiting), TOGETHER):
        with transaction.atomic():
            for request in PrivacyRequest.objects.filter(pk__in=waiting[start : start + TOGETHER]):
                if oldest is None or oldest >= request.steps["ledger_entry"]:
                    certify_again(request, now, unreadable_since=now)
                    done += 1
    return done


@dataclass
class _Renewal:
    """A renewal that runs in a thread beside the worker's other duties; it touches files alone."""

    now: int
    failure: Exception | None = None
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            renew_backups(self.now)
        except (TrothError, OSError) as error:
            self.failure = error


_running: list[_Renewal] = []
_told: dict[str, set[str]] = {}
"""The keys there were when requests were last told."""
_wait = {"until": 0}
"""A renewal reads and writes much: one that failed is not tried again at once."""


def renew_due(now: int) -> bool:
    """Worker duty: renew what is due, and tell the requests that waited for it."""
    if not is_sqlite():
        return False
    if _running:
        if not _running[0].thread.is_alive() and (failure := _running.pop().failure):
            raise failure
        return False
    keys = {key.kid for key in list_keys()}
    if keys != _told.get("keys"):
        tell_requests(now)
        _told["keys"] = keys
    if now >= _wait["until"] and (left_behind() or is_due(now)):
        _wait["until"] = now + HOUR
        _running.append(_Renewal(now))
    return False


def is_due(now: int, late: int = 0) -> bool:
    """Whether a key should have been destroyed by now, or so many milliseconds ago."""
    last = last_number()
    return any(key.ends_at + late <= now and (key.is_stale(last) or key.ends_at + KEPT_FOR + late <= now) for key in list_keys())


def check_backups(now: int) -> tuple[bool, str]:
    """Trouble when a backup cannot be opened, or an erased person should be unreadable in backups and is not."""
    if not is_sqlite():
        return True, "PostgreSQL's own tools make them; a restored one is made to forget at its first start"
    held, backups = {key.kid for key in list_keys()}, list_backups()
    if lost := sum(backup.key not in held for backup in backups):
        return False, f"the keys of {lost} of {len(backups)} are not in the key ring: put its newest copy back (`troth backup keyring`)"
    if is_due(now, LATE):
        return False, "erased persons are still readable in old ones: see the worker's log, then `troth backup renew`"
    return True, f"{len(backups)}, under {len(held)} keys" if backups else "none yet: `troth backup create`"
