"""What the commands about segments share: finding one by id or name, and telling why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser

from troth.segments.evaluate import Explained
from troth.segments.models import Segment
from troth.segments.registry import list_segments
from troth.workspaces.registry import WorkspaceNotFound, find_workspace


def find_workspace_id(named: str) -> int:
    """The workspace of an id or name. Raises CommandError."""
    try:
        return int(find_workspace(named).pk)
    except WorkspaceNotFound as error:
        raise CommandError(str(error)) from None


def find_segment(workspace_id: int, named: str) -> Segment:
    """The live segment of an id or a name. Raises CommandError."""
    found = [row for row in list_segments(workspace_id) if named in (str(row.pk), row.name)]
    if not found:
        raise CommandError("There is no such segment in this workspace: `troth segment list WS` lists them.")
    return found[0]


def add_segment(parser: CommandParser) -> None:
    """WS and SEGMENT."""
    parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
    parser.add_argument("segment", metavar="SEGMENT", help="id or name of a segment")


def find_named(options: dict[str, Any]) -> Segment:
    """The live segment that was named. Raises CommandError."""
    return find_segment(find_workspace_id(options["workspace"]), options["segment"])


def tell(found: Explained, depth: int = 0) -> Iterator[str]:
    """An explanation as lines for a terminal."""
    evidence = f"  ({'; '.join(found.evidence)})" if found.evidence else ""
    yield f"{'  ' * depth}{'yes' if found.holds else 'no '} {found.says}{evidence}"
    for part in found.parts:
        yield from tell(part, depth + 1)
