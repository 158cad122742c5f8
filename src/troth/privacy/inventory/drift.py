"""Where what is stored and what was declared part: the alarm of the inventory.

A workspace that has declared nothing yet is not alarmed about that: what it lacks is told on the page, and in the record of processing. Data of
Art. 9 and 10 under a purpose that is not declared for it is always an alarm.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from troth.consent.models import Assignment, Purpose
from troth.kernel.clock import MINUTE
from troth.privacy.inventory.counting import ATTRIBUTE, EVENT
from troth.privacy.inventory.reading import Item, read_inventory
from troth.privacy.inventory.recipients import Recipient, find_recipients
from troth.privacy.inventory.rules import CATEGORIES, SENSITIVE
from troth.privacy.models import InventoryAlarm, Processor
from troth.workspaces.models import Workspace

PAUSE = 10 * MINUTE
AT_ONCE = 20


@dataclass(frozen=True)
class Drift:
    """What is there and was not declared."""

    unassigned: list[Item] = field(default_factory=list)
    """Attributes and events that no purpose names: they are collected for the service."""
    undeclared: list[Item] = field(default_factory=list)
    """Of a category that their purpose does not name."""
    sensitive: list[Item] = field(default_factory=list)
    """Of Art. 9 or 10, under a purpose that is not declared for it."""
    unregistered: list[Recipient] = field(default_factory=list)
    """Recipients that no purpose names."""
    has_begun: bool = False
    """Whether anything was declared at all."""

    @property
    def alarms(self) -> int:
        """How much of it is to be mended now."""
        begun = len(self.unassigned) + len(self.undeclared) + len(self.unregistered) if self.has_begun else 0
        return begun + len(self.sensitive)

    @property
    def is_empty(self) -> bool:
        """Whether all that is stored was declared."""
        return not (self.unassigned or self.undeclared or self.sensitive or self.unregistered)


def find_drift(workspace_id: int, items: Iterable[Item] | None = None) -> Drift:
    """Hold the inventory of a workspace, and where data goes, against its purposes."""
    own = read_inventory(workspace_id, with_uses=False) if items is None else list(items)
    purposes = {purpose.key: purpose for purpose in Purpose.objects.filter(workspace_id=workspace_id)}
    sensitive, undeclared = [], []
    for item in own:
        purpose = purposes.get(item.purpose)
        if item.category in SENSITIVE and not (purpose and purpose.special_category):
            sensitive.append(item)
        elif purpose and purpose.data_categories and item.category != "none" and not _names(purpose.data_categories, item.category):
            undeclared.append(item)
    return Drift(
        unassigned=[item for item in own if not item.is_assigned and item.kind in (ATTRIBUTE, EVENT) and "." not in item.name],
        undeclared=undeclared,
        sensitive=sensitive,
        unregistered=_find_unregistered(workspace_id, purposes),
        has_begun=Assignment.objects.filter(workspace_id=workspace_id, kind__in=(ATTRIBUTE, EVENT)).exists()
        or any(purpose.data_categories or purpose.recipients for purpose in purposes.values()),
    )


def _names(declared: Iterable[str], category: str) -> bool:
    """Whether one of the kinds of data that a purpose declares means a category: by its key, or by a word of its title."""
    title = str(CATEGORIES[category]).casefold()
    means = {category.replace("_", " "), *(part.strip() for part in title.replace(":", ",").split(",")), *title.replace(":", " ").split()}
    return any(word and (word in means or any(one in word for one in means if len(one) > 3)) for word in map(str.casefold, declared))


def _find_unregistered(workspace_id: int, purposes: dict[str, Purpose]) -> list[Recipient]:
    everybody = [name for purpose in purposes.values() for name in purpose.recipients]
    registered = {
        (kind, str(one))
        for own in Processor.objects.filter(workspace_id=workspace_id)
        for kind in ("channel", "webhook")
        for one in getattr(own, f"{kind}s")
    }
    found = []
    for recipient in find_recipients(workspace_id):
        if recipient.is_here or (recipient.kind, recipient.id) in registered:
            continue
        own = purposes.get(recipient.purpose)
        if not recipient.is_named_in(own.recipients if own else everybody):
            found.append(recipient)
    return found


def note_drift(workspace_id: int, drift: Drift, now: int) -> None:
    """Keep how much it was, for the check."""
    InventoryAlarm.objects.update_or_create(workspace_id=workspace_id, defaults={"alarms": drift.alarms, "at": now})


def watch_drift(now: int) -> bool:
    """Worker duty: look at the workspaces that were not looked at for ten minutes, a few at a time; True when there may be more."""
    fresh = InventoryAlarm.objects.filter(at__gt=now - PAUSE, at__lte=now).values("workspace_id")
    due = list(Workspace.objects.filter(is_canary=False).exclude(pk__in=fresh).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    for workspace_id in due:
        note_drift(workspace_id, find_drift(workspace_id), now)
    return len(due) == AT_ONCE


def check_inventory(now: int) -> tuple[bool, str]:
    """For `troth doctor` and Home: trouble where something is stored, or goes somewhere, that was not declared."""
    alarmed = InventoryAlarm.objects.filter(alarms__gt=0).order_by("workspace_id").values_list("workspace_id", "alarms")[:AT_ONCE]
    if not alarmed:
        return True, "what is stored is what was declared"
    listed = ", ".join(f"{number} in workspace {workspace_id}" for workspace_id, number in alarmed)
    return False, f"stored or handed on but not declared: {listed}. `troth privacy inventory WS --drift` lists them"
