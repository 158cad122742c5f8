"""What the room shows: items narrowed and grouped, and their users' addresses. Values in, values out; no HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.http import Http404
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.consent.catalog import load_catalog
from troth.kernel.ids import BUCKETS
from troth.privacy.inventory.reading import Item, find_item, read_inventory
from troth.privacy.inventory.rules import CATEGORIES, SENSITIVE
from troth.privacy.inventory.storing import read_position
from troth.privacy.inventory.uses import Use

MOST = 500
KINDS: Mapping[str, str | Promise] = {"attribute": later("Attributes"), "event": later("Events"), "property": later("Properties of events")}
USERS = {
    "segment": "segments",
    "template": "templates/of",
    "campaign": "campaigns",
    "newsletter": "newsletters",
    "funnel": "reports/funnel",
}


@dataclass(frozen=True)
class Row:
    """An item in words."""

    item: Item
    category: str
    is_sensitive: bool
    purpose: str


@dataclass(frozen=True)
class Progress:
    """How far the counting is."""

    share: int
    """Per cent of the events from before counting began."""
    counted_at: int | None
    """When all attributes had last been counted."""


def list_rows(workspace_id: int, *, kind: str, category: str, name: str) -> list[Row]:
    """The items that fit, the sensitive ones and then the commonest first."""
    asked = name.strip().casefold()
    rows = [
        row
        for row in describe(workspace_id, read_inventory(workspace_id))
        if (not kind or row.item.kind == kind) and (not category or row.item.category == category) and asked in row.item.title.casefold()
    ]
    return sorted(rows, key=lambda row: (not row.is_sensitive, -row.item.count, row.item.title))


def describe(workspace_id: int, items: Iterable[Item]) -> list[Row]:
    """Items with the names of their purposes and categories."""
    catalog = load_catalog(workspace_id)
    return [
        Row(
            item=item,
            category=short_category(item.category),
            is_sensitive=item.category in SENSITIVE,
            purpose=rule.name if (rule := catalog.rule(item.purpose)) else item.purpose,
        )
        for item in items
    ]


def short_category(key: str) -> str:
    """A category in a word or two."""
    return str(CATEGORIES.get(key, key)).partition(":")[0].partition(",")[0]


def read_row(workspace_id: int, kind: str, event: str, name: str) -> Row:
    """One item. Raises Http404."""
    item = find_item(workspace_id, kind, event, name)
    if item is None:
        raise Http404
    return describe(workspace_id, [item])[0]


def read_progress() -> Progress:
    """How far the counting of this installation is."""
    position = read_position()
    return Progress(position.bucket * 100 // BUCKETS, position.counted_at or None)


def address_of(workspace_id: int, use: Use) -> str:
    """The page of what uses an item."""
    return f"/console/{workspace_id}/{USERS[use.by]}/{use.id}"


def list_tabs(workspace_id: int, here: str) -> list[tuple[str, str, bool]]:
    """The views of the room."""
    views = (
        ("inventory", _("What is stored"), "console-inventory"),
        ("unused", _("Not used"), "console-inventory-unused"),
        ("drift", _("Not declared"), "console-inventory-drift"),
    )
    return [(text, reverse(name, args=[workspace_id]), key == here) for key, text, name in views]
