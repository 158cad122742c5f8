"""What changed about people, noted in the transaction that changed it, and only where a live segment reads it; the worker evaluates from these marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from troth.kernel.ids import bucket_of, new_row_ids
from troth.kernel.sql import insert_rows
from troth.segments.live import EVERYTHING_CHANGED, load_live

INSERT_MARK = "INSERT INTO segments_mark (bucket, mark_id, person_id, workspace_id, what)"
ANYTHING = EVERYTHING_CHANGED
"""Of a new or merged person: all segments look."""


class Changed(NamedTuple):
    """That something about a person changed."""

    workspace_id: int
    person_id: int
    what: str
    """`event:bought` (folded), `attribute:plan`, `tags`, `consent:news`, `message:…`, or ANYTHING."""


def mark(changes: Iterable[Changed]) -> int:
    """Note changes for the worker, inside the caller's transaction; those that no live segment reads are left out. Returns how many were noted."""
    wanted = [change for change in dict.fromkeys(changes) if is_read(change.workspace_id, change.what)]
    if wanted:
        ids = new_row_ids(len(wanted))
        rows = [(bucket_of(c.person_id), mark_id, c.person_id, c.workspace_id, c.what) for c, mark_id in zip(wanted, ids, strict=True)]
        insert_rows(INSERT_MARK, rows)
    return len(wanted)


def is_read(workspace_id: int, what: str) -> bool:
    """Whether a live segment of the workspace reads this; known from memory, at most a second old."""
    held = load_live(workspace_id)
    if not held.segments:
        return False
    return what in held.wakes or what == ANYTHING or what.startswith("consent:")


def find_changed_attributes(workspace_id: int, person_id: int, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Changed]:
    """The attributes that a live segment reads and whose value is another than before."""
    wakes = load_live(workspace_id).wakes
    if not wakes:
        return []
    names = [name for name in {**before, **after} if f"attribute:{name}" in wakes]
    return [Changed(workspace_id, person_id, f"attribute:{name}") for name in names if before.get(name) != after.get(name)]
