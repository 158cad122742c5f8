"""How many persons something concerns: counted where they are few, estimated from a sample of buckets where they are many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from troth.kernel.ids import BUCKETS

FEW_PEOPLE = 5_000
"""Up to so many persons are asked about one by one; of more, those in a sample of buckets."""
SAMPLE = 32


@dataclass(frozen=True)
class Reach:
    """A number of persons; not `exact`: estimated."""

    number: int
    exact: bool


def count_people(workspace_id: int, where: str, values: Sequence[Any]) -> Reach:
    """The persons of a workspace whom a condition on `p` (`people_person`) holds for; as SQL of our own, with its values."""
    asked, own, factor = choose_people(workspace_id)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM people_person p WHERE {asked} AND {where}", [*own, *values])
        return Reach(int(cursor.fetchone()[0]) * factor, exact=factor == 1)


def choose_people(workspace_id: int) -> tuple[str, list[Any], int]:
    """Whom to ask, as a condition on `p` (`people_person`) with its values, and by how much to multiply what they say: 1 when they are all."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM (SELECT 1 FROM people_person WHERE workspace_id = %s LIMIT %s) AS counted", [workspace_id, FEW_PEOPLE + 1]
        )
        if cursor.fetchone()[0] <= FEW_PEOPLE:
            return "p.workspace_id = %s", [workspace_id], 1
    buckets = range(0, BUCKETS, BUCKETS // SAMPLE)
    # The sign before the workspace keeps planners on the key instead of the index of all its persons.
    return f"p.bucket IN ({','.join(['%s'] * SAMPLE)}) AND +p.workspace_id = %s", [*buckets, workspace_id], BUCKETS // SAMPLE
