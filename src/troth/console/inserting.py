"""What can be put into a template while one writes it: the names that the data inventory knows, and no value."""

from __future__ import annotations

from collections.abc import Iterator

from troth.console.access import MemberRequest
from troth.content.variables import list_attributes, list_properties
from troth.people.event_names import fold_event_name
from troth.privacy.inventory.counting import ATTRIBUTE, PROPERTY
from troth.privacy.inventory.reading import read_inventory
from troth.workspaces.roles import Permission

GIVEN = ("person.id", "person.email", "unsubscribe_url")
OF_EVENT = ("event.name", "event.at")
MOST = 120


def list_variables(request: MemberRequest, event: str | None) -> list[str]:
    """Names for Liquid, with the properties of an event (empty: of whichever; None: nothing happened); of data only for who may see people."""
    given = GIVEN if event is None else (*GIVEN, *OF_EVENT)
    if Permission.SEE_PEOPLE not in request.may:
        return list(given)
    found = _find(request.workspace.pk, fold_event_name(event) if event else "")
    return list(dict.fromkeys([*given, *(name for name in found if all(part.isidentifier() for part in name.split(".")))]))[:MOST]


def _find(workspace_id: int, event: str) -> Iterator[str]:
    """The inventory counts what was stored a moment ago; what came in since is looked at besides."""
    items = read_inventory(workspace_id, with_uses=False)
    yield from (f"event.properties.{item.name}" for item in items if event and (item.kind, item.event) == (PROPERTY, event))
    yield from (f"event.properties.{name}" for name in (list_properties(workspace_id, event) if event else ()))
    yield from (f"person.{item.name}" for item in items if item.kind == ATTRIBUTE)
    yield from (f"person.{name}" for name in list_attributes(workspace_id))
