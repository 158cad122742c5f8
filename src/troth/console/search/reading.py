"""What a text finds in a workspace; each kind at most a handful. Values in, values out; no HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from troth.campaigns.models import Campaign
from troth.console.shell import NAVIGATION, Place
from troth.people.identifiers import DEVICE, Handle
from troth.people.lookup import search_people
from troth.people.queries import load_identifiers
from troth.workspaces.roles import Permission

SHOWN = 8
LONGEST_HINT = 120
SHORTEST = 2
"""Characters; one would find half of everybody."""


@dataclass(frozen=True)
class Hit:
    """Something found: where it leads below the workspace, and what tells it from others."""

    label: str
    path: str
    icon: str
    hint: str = ""
    person_id: int = 0
    """Of somebody who was found."""


def find_people(workspace_id: int, text: str) -> list[Hit]:
    """People who have an identifier that is, or begins with, the text."""
    hits = search_people(workspace_id, text, SHOWN) if len(text) >= SHORTEST else []
    held = load_identifiers([subject.person_id for subject, _kind, _value in hits])
    return [
        Hit(value, f"people/{subject.person_id}", "user-round", _others(held.get(subject.person_id, []), value), subject.person_id)
        for subject, _kind, value in hits
    ]


def _others(handles: Iterable[Handle], value: str) -> str:
    return ", ".join(handle.value for handle in handles if handle.kind != DEVICE and handle.value != value)[:LONGEST_HINT]


def find_campaigns(workspace_id: int, text: str) -> list[Hit]:
    """Campaigns whose name, or whose trigger, contains the text."""
    if not text:
        return []
    rows = Campaign.objects.filter(workspace_id=workspace_id).order_by("-pk")
    found = (rows.filter(name__icontains=text) | rows.filter(trigger_event__icontains=text))[:SHOWN]
    return [Hit(row.name, f"campaigns/{row.pk}", "megaphone", row.trigger_event) for row in found]


def find_pages(text: str, may: frozenset[Permission], further: Sequence[Place]) -> list[Hit]:
    """Rooms and pages whose name contains the text; all of them for no text."""
    return [
        Hit(str(place.label), place.path, place.icon)
        for place in (*NAVIGATION, *further)
        if place.permission in may and text.casefold() in str(place.label).casefold()
    ]
