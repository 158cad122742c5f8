"""What templates can name, told from what is known: attributes that people have, and properties of events that were seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db import connection

from troth.consent.catalog import load_catalog
from troth.kernel.json_text import decode
from troth.people.models import Person

LOOKED_AT = 200
"""People, the newest first, and events of one name, that are looked at."""
MOST = 60


def list_attributes(workspace_id: int) -> list[str]:
    """Names of attributes: those assigned to a purpose, and those of the newest people, the most frequent first."""
    found: Counter[str] = Counter(dict.fromkeys(load_catalog(workspace_id).attributes, 1))
    newest = Person.objects.filter(workspace_id=workspace_id).order_by("-created_at", "-bucket", "-person_id")
    attributes: Mapping[str, Any]
    for attributes in newest.values_list("attributes", flat=True)[:LOOKED_AT]:
        found.update(attributes.keys())
    return [name for name, _ in found.most_common(MOST) if name.isidentifier()]


def list_properties(workspace_id: int, event: str) -> list[str]:
    """Names of properties that some events of a (folded) name had. Reads the index on names, over all buckets."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT properties FROM people_event WHERE workspace_id = %s AND name = %s LIMIT %s", [workspace_id, event, LOOKED_AT]
        )
        rows = cursor.fetchall()
    found: Counter[str] = Counter()
    for (properties,) in rows:
        found.update((decode(properties) if isinstance(properties, str | bytes) else properties).keys())
    return [name for name, _ in found.most_common(MOST) if name.isidentifier()]
