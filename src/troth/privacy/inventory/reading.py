"""The inventory of a workspace: what was counted, with the purpose, recipients and retention that were declared, and what uses it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from troth.consent.catalog import SERVICE, Catalog, load_catalog
from troth.consent.models import Purpose
from troth.kernel.clock import DAY, iso
from troth.kernel.errors import TrothError
from troth.privacy.inventory.counting import ATTRIBUTE, EVENT, KINDS, OTHERS
from troth.privacy.inventory.rules import CATEGORIES, judge_category
from troth.privacy.inventory.uses import ANY, Use, find_uses
from troth.privacy.models import DataCategory, InventoryItem


class CategoryUnknown(TrothError):
    """There is no such category, or nothing of that name."""


@dataclass
class Item:
    """An attribute, an event, or a property of one, as it is stored and as it is declared."""

    kind: str
    event: str
    name: str
    count: int = 0
    first_day: int = 0
    last_day: int = 0
    types: Counter[str] = field(default_factory=Counter)
    doors: Counter[str] = field(default_factory=Counter)
    shapes: Counter[str] = field(default_factory=Counter)
    votes: Counter[str] = field(default_factory=Counter)
    looked_at: int = 0
    category: str = ""
    is_corrected: bool = False
    """Whether a member gave the category; else rules did."""
    purpose: str = SERVICE
    is_assigned: bool = False
    """Whether somebody declared the purpose; else it is collected for the service."""
    retention: str = ""
    recipients: list[str] = field(default_factory=list)
    used_by: list[Use] = field(default_factory=list)

    @property
    def top(self) -> str:
        """The name itself, of what lies in an object that of the object."""
        return self.name.partition(".")[0]

    @property
    def title(self) -> str:
        """As people name it."""
        if self.kind == EVENT:
            return self.event
        return self.name if self.kind == ATTRIBUTE else f"{self.event} · {self.name}"

    @property
    def first_at(self) -> int | None:
        """The day it was first seen, in milliseconds; None where that is not known."""
        return self.first_day * DAY or None

    @property
    def last_at(self) -> int | None:
        """The day it was last seen."""
        return self.last_day * DAY or None


def read_inventory(workspace_id: int, *, with_uses: bool = True) -> list[Item]:
    """Everything that is stored under a name of its own, by kind, event and name. Small: names are bounded, and values are not in it.

    What uses it is left out without `with_uses`: that reads every segment, template, campaign and newsletter.
    """
    catalog = load_catalog(workspace_id)
    items = _read_items(workspace_id)
    corrected = {(row.kind, row.event, row.name): row.category for row in DataCategory.objects.filter(workspace_id=workspace_id)}
    purposes = {purpose.key: purpose for purpose in Purpose.objects.filter(workspace_id=workspace_id)}
    users = _Users(find_uses(workspace_id) if with_uses else ())
    for item in items:
        own = corrected.get((item.kind, item.event, item.name))
        item.is_corrected = own is not None
        item.category = own or judge_category(item.kind, item.name.rpartition(".")[2] or item.event, item.votes, item.looked_at, item.types)
        _declare(item, catalog, purposes)
        item.used_by = users.of(item)
    return items


def find_item(workspace_id: int, kind: str, event: str, name: str) -> Item | None:
    """One of the inventory; None when nothing of that name is stored."""
    return next((item for item in read_inventory(workspace_id) if (item.kind, item.event, item.name) == (kind, event, name)), None)


def _read_items(workspace_id: int) -> list[Item]:
    found: dict[tuple[str, str, str], Item] = {}
    for row in InventoryItem.objects.filter(workspace_id=workspace_id).order_by("kind", "event", "name", "slice"):
        item = found.setdefault((row.kind, row.event, row.name), Item(row.kind, row.event, row.name))
        item.count += row.count
        item.first_day = min((day for day in (item.first_day, row.first_day) if day), default=0)
        item.last_day = max(item.last_day, row.last_day)
        item.looked_at += row.looked_at
        for name in ("types", "doors", "shapes", "votes"):
            getattr(item, name).update(getattr(row, name))
    return list(found.values())


def _declare(item: Item, catalog: Catalog, purposes: Mapping[str, Purpose]) -> None:
    assigned = catalog.attributes.get(item.top) if item.kind == ATTRIBUTE else catalog.events.get(item.event)
    item.is_assigned = assigned is not None
    item.purpose = assigned or SERVICE
    purpose = purposes.get(item.purpose)
    if purpose is not None:
        item.retention = purpose.retention
        item.recipients = purpose.recipients


class _Users:
    """Uses by what they use."""

    def __init__(self, uses: Iterable[Use]) -> None:
        self._by_datum: dict[tuple[str, str, str], list[Use]] = {}
        for use in uses:
            self._by_datum.setdefault((use.kind, use.event, use.name), []).append(use)

    def of(self, item: Item) -> list[Use]:
        """What uses an item; content that may read anything uses everything of that kind."""
        if item.kind == EVENT:
            asked = [(EVENT, item.event, "")]
        else:
            events = [item.event, ""] if item.event else [""]
            names = {item.name, item.top, ANY} if item.name != OTHERS else {ANY}
            asked = [(item.kind, event, name) for event in events for name in names]
            # A condition on `address` reads `address.city`, and one on `address.city` is a use of `address`.
        found = [use for key in asked for use in self._by_datum.get(key, [])]
        if item.kind != EVENT and "." not in item.name:
            inner = f"{item.name}."
            found += [use for key, uses in self._by_datum.items() if key[0] == item.kind and key[2].startswith(inner) for use in uses]
        return sorted({(use.by, use.id): use for use in found}.values(), key=lambda use: (use.by, use.title))


def correct_category(workspace_id: int, kind: str, event: str, name: str, category: str, *, now: int) -> None:
    """Keep a member's judgement, whatever rules will say; an empty category leaves it to the rules again. Raises CategoryUnknown."""
    if kind not in KINDS or len(event) > 255 or len(name) > 255:
        raise CategoryUnknown("$.kind: must be one of attribute, event and property, with a name of 255 characters at most.")
    if category and category not in CATEGORIES:
        raise CategoryUnknown(f"$.category: must be one of {', '.join(CATEGORIES)}, or empty to leave it to the rules.")
    if not InventoryItem.objects.filter(workspace_id=workspace_id, kind=kind, event=event, name=name).exists():
        raise CategoryUnknown("$.name: nothing is stored under that name: the inventory lists what is.")
    with transaction.atomic():
        DataCategory.objects.filter(workspace_id=workspace_id, kind=kind, event=event, name=name).delete()
        if category:
            DataCategory.objects.create(workspace_id=workspace_id, kind=kind, event=event, name=name, category=category, at=now)


def plain_item(item: Item) -> dict[str, Any]:
    """An item for JSON; days as RFC 3339 dates, None where they are not known."""
    return {
        "kind": item.kind,
        "event": item.event,
        "name": item.name,
        "count": item.count,
        "types": dict(item.types.most_common()),
        "shapes": [shape for shape, _number in item.shapes.most_common(3)],
        "first_seen": iso(item.first_at)[:10] if item.first_at else None,
        "last_seen": iso(item.last_at)[:10] if item.last_at else None,
        "sources": {door or "unknown": number for door, number in item.doors.most_common()},
        "category": item.category,
        "category_is_corrected": item.is_corrected,
        "purpose": item.purpose,
        "purpose_is_declared": item.is_assigned,
        "retention": item.retention,
        "recipients": item.recipients,
        "used_by": [{"by": use.by, "id": use.id, "title": use.title} for use in item.used_by],
    }
