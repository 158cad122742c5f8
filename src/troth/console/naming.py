"""How a person is called: by the first identifier they have, in the order in which people recognise each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from troth.people.identifiers import Handle
from troth.people.queries import find_active, load_identifiers

SHOWN_BY = ("email", "external_id", "phone", "anonymous_id")


def name_of(person_id: int, handles: Iterable[Handle]) -> str:
    """The name of one person."""
    by_kind = {handle.kind: handle.value for handle in handles}
    return next((by_kind[kind] for kind in SHOWN_BY if kind in by_kind), str(person_id))


def names_of(workspace_id: int, person_ids: Iterable[int]) -> Mapping[int, str]:
    """The names of those who are there, in two reads; whoever is gone, or of another workspace, is left out."""
    active = find_active({person_id for person_id in person_ids if person_id})
    there = [person_id for person_id, owner in active.items() if owner == workspace_id]
    found = load_identifiers(there) if there else {}
    return {person_id: name_of(person_id, found.get(person_id, [])) for person_id in there}
