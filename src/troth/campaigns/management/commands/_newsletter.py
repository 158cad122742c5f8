"""What the commands on newsletters share."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from troth.campaigns.models import Newsletter
from troth.campaigns.newsletters.freshness import find_wait
from troth.kernel.clock import iso, now_ms
from troth.workspaces.registry import find_workspace


def add_newsletter(parser: CommandParser) -> None:
    """WS and NEWSLETTER."""
    parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
    parser.add_argument("newsletter", metavar="NEWSLETTER", type=int, help="its number, see `troth newsletter list`")


def find_newsletter(options: dict[str, Any]) -> Newsletter:
    """The newsletter that was named. Raises CommandError."""
    workspace = find_workspace(options["workspace"])
    found = Newsletter.objects.filter(workspace_id=workspace.pk, pk=options["newsletter"]).first()
    if found is None:
        raise CommandError("There is no such newsletter in this workspace: `troth newsletter list WS` lists them.")
    return found


def describe(row: Newsletter) -> dict[str, Any]:
    """One, as values."""
    wait = find_wait(row, now_ms())
    return {
        "id": row.pk,
        "name": row.name,
        "state": row.state,
        "purpose": row.purpose,
        "next_at": iso(row.next_at) if row.next_at else None,
        "waits_for": str(wait) if wait else "",
        "trouble": row.trouble,
    }
