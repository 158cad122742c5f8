"""What a workspace stopped collecting (Art. 5(1)(c) GDPR): dropped at the door, and counted; collecting can be resumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import transaction

from troth.consent.catalog import forget_catalogs
from troth.consent.held import check_held, name_datum
from troth.consent.models import NotCollected, NotCollectedCount
from troth.kernel.clock import DAY
from troth.kernel.errors import TrothError
from troth.kernel.sql import insert_rows

COLLECTED = ("attribute", "event", "property")
MOST = 1_000
"""Of one workspace: they are held in memory at every door."""
SHOWN_DAYS = 30


class CollectingInvalid(TrothError):
    """Something that cannot be stopped or resumed; the message begins with the place."""


@dataclass(frozen=True)
class Stopped:
    """What is not collected any more, and how much of it was dropped lately."""

    kind: str
    event: str
    name: str
    since: int
    dropped: int = 0
    """Within the last `SHOWN_DAYS` days."""
    days: Mapping[int, int] = field(default_factory=dict)
    """Day → dropped."""


def stop_collecting(workspace_id: int, kind: str, event: str, name: str, *, now: int) -> NotCollected:
    """Drop it at every door from within a second on: an attribute, an event with all its properties, or a property of an event.

    Raises CollectingInvalid, ChangeHeld.
    """
    if kind not in COLLECTED:
        raise CollectingInvalid(f"$.kind: must be one of {', '.join(COLLECTED)}.")
    if bool(event) != (kind != "attribute") or bool(name) != (kind != "event") or len(event) > 255 or len(name) > 255:
        raise CollectingInvalid(
            "$.name: an attribute has a `name`, an event an `event`, and a property both, each of 255 characters at most."
        )
    check_held(workspace_id, name_datum(kind, event, name))
    with transaction.atomic():
        own = NotCollected.objects.filter(workspace_id=workspace_id)
        found = own.filter(kind=kind, event=event, name=name).first()
        if found is None:
            if own.count() >= MOST:
                raise CollectingInvalid(f"$.name: at most {MOST:,} things can be stopped: resume what does not come any more.")
            found = NotCollected.objects.create(workspace_id=workspace_id, kind=kind, event=event, name=name, since=now)
    forget_catalogs()
    return found


def resume_collecting(workspace_id: int, kind: str, event: str, name: str) -> None:
    """Take it in again from within a second on; what was dropped is gone. Raises CollectingInvalid, ChangeHeld."""
    check_held(workspace_id, name_datum(kind, event, name))
    deleted, _ = NotCollected.objects.filter(workspace_id=workspace_id, kind=kind, event=event, name=name).delete()
    if not deleted:
        raise CollectingInvalid("$.name: collecting it was not stopped.")
    forget_catalogs()


def is_stopped(workspace_id: int, kind: str, event: str, name: str) -> bool:
    """Whether it is dropped at the door."""
    return NotCollected.objects.filter(workspace_id=workspace_id, kind=kind, event=event, name=name).exists()


def list_stopped(workspace_id: int, now: int) -> list[Stopped]:
    """What is not collected, with how much was dropped in the last 30 days."""
    days: dict[tuple[str, str, str], dict[int, int]] = {}
    counted = NotCollectedCount.objects.filter(workspace_id=workspace_id, day__gt=now // DAY - SHOWN_DAYS)
    for row in counted:
        days.setdefault((row.kind, row.event, row.name), {})[row.day] = row.dropped
    return [
        Stopped(row.kind, row.event, row.name, row.since, sum(own.values()), own)
        for row in NotCollected.objects.filter(workspace_id=workspace_id).order_by("kind", "event", "name")
        for own in [days.get((row.kind, row.event, row.name), {})]
    ]


def count_not_collected(counts: Mapping[tuple[int, str, str, str], int], now: int) -> None:
    """Add to what was dropped: (workspace_id, kind, event, name) → number; in the caller's transaction."""
    insert_rows(
        "INSERT INTO consent_notcollectedcount (workspace_id, day, kind, event, name, dropped)",
        [(key[0], now // DAY, *key[1:], number) for key, number in sorted(counts.items())],
        "ON CONFLICT (workspace_id, day, kind, event, name) DO UPDATE SET dropped = consent_notcollectedcount.dropped + EXCLUDED.dropped",
    )


def forget_old_counts(now: int) -> bool:
    """Worker duty: forget what was dropped long ago, three times as far back as is shown."""
    NotCollectedCount.objects.filter(day__lt=now // DAY - 3 * SHOWN_DAYS).delete()
    return False
