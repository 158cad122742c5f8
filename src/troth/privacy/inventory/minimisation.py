"""The minimisation report (Art. 5(1)(c) GDPR): what is collected and used by nothing, and what was stopped."""

from __future__ import annotations

from dataclasses import dataclass, field

from troth.consent.collecting import Stopped, list_stopped
from troth.privacy.inventory.counting import EVENT, OTHERS, PROPERTY
from troth.privacy.inventory.reading import Item, read_inventory
from troth.privacy.models import Clearing

SHOWN = 100


@dataclass(frozen=True)
class Report:
    """What could go, what does not come any more, and what is being cleared."""

    unused: list[Item] = field(default_factory=list)
    """The commonest first. Properties of an event that nothing uses are told with it."""
    stopped: list[Stopped] = field(default_factory=list)
    clearings: list[Clearing] = field(default_factory=list)
    """Under way, then the latest."""
    collected: int = 0
    """How many names are told apart in all."""


def read_minimisation(workspace_id: int, now: int) -> Report:
    """The report of a workspace as it is now."""
    items = read_inventory(workspace_id)
    stopped = list_stopped(workspace_id, now)
    gone = {(one.kind, one.event, one.name) for one in stopped}
    used_events = {item.event for item in items if item.event and item.used_by}
    unused = [
        item
        for item in items
        if not item.used_by
        and "." not in item.name
        and item.name != OTHERS
        and (item.kind, item.event, item.name) not in gone
        and (EVENT, item.event, "") not in gone
        and (item.kind != EVENT or item.event not in used_events)
        and (item.kind != PROPERTY or item.event in used_events)
        and "‹" not in f"{item.event}{item.name}"
    ]
    clearings = Clearing.objects.filter(workspace_id=workspace_id).order_by("-started_at")[:SHOWN]
    return Report(
        unused=sorted(unused, key=lambda item: (-item.count, item.title)),
        stopped=stopped,
        clearings=sorted(clearings, key=lambda job: job.ended_at is not None),
        collected=len(items),
    )
