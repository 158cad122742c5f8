"""Through which doors an attribute or event came in, told from a bounded look at what is stored (Art. 15(1)(g) GDPR)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection

from troth.people.models import Person

LOOKED_AT = 500
"""People, the newest first, and events of one name, that are looked at."""


def find_doors_of_attribute(workspace_id: int, name: str) -> dict[str, int]:
    """The doors by which the newest people got an attribute, each with the first time seen there, in milliseconds."""
    newest = Person.objects.filter(workspace_id=workspace_id).order_by("-created_at", "-bucket", "-person_id")
    found: dict[str, int] = {}
    origins: Mapping[str, Any]
    for origins in newest.values_list("origins", flat=True)[:LOOKED_AT]:
        if name in origins:
            door, at = origins[name]
            found[door] = min(at, found.get(door, at))
    return found


def find_doors_of_event(workspace_id: int, name: str) -> dict[str, int]:
    """The doors by which some of the events of a (folded) name came in, each with the first time seen there, in milliseconds.

    Reads the index on names, over all buckets.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT source, MIN(received_at) FROM (SELECT source, received_at FROM people_event WHERE workspace_id = %s AND name = %s LIMIT %s)"
            " AS looked_at GROUP BY source",
            [workspace_id, name, LOOKED_AT],
        )
        return dict(cursor.fetchall())
