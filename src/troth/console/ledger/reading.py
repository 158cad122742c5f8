"""What the room shows of a ledger: its head, its checkpoints, what waits, what a check found, and how anybody checks it from outside."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from itertools import chain, islice

from django.db import connection

from troth.consent.ledger.audit import find_faults
from troth.consent.ledger.audit_seals import find_audit_faults
from troth.consent.ledger.log import head_of
from troth.consent.models import Checkpoint
from troth.kernel.crypto import public_key_pem
from troth.kernel.sql import is_sqlite

LATEST = 12
MOST_CHECKED = 20_000
"""Entries that a request checks: a second's work. Of a larger ledger the page shows the command."""
MOST_TOLD = 100
MOST_WAITING = 10_000


@dataclass(frozen=True)
class Signed:
    """A checkpoint, and where anybody may fetch it."""

    size: int
    at: int
    root: str
    """In base64, as in the note."""
    url: str


@dataclass(frozen=True)
class Ledger:
    """A ledger as it stands."""

    size: int
    root: str
    checkpoints: list[Signed]
    waiting: int
    """Decisions that are not appended yet, `MOST_WAITING` at most."""

    @property
    def is_checked_here(self) -> bool:
        """Whether it is small enough to be checked in a request."""
        return self.size <= MOST_CHECKED

    @property
    def is_covered(self) -> bool:
        """Whether the latest checkpoint is over all of it."""
        return bool(self.checkpoints) and self.checkpoints[0].size == self.size


def read_ledger(workspace_id: int, base: str) -> Ledger:
    """The ledger of a workspace; `base` is the address of this installation."""
    size, root = head_of(workspace_id)
    latest = Checkpoint.objects.filter(workspace_id=workspace_id).order_by("-size")[:LATEST]
    return Ledger(
        size=size,
        root=base64.b64encode(root).decode(),
        checkpoints=[
            Signed(one.size, one.at, base64.b64encode(bytes(one.root)).decode(), f"{base}/ledger/{workspace_id}/checkpoint/{one.size}")
            for one in latest
        ],
        waiting=_count_waiting(workspace_id),
    )


def _count_waiting(workspace_id: int) -> int:
    # Without statistics SQLite would take an index of all records.
    index = " INDEXED BY record_to_append" if is_sqlite() else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COUNT(*) FROM (SELECT 1 FROM consent_record{index} WHERE workspace_id = %s AND leaf IS NULL LIMIT %s) AS waiting",
            [workspace_id, MOST_WAITING],
        )
        return int(cursor.fetchone()[0])


def check_ledger(workspace_id: int, now: int) -> tuple[list[str], bool]:
    """The first faults of a ledger, and of the audit log that is sealed in it, in words; and whether there are more. `now` in milliseconds."""
    every = chain(find_faults(workspace_id), find_audit_faults(workspace_id, now))
    found = list(islice(every, MOST_TOLD + 1))
    return found[:MOST_TOLD], len(found) > MOST_TOLD


def read_public_key() -> str:
    """The key that checkpoints are signed with, as PEM."""
    return public_key_pem().decode()


def tell_signature_check(key_url: str, checkpoint_url: str) -> str:
    """Shell commands that fetch a checkpoint and try its signature with nothing of Troth's: a signed note, Ed25519 after four bytes of key id."""
    return "\n".join(
        (
            f"curl -s {key_url} > key.pem",
            f"curl -s {checkpoint_url} > checkpoint",
            "sed '/^$/,$d' checkpoint > signed",
            "tail -n 1 checkpoint | cut -d ' ' -f 3 | base64 -d | tail -c +5 > signature",
            "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in signed -sigfile signature",
        )
    )
