"""Addresses to which nothing is sent any more, because they do not exist or their owner complained: as keyed hashes, never in clear.

A stop is of the address, whoever has it, and binds service mail too. A member may lift it and says why; the next bounce or complaint stops it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from troth.kernel.errors import TrothError
from troth.kernel.ids import bucket_of_tag
from troth.kernel.sql import TAG_KEY, select_by_keys
from troth.messages.models import StoppedAddress, StopReason
from troth.people.identifiers import EMAIL, PHONE, Handle, make_handle

KINDS = (EMAIL, PHONE)
"""What can be stopped. A device that is gone is removed instead."""
_STOP = (
    "INSERT INTO messages_stoppedaddress (bucket, tag, workspace_id, kind, reason, stopped_at, lifted_at, lifted_by, lift_reason)"
    " VALUES (%s, %s, %s, %s, %s, %s, NULL, NULL, '') ON CONFLICT (bucket, tag) DO UPDATE SET reason = excluded.reason,"
    " stopped_at = excluded.stopped_at, lifted_at = NULL, lifted_by = NULL, lift_reason = ''"
    # What an old report tells again does not undo what a member lifted since.
    " WHERE messages_stoppedaddress.lifted_at IS NULL OR messages_stoppedaddress.lifted_at < excluded.stopped_at"
)


class StopNotFound(TrothError):
    """Nothing is stopped at that address."""


class LiftRefused(TrothError):
    """A stop that is lifted needs a reason."""


@dataclass(frozen=True)
class Stopping:
    """An address to stop."""

    kind: str
    tag: bytes
    reason: StopReason
    at: int
    """When what it is stopped for happened, in milliseconds."""


def stop_addresses(workspace_id: int, stoppings: Sequence[Stopping]) -> None:
    """Stop addresses of a workspace; inside the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.executemany(_STOP, [(bucket_of_tag(s.tag), s.tag, workspace_id, s.kind, s.reason.value, s.at) for s in stoppings])


def find_stopped(tags: Iterable[bytes]) -> dict[bytes, str]:
    """Which of these addresses are stopped now, and why."""
    keys = [(bucket_of_tag(tag), tag) for tag in sorted(set(tags))]
    if not keys:
        return {}
    rows = select_by_keys(
        "SELECT s.tag, s.reason",
        "JOIN messages_stoppedaddress s ON s.bucket = k.column1 AND s.tag = k.column2 AND s.lifted_at IS NULL",
        keys,
        TAG_KEY,
    )
    return {bytes(tag): reason for tag, reason in rows}


def list_stops(workspace_id: int, tags: Iterable[bytes]) -> dict[bytes, StoppedAddress]:
    """The stops that hold now for some addresses, by their tags."""
    wanted = set(tags)
    here = StoppedAddress.objects.filter(bucket__in={bucket_of_tag(tag) for tag in wanted}, tag__in=wanted, workspace_id=workspace_id)
    return {bytes(stop.tag): stop for stop in here.filter(lifted_at__isnull=True)}


def find_stop(workspace_id: int, address: str) -> StoppedAddress | None:
    """The stop of an address or number as somebody typed it, lifted or not; None when there never was one."""
    for kind in KINDS:
        handle = make_handle(workspace_id, kind, address)
        if handle:
            found = StoppedAddress.objects.filter(bucket=handle.bucket, tag=handle.tag, workspace_id=workspace_id).first()
            if found:
                return found
    return None


def lift_stop(workspace_id: int, address: str, *, reason: str, by: int | None, now: int) -> StoppedAddress:
    """Send there again. `by` is the member's user id, if a member does it. Raises StopNotFound, LiftRefused."""
    found = find_stop(workspace_id, address)
    if found is None or found.lifted_at is not None:
        raise StopNotFound("Nothing is stopped at that address: check its spelling.")
    if not reason.strip():
        raise LiftRefused("Say why mail may go there again, e.g. that the mailbox was mended: it is kept with the stop.")
    found.lifted_at, found.lifted_by, found.lift_reason = now, by, reason.strip()[:500]
    found.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
    return found


def count_stops(workspace_id: int) -> dict[str, int]:
    """How many addresses are stopped now, by reason. Reads all buckets, from the index of a workspace's stops."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reason, COUNT(*) FROM messages_stoppedaddress WHERE workspace_id = %s AND lifted_at IS NULL GROUP BY reason",
            [workspace_id],
        )
        found: list[tuple[str, int]] = cursor.fetchall()
    return dict(found)


def stopped_for(handles: Sequence[Handle], stopped: dict[bytes, str]) -> dict[str, str]:
    """By kind of address, why a person's is stopped."""
    return {handle.kind: stopped[handle.tag] for handle in handles if handle.tag in stopped}


def describe(stop: StoppedAddress) -> dict[str, Any]:
    """A stop as the API and the command line tell it."""
    return {
        "kind": stop.kind,
        "reason": stop.reason,
        "stopped_at": stop.stopped_at,
        "lifted_at": stop.lifted_at,
        "lift_reason": stop.lift_reason,
    }
