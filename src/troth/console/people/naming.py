"""How a person is called: by the first identifier they have, in the order in which people recognise each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from troth.people.identifiers import Handle
from troth.people.queries import load_identifiers

SHOWN_BY = ("email", "external_id", "phone", "anonymous_id")


def name_of(person_id: int, handles: Iterable[Handle]) -> str:
    """The name of one person."""
    by_kind = {handle.kind: handle.value for handle in handles}
    return next((by_kind[kind] for kind in SHOWN_BY if kind in by_kind), str(person_id))


def names_of(person_ids: Iterable[int]) -> Mapping[int, str]:
    """The names of many, in one read."""
    wanted = set(person_ids)
    found = load_identifiers(wanted) if wanted else {}
    return {person_id: name_of(person_id, found.get(person_id, [])) for person_id in wanted}
